// What happens, as it happens. Nothing is left out in silence: what the server or this page skipped stands as a line of its own.

import { query } from "../api.js";
import { announce, busy, failure, field, h, show } from "../dom.js";
import { clockTime, words } from "../format.js";
import { watch } from "../live.js";

const kinds = [
  ["", "Everything"], ["radius.access", "Logins decided"], ["radius.refused", "Packets refused"], ["radius.*", "All of RADIUS"],
  ["session.*", "Sessions"], ["ipam.*", "Addresses"], ["directory.*", "Changes"], ["usage.*", "Usage"],
];
const filters = ["type", "user", "nas", "service", "customer", "tenant"];
/** Lines that stay, and events that are drawn at once; a browser that is shown more shows nothing. */
const keep = 500;
const perFrame = 100;

export async function tailView(main, { query: asked, signal }) {
  const list = h("ol", { class: "events", "aria-label": "Events, newest first" });
  const place = h("div", {}, busy("Connecting"));
  const pauseButton = h("button", { type: "button", "aria-pressed": "false" }, "Pause");
  const stateText = h("span", { class: "quiet", role: "status" }, "Connecting");
  const tail = new Tail(list, pauseButton, asked);
  pauseButton.addEventListener("click", () => tail.toggle());
  show(main,
    h("h1", {}, "Live tail"),
    filterForm(asked),
    h("div", { class: "tail-state" }, pauseButton,
      h("button", { type: "button", on: { click: () => tail.clear() } }, "Clear"),
      h("button", { type: "button", on: { click: () => tail.share() } }, "Copy a link to here"), stateText),
    h("section", { class: "panel", "aria-label": "Events" }, place));

  const state = (name, detail) => {
    if (name === "connecting") stateText.textContent = "Connecting";
    if (name === "open") {
      stateText.textContent = "Live";
      show(place, list);
      list.before(tail.hint);
    }
    if (name === "waiting") stateText.textContent = `No connection; trying again in ${Math.ceil(detail)} s`;
    if (name === "failed") {
      stateText.textContent = "Stopped";
      show(place, failure(detail, () => window.dispatchEvent(new HashChangeEvent("hashchange"))));
    }
  };
  const wanted = query(Object.fromEntries(filters.map((name) => [name, asked.getAll(name)])));
  if (asked.has("from")) wanted.set("from", asked.get("from")); else wanted.set("last", "100");
  signal.addEventListener("abort", () => tail.end());
  watch(wanted, { event: (message) => tail.take(message), state, signal });
}

function filterForm(asked) {
  const type = h("select", { id: "type" }, ...kinds.map(([value, text]) =>
    h("option", { value, selected: value === (asked.get("type") ?? "") }, text)));
  const user = h("input", { id: "user", type: "search", value: asked.get("user") ?? "", autocomplete: "off", maxlength: "253" });
  const nas = h("input", { id: "nas", type: "search", value: asked.get("nas") ?? "", autocomplete: "off", maxlength: "253" });
  const submit = (event) => {
    event.preventDefault();
    location.hash = `#/tail?${query({
      type: type.value, user: user.value.trim(), nas: nas.value.trim(),
      ...Object.fromEntries(filters.slice(3).map((name) => [name, asked.getAll(name)])),
    })}`;
  };
  return h("form", { class: "panel controls", on: { submit } }, field("Events", type), field("User name", user),
    field("NAS", nas), h("button", { class: "primary", type: "submit" }, "Filter"));
}

/** The lines on the page, and those that wait for it. */
class Tail {
  constructor(list, button, asked) {
    Object.assign(this, { list, button, asked, waiting: [], isPaused: false, frame: 0, skipped: 0, sequence: null });
    this.hint = h("p", { class: "quiet small" }, "Newest first. Open a line for all of the event.");
  }

  take(message) {
    if (message.id !== null) this.sequence = message.id;
    if (message.name === "ready" || message.name === "position") return;
    this.waiting.push(message);
    // While paused everything is kept, up to what a page can hold; the rest is counted.
    const most = this.isPaused ? 5000 : keep;
    if (this.waiting.length > most) {
      this.skipped += this.waiting.length - most;
      this.waiting.splice(0, this.waiting.length - most);
    }
    if (this.isPaused) this.label(); else this.schedule();
  }

  schedule() {
    // A hidden page draws no frames: it catches up when it is looked at.
    this.frame ||= requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  draw() {
    if (this.skipped > 0) {
      this.list.prepend(gap(`${this.skipped} events were not drawn: they came faster than this page shows them.`));
      this.skipped = 0;
    }
    for (const message of this.waiting.splice(0, perFrame)) this.list.prepend(line(message));
    while (this.list.children.length > keep) this.list.lastChild.remove();
    if (this.waiting.length > 0) this.schedule();
  }

  toggle() {
    this.isPaused = !this.isPaused;
    this.button.setAttribute("aria-pressed", String(this.isPaused));
    this.label();
    announce(this.isPaused ? "Paused" : "Live again");
    if (!this.isPaused) this.schedule();
  }

  label() {
    this.button.textContent = this.isPaused ? `Resume (${this.waiting.length + this.skipped} waiting)` : "Pause";
  }

  clear() { show(this.list); }

  /** A link that begins where this tail stands. */
  async share() {
    const place = new URLSearchParams(this.asked);
    if (this.sequence !== null) place.set("from", this.sequence);
    const link = `${location.origin}${location.pathname}#/tail?${place}`;
    try {
      await navigator.clipboard.writeText(link);
      announce("Copied");
    } catch {
      this.hint.textContent = link;
    }
  }

  end() { cancelAnimationFrame(this.frame); }
}

function gap(text) { return h("li", { class: "gap" }, text); }

const gaps = {
  removed: "The stream has not kept these events",
  slow: "These events came faster than this connection took them",
  rewound: "The stream of events was made anew",
  ahead: "The stream has not come so far as the link says",
};

function line({ id, name, data }) {
  if (name === "skipped" || name === "gap") {
    return gap(`${gaps[data.reason] ?? words(data.reason)}: ${data.from} to ${data.through}.`);
  }
  if (name === "end") return gap(`The server ended the tail: ${words(data.reason)}.`);
  const event = data.data ?? {};
  return h("li", { "data-sequence": id, "data-kind": name }, h("details", {},
    h("summary", {},
      h("span", { class: "mono" }, clockTime(data.time)), h("span", { class: "kind" }, name),
      h("span", {}, event.nasName ?? ""), h("span", {}, event.username ?? ""), h("span", { class: "rest quiet" }, rest(event))),
    details(id, event, data)));
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

function details(id, event, envelope) {
  const links = [
    event.username && ["Only this user", { user: event.username }], event.nasId && ["Only this NAS", { nas: event.nasId }],
    event.serviceId && ["Only this service", { service: event.serviceId }],
  ].filter(Boolean).map(([text, filter]) => h("a", { href: `#/tail?${query(filter)}` }, text));
  const subscriber = event.customerId ? `subscriber/${event.customerId}` : event.serviceId && `service/${event.serviceId}`;
  if (subscriber) links.push(h("a", { href: `#/${subscriber}` }, "The subscriber"));
  return h("div", {}, h("pre", { tabindex: "0", "aria-label": `Event ${id}` }, JSON.stringify(envelope, null, 2)),
    h("p", { class: "small" }, ...links.flatMap((link) => [link, " · "]).slice(0, -1)));
}
