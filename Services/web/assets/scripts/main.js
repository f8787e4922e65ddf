// The frame: who is signed in, where one is, and which view shows it. Places are `#/name/argument?query`.

import { one, session, signOut, start, whenSignedOut } from "./api.js";
import { announce, failure, h, show } from "./dom.js";
import { signInView } from "./views/sign-in.js";
import { searchView } from "./views/search.js";
import { subscriberView } from "./views/subscriber.js";
import { sessionsView } from "./views/sessions.js";
import { enforcementsView } from "./views/enforcements.js";
import { noticesView } from "./views/notices.js";
import { nasesView } from "./views/nases.js";
import { devicesView } from "./views/devices.js";
import { webhooksView } from "./views/webhooks.js";
import { tailView } from "./views/tail.js";
import { ledgerView } from "./views/ledger.js";
import { accountView } from "./views/account.js";
import { messagesView } from "./views/messages.js";
import { wordsView } from "./views/words.js";
import { unreadBell } from "./unread.js";
import { forgotView } from "./views/forgot.js";
import { linkView, takeToken, titleOfLink } from "./views/link.js";

const main = document.getElementById("main");
const bar = document.getElementById("bar");

const places = [
  { name: "subscribers", title: "Subscribers", view: searchView },
  { name: "sessions", title: "Online sessions", view: sessionsView },
  { name: "enforcements", title: "Enforcements", view: enforcementsView, permission: "sessions.read" },
  { name: "nases", title: "NASes", view: nasesView, permission: "nas.read" },
  { name: "devices", title: "Devices", view: devicesView, permission: "devices.read" },
  { name: "webhooks", title: "Webhooks", view: webhooksView, permission: "webhooks.read" },
  { name: "notices", title: "Delivery log", view: noticesView, permission: "notices.read" },
  { name: "words", title: "What is told", view: wordsView, permission: "notices.read" },
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
  takeToken();
  const at = place();
  if (at.name === "link" || at.name === "forgot") return toOpen(at);
  if (!session.user) {
    show(bar);
    document.title = "Sign in - Nexora";
    signInView(main, () => go());
    return;
  }
  if (at.name === "service") return toSubscriber(at.argument, signal);
  const known = places.find((known) => known.name === at.name);
  const [title, view] = at.name === "subscriber" ? ["Subscriber", subscriberView]
    : at.name === "account" ? ["My account", accountView]
    : at.name === "messages" ? ["Messages", messagesView]
    : known ? [known.title, known.view] : [places[0].title, places[0].view];
  document.title = `${title} - Nexora`;
  drawBar(at.name === "subscriber" ? "subscribers" : ["account", "messages"].includes(at.name) ? "" : known?.name ?? places[0].name);
  try {
    await view(main, { ...at, signal });
  } catch (error) {
    if (!signal.aborted) show(main, h("h1", {}, title), failure(error, go));
  }
}

/** Places that ask nobody to be signed in. */
function toOpen(at) {
  show(bar);
  const title = at.name === "link" ? titleOfLink(at.argument) : "Forgot your password?";
  document.title = `${title} - Nexora`;
  if (at.name === "link") linkView(main, at.argument);
  else forgotView(main);
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
    h("div", { class: "whoami" }, unreadBell(),
      h("a", { class: "quiet small", href: "#/account" },
        h("span", { class: "visually-hidden" }, "My account: "), session.user.email ?? session.user.name ?? ""),
      h("button", { type: "button", on: { click: signOut } }, "Sign out")));
}

window.addEventListener("hashchange", async () => {
  await go();
  // Whoever cannot see the page learns that it is another one; a form of who is not signed in has put the focus where it belongs.
  if (!main.querySelector(".sign-in")?.contains(document.activeElement)) main.focus({ preventScroll: true });
  window.scrollTo(0, 0);
});
whenSignedOut((reason) => {
  go();
  announce(reason);
});
// Before anybody is asked anything: a link's token does not stay in the address bar.
takeToken();
start().finally(go);
