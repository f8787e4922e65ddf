// NASes: whether they are left alone because they did not answer, and what they taught about themselves.

import { call, one, query, session as signedIn, wishKey } from "../api.js";
import { busy, empty, failure, field, h, show } from "../dom.js";
import { ago, time, words } from "../format.js";
import { pages } from "../paging.js";

const tones = { closed: "good", open: "bad", half_open: "warn" };
const meanings = {
  closed: "Requests go out.", open: "It did not answer, and is left alone for a while.", half_open: "One request tries whether it is back.",
};

export async function nasesView(main, { query: asked, signal }) {
  const text = h("input", { type: "search", id: "words", value: asked.get("q") ?? "", autocomplete: "off", maxlength: "100" });
  const place = h("div");
  const submit = (event) => {
    event.preventDefault();
    location.hash = `#/nases?${query({ q: text.value.trim() })}`;
  };
  show(main,
    h("h1", {}, "NASes"),
    h("form", { class: "panel controls", on: { submit } }, field("Name, identifier or address", text),
      h("button", { class: "primary", type: "submit" }, "Show")),
    place);
  await pages(place, {
    path: "/api/v1/nas",
    parameters: { q: asked.get("q") ?? "", sort: "name", limit: 50 },
    reading: "Reading NASes",
    none: asked.size > 0 ? "No NAS fits." : "There are no NASes yet.",
    table: (rows, total) => h("div", { class: "panel scroll" }, h("table", { class: "cards" },
      h("caption", {}, total === null ? "By name" : `${total} NASes, by name`),
      h("thead", {}, h("tr", {}, ...["Name", "Address", "Vendor", "CoA port", "Requests to live sessions"].map((name) =>
        h("th", { scope: "col" }, name)))), rows)),
    row: (nas) => row(nas, signal),
    signal,
  });
}

function row(nas, signal) {
  const place = h("div", { "aria-live": "polite" });
  const open = () => standing(place, nas, signal);
  show(place, h("button", { type: "button", class: "plain", "aria-label": `Show how requests to ${nas.name} stand`, on: { click: open } }, "Show…"));
  return h("tr", {},
    h("th", { scope: "row" }, nas.name),
    h("td", { "data-label": "Address" }, h("code", {}, nas.address)),
    h("td", { "data-label": "Vendor" }, words(nas.vendor)),
    h("td", { "data-label": "CoA port" }, `${nas.coa_port}`),
    h("td", { "data-label": "Requests to live sessions" }, place));
}

/** The breaker and the lessons, each for itself: one may be known where the other cannot be asked. */
function standing(place, nas, signal) {
  const [breaker, lessons] = [h("div"), h("div")];
  show(place, breaker, lessons, h("p", {}, h("a", { href: `#/enforcements?${query({ nas: nas.id })}` }, "What it was asked")));
  const path = `/api/v1/nas/${nas.id}`;
  fill(breaker, () => one(`${path}/breaker`, signal), (found, again) => breakerParts(found, nas, path, again, signal), signal);
  fill(lessons, () => one(`${path}/capabilities`, signal), (found, again) => lessonParts(found, nas, path, again, signal), signal);
}

async function fill(place, read, parts, signal) {
  show(place, busy("Asking"));
  try {
    const found = await read();
    if (!signal.aborted) show(place, ...parts(found, () => fill(place, read, parts, signal)));
  } catch (error) {
    if (!signal.aborted) show(place, error.status === 403 ? empty("You may not see this.") : failure(error, () => fill(place, read, parts, signal)));
  }
}

function breakerParts(found, nas, path, again, signal) {
  const counts = found.outstanding === null ? null : `${found.outstanding} under way, ${found.waiting} wait.`;
  return [
    h("p", {}, h("span", { class: `mark ${tones[found.state] ?? "warn"}` }, words(found.state)), " ",
      found.endpoint === null ? "Its row is a range of addresses: each of its NASes has a breaker of its own, and none is shown here." : meanings[found.state]),
    h("p", { class: "quiet small" }, [found.failures > 0 && `${found.failures} without an answer in a row.`, counts,
      found.is_shared && "Another's NAS has the same address and port."].filter(Boolean).join(" "),
      found.opens_until && [" Tried again ", time(found.opens_until), "."]),
    found.state !== "closed" && !found.is_shared && act("Try it now", `Try it now: ${nas.name}`, again, signal, () =>
      call(`${path}/breaker/reset`, { method: "POST", signal, headers: { "idempotency-key": wishKey() } })),
    ...brakeParts(found, nas, path, again, signal),
  ];
}

/** What is held back since too many sessions were to end at once. */
function brakeParts(found, nas, path, again, signal) {
  if (found.brake === "released") {
    return [h("p", { class: "quiet small" }, "Sessions that were held back were let go; nothing is held back until ", time(found.released_until), ".")];
  }
  if (found.brake !== "holding") return [];
  return [
    h("p", {}, h("span", { class: "mark bad" }, "Brake"), ` ${found.held_back} sessions are not ended: too many were to end at once, since `,
      time(found.holds_since), ". See first why: a plan, a quota or an expiry that is wrong would throw everybody out."),
    act("Let them go", `Let the sessions of ${nas.name} go`, again, signal, () =>
      call(`${path}/brake/release`, { method: "POST", signal, headers: { "idempotency-key": wishKey() } })),
  ];
}

function lessonParts(found, nas, path, again, signal) {
  if (found.lessons.length === 0) return [h("p", { class: "quiet small" }, "It taught nothing yet.")];
  return [
    h("ul", { class: "observed" }, ...found.lessons.map((lesson) => h("li", {}, lesson.summary,
      h("span", { class: "source" }, `Learned ${ago(lesson.learned_at)}`)))),
    act("Forget", `Forget what ${nas.name} taught`, again, signal, () => call(`${path}/capabilities`, { method: "DELETE", signal })),
  ];
}

/** A button for who may change NASes. */
function act(text, label, again, signal, body) {
  if (!signedIn.user?.permissions?.includes("nas.update")) return null;
  const place = h("div", { class: "acts" });
  const run = async () => {
    show(place, busy("Asking"));
    try {
      await body();
      if (!signal.aborted) again();
    } catch (error) {
      if (!signal.aborted) show(place, failure(error, run));
    }
  };
  show(place, h("button", { type: "button", "aria-label": label, on: { click: run } }, text));
  return place;
}
