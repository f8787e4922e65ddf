// The lines of the tail: an event, several that repeat themselves, or a word about what is missing.

import { query } from "../api.js";
import { h, show } from "../dom.js";
import { clockTime, duration, words } from "../format.js";

const gaps = {
  removed: "The stream has not kept these events",
  slow: "These events came faster than this connection took them",
  rewound: "The stream of events was made anew",
  ahead: "The stream has not come so far as the link says",
};

/** A notice of the server, a silence that was shortened or a word of the page, as a line. */
export function notice({ name, data }) {
  if (name === "note") return gap(data.text);
  if (name === "silence") return gap(`Nothing happened for ${duration(data.milliseconds / 1000)}: shortened.`);
  if (name === "end") return gap(`The server ended the tail: ${words(data.reason)}.`);
  return gap(`${gaps[data.reason] ?? words(data.reason)}: ${data.from} to ${data.through}.`);
}

function gap(text) { return h("li", { class: "gap" }, text); }

/** A line of a fold. */
export function line(fold) {
  const item = h("li", {}, h("details", {}, h("summary"), h("div")));
  // What is in a line is made when somebody opens it.
  item.firstChild.addEventListener("toggle", () => fill(item, fold));
  refresh(item, fold);
  return item;
}

/** Shows what a fold is by now. */
export function refresh(item, fold) {
  const { id, name, data } = fold.newest;
  const event = data.data ?? {};
  Object.assign(item.dataset, { sequence: id, kind: name, count: fold.count });
  show(item.firstChild.firstChild,
    h("span", { class: "mono" }, clockTime(data.time)),
    h("span", { class: "kind" }, name, fold.count > 1 && [" ", h("span", { class: "mark" }, `×${fold.count.toLocaleString("en")}`)]),
    h("span", {}, event.nasName ?? ""), h("span", {}, event.username ?? ""), h("span", { class: "rest quiet" }, rest(event)));
  // Nothing is taken from under somebody's fingers.
  if (!item.firstChild.lastChild.contains(document.activeElement)) fill(item, fold);
}

function fill(item, fold) {
  if (!item.firstChild.open) return;
  const [newest, ...before] = fold.messages;
  const more = fold.count - fold.messages.length;
  show(item.firstChild.lastChild, details(newest),
    before.length > 0 && h("p", { class: "small" }, "The same before:"),
    before.length > 0 && h("ol", { class: "repeats" }, ...before.map((message) => h("li", { "data-sequence": message.id }, h("details", {},
      h("summary", {}, h("span", { class: "mono" }, clockTime(message.data.time)), h("span", { class: "rest quiet" }, rest(message.data.data))),
      json(message))))),
    more > 0 && h("p", { class: "small" }, `And ${more.toLocaleString("en")} before these, which this page has not kept.`));
}

/** What is left of an event once its columns are shown: short values, enums without their prefix. */
function rest(event) {
  const known = new Set(["username", "nasName", "nasId"]);
  return Object.entries(event)
    .filter(([name, value]) => !known.has(name) && !name.endsWith("Id") && value !== "" && value !== null)
    .map(([name, value]) => `${name}=${Array.isArray(value) ? `[${value.length}]` : short(value)}`)
    .join(" ");
}

function short(value) {
  return String(value).replace(/^(OUTCOME|SESSION_END|PHASE|COUNTER_SUSPICION|DISCONNECT_REASON)_/, "").toLowerCase();
}

function json({ id, data }) {
  return h("pre", { tabindex: "0", "aria-label": `Event ${id}` }, JSON.stringify(data, null, 2));
}

function details(message) {
  const event = message.data.data ?? {};
  const links = [
    event.username && ["Only this user", { user: event.username }], event.nasId && ["Only this NAS", { nas: event.nasId }],
    event.serviceId && ["Only this service", { service: event.serviceId }], ["Replay from here", { since: message.data.time }],
  ].filter(Boolean).map(([text, place]) => h("a", { href: `#/tail?${query(place)}` }, text));
  const subscriber = event.customerId ? `subscriber/${event.customerId}` : event.serviceId && `service/${event.serviceId}`;
  if (subscriber) links.push(h("a", { href: `#/${subscriber}` }, "The subscriber"));
  return h("div", {}, json(message), h("p", { class: "small" }, ...links.flatMap((link) => [link, " · "]).slice(0, -1)));
}
