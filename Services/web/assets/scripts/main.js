// The frame: who is signed in, where one is, and which view shows it. Places are `#/name/argument?query`.

import { one, session, signOut, start, whenSignedOut } from "./api.js";
import { announce, failure, h, show } from "./dom.js";
import { signInView } from "./views/sign-in.js";
import { searchView } from "./views/search.js";
import { subscriberView } from "./views/subscriber.js";
import { sessionsView } from "./views/sessions.js";
import { enforcementsView } from "./views/enforcements.js";
import { nasesView } from "./views/nases.js";
import { devicesView } from "./views/devices.js";
import { tailView } from "./views/tail.js";
import { ledgerView } from "./views/ledger.js";

const main = document.getElementById("main");
const bar = document.getElementById("bar");

const places = [
  { name: "subscribers", title: "Subscribers", view: searchView },
  { name: "sessions", title: "Online sessions", view: sessionsView },
  { name: "enforcements", title: "Enforcements", view: enforcementsView, permission: "sessions.read" },
  { name: "nases", title: "NASes", view: nasesView, permission: "nas.read" },
  { name: "devices", title: "Devices", view: devicesView, permission: "devices.read" },
  { name: "tail", title: "Live tail", view: tailView },
  { name: "ledger", title: "Ledger", view: ledgerView, permission: "billing.read" },
];

/** Ends what the view before had begun. */
let leave = new AbortController();

function place() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name = "", argument = ""] = path.split("/");
  return { name, argument: decodeURIComponent(argument), query: new URLSearchParams(query ?? "") };
}

async function go() {
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  if (!session.user) {
    show(bar);
    document.title = "Sign in - Nexora";
    signInView(main, () => go());
    return;
  }
  const at = place();
  if (at.name === "service") return toSubscriber(at.argument, signal);
  const known = places.find((known) => known.name === at.name);
  const [title, view] = at.name === "subscriber" ? ["Subscriber", subscriberView]
    : known ? [known.title, known.view] : [places[0].title, places[0].view];
  document.title = `${title} - Nexora`;
  drawBar(at.name === "subscriber" ? "subscribers" : known?.name ?? places[0].name);
  try {
    await view(main, { ...at, signal });
  } catch (error) {
    if (!signal.aborted) show(main, h("h1", {}, title), failure(error, go));
  }
}

/** Events name services; the page is the subscriber's. The place in between is not gone back to. */
async function toSubscriber(service, signal) {
  drawBar("subscribers");
  try {
    const { customer_id } = await one(`/api/v1/services/${encodeURIComponent(service)}`, signal);
    if (!signal.aborted) location.replace(`#/subscriber/${customer_id}`);
  } catch (error) {
    if (!signal.aborted) show(main, h("h1", {}, "Subscriber"), failure(error, go));
  }
}

/** Where somebody may go. What he may not see he is not led to. */
function reachable() {
  return places.filter(({ permission }) => !permission || session.user.permissions?.includes(permission));
}

function drawBar(current) {
  show(bar,
    h("a", { class: "brand", href: "#/subscribers" }, h("img", { src: "/assets/mark.svg", alt: "" }), "Nexora"),
    h("nav", { "aria-label": "Main" }, h("ul", {}, ...reachable().map((known) => h("li", {}, h("a", {
      href: `#/${known.name}`, "aria-current": known.name === current && "page",
    }, known.title))))),
    h("div", { class: "whoami" },
      h("span", { class: "quiet small" }, session.user.email ?? session.user.name ?? ""),
      h("button", { type: "button", on: { click: signOut } }, "Sign out")));
}

window.addEventListener("hashchange", async () => {
  await go();
  // Whoever cannot see the page learns that it is another one.
  main.focus({ preventScroll: true });
  window.scrollTo(0, 0);
});
whenSignedOut((reason) => {
  go();
  announce(reason);
});
start().finally(go);
