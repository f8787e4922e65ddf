// What happens, as it happens. Nothing is left out in silence: what the server or this page skipped stands as a line of its own.

import { query } from "../api.js";
import { announce, busy, failure, field, h, show } from "../dom.js";
import { Fold, likeness } from "../folding.js";
import { clockTime } from "../format.js";
import { watch } from "../live.js";
import { isEvent, Replay, speeds } from "../replay.js";
import { line, notice, refresh } from "./tail-lines.js";

const kinds = [
  ["", "Everything"], ["radius.access", "Logins decided"], ["radius.refused", "Packets refused"], ["radius.*", "All of RADIUS"],
  ["session.*", "Sessions"], ["ipam.*", "Addresses"], ["directory.*", "Changes"], ["usage.*", "Usage"],
];
const filters = ["type", "user", "nas", "service", "customer", "tenant"];
/** What else an address of this view holds: how it is shown. */
const manners = ["since", "speed", "fold"];
/** Lines that stay, and events that are drawn at once; a browser that is shown more shows nothing. */
const keep = 500;
const perFrame = 100;

export async function tailView(main, { query: asked, signal }) {
  const list = h("ol", { class: "events", "aria-label": "Events, newest first" });
  const place = h("div", {}, busy("Connecting"));
  const tail = new Tail(list, asked);
  show(main, h("h1", {}, "Live tail"), filterForm(asked), replayForm(asked), tail.controls,
    h("section", { class: "panel", "aria-label": "Events" }, place));

  const state = (name, detail) => {
    tail.connection(name, detail);
    if (name === "open" && !list.isConnected) show(place, tail.hint, list);
    if (name === "failed") show(place, failure(detail, () => window.dispatchEvent(new HashChangeEvent("hashchange"))));
  };
  const wanted = query(Object.fromEntries(filters.map((name) => [name, asked.getAll(name)])));
  if (asked.has("since")) wanted.set("since", asked.get("since"));
  else if (asked.has("from")) wanted.set("from", asked.get("from"));
  else wanted.set("last", "100");
  signal.addEventListener("abort", () => tail.end());
  watch(wanted, { event: (message) => tail.take(message), state, signal, room: () => tail.room() });
}

/** The place of this view with some of what it holds changed; null leaves it out. */
function address(asked, changes) {
  const place = new URLSearchParams(asked);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") place.delete(name); else place.set(name, value);
  }
  return `#/tail?${place}`;
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
      ...Object.fromEntries([...filters.slice(3), ...manners].map((name) => [name, asked.getAll(name)])),
    })}`;
  };
  return h("form", { class: "panel controls", on: { submit } }, field("Events", type), field("User name", user),
    field("NAS", nas), h("button", { class: "primary", type: "submit" }, "Filter"));
}

/** Where a replay begins, in the reader's own time. */
function replayForm(asked) {
  const since = h("input", { id: "since", type: "datetime-local", step: "1", required: true, value: local(asked.get("since")) });
  const submit = (event) => {
    event.preventDefault();
    const place = address(asked, { since: new Date(since.value).toISOString(), from: null });
    // The same time again is from the beginning.
    if (location.hash === place) window.dispatchEvent(new HashChangeEvent("hashchange")); else location.hash = place;
  };
  return h("form", { class: "panel controls", on: { submit } }, field("Replay from, in your own time", since),
    h("button", { type: "submit" }, "Replay"));
}

/** A time as a control for local times has it, to the second. */
function local(text) {
  const date = new Date(text ?? "");
  if (Number.isNaN(date.getTime())) return null;
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** The lines on the page, and those that wait for it. */
class Tail {
  constructor(list, asked) {
    Object.assign(this, { list, asked, waiting: [], isPaused: false, frame: 0, timer: 0, skipped: 0, sequence: null });
    this.replay = asked.has("since") ? new Replay(asked.get("speed") ?? "1") : null;
    this.since = asked.get("since");
    this.isFolding = asked.get("fold") !== "no";
    /** The messages that stand on the page, the oldest first, and the fold of each line and likeness. */
    this.shown = [];
    this.folds = new WeakMap();
    this.lines = new Map();
    this.hint = h("p", { class: "quiet small" }, "Newest first. Open a line for all of the event.");
    this.makeControls();
  }

  makeControls() {
    const button = (text, click, attributes = {}) => h("button", { type: "button", ...attributes, on: { click } }, text);
    this.pauseButton = button("Pause", () => this.toggle(), { "aria-pressed": "false" });
    this.speedButtons = speeds.map((speed) => button(speed === "step" ? "Step" : `${speed}×`,
      () => (speed === "step" ? this.step() : this.setSpeed(speed)), { "data-speed": speed }));
    this.speedGroup = h("div", { class: "tail-speed", role: "group", "aria-label": "Replay" }, ...this.speedButtons,
      button("Back to live", () => { location.hash = address(this.asked, { since: null, speed: null, from: null }); }));
    const fold = h("input", { id: "fold", type: "checkbox", on: { change: () => this.setFolding(fold.checked) } });
    fold.checked = this.isFolding;
    this.stateText = h("span", { class: "quiet", role: "status" }, "Connecting");
    this.placeText = h("span", { class: "quiet" });
    this.controls = h("div", { class: "tail-state" }, this.pauseButton, this.speedGroup,
      button("Clear", () => this.clear()), button("Copy a link to here", () => this.share()),
      h("label", { class: "check", for: "fold" }, fold, "Fold repeats"), this.stateText, this.placeText);
    this.label();
  }

  // The server.

  connection(name, detail) {
    const texts = { connecting: "Connecting", failed: "Stopped", waiting: `No connection; trying again in ${Math.ceil(detail)} s` };
    // More of the past may come with every new connection.
    if (name === "connecting" && this.replay) this.replay.isLacking = true;
    this.isOpen = name === "open";
    // A replay has enough to show meanwhile.
    if (this.isOpen || (this.replay && name === "connecting")) this.label(); else this.stateText.textContent = texts[name];
  }

  /** false: there is no room for it. */
  take(message) {
    if (this.replay) return this.takePast(message);
    if (message.id !== null) this.sequence = message.id;
    if (["ready", "position", "live"].includes(message.name)) return true;
    this.waiting.push(message);
    // While paused everything is kept, up to what a page can hold; the rest is counted.
    const most = this.isPaused ? 5000 : keep;
    if (this.waiting.length > most) {
      this.skipped += this.waiting.length - most;
      this.waiting.splice(0, this.waiting.length - most);
    }
    if (this.isPaused) this.label(); else this.schedule();
    return true;
  }

  takePast(message) {
    if (this.replay.isFull && isEvent(message)) return false;
    if (message.name === "live") this.replay.isLacking = false;
    else if (message.name !== "ready" && message.name !== "position") this.replay.add(message);
    this.schedule();
    return true;
  }

  /** Comes when enough of what waits was shown. */
  room() { return new Promise((resolve) => { this.refill = resolve; this.pump(); }); }

  // Drawing.

  schedule() {
    // A hidden page draws no frames: it catches up when it is looked at.
    this.frame ||= requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  draw() {
    if (this.replay) return this.pump();
    if (this.isPaused) return;
    if (this.skipped > 0) {
      this.note(`${this.skipped} events were not drawn: they came faster than this page shows them.`);
      this.skipped = 0;
    }
    for (const message of this.waiting.splice(0, perFrame)) this.put(message);
    this.trim();
    if (this.waiting.length > 0) this.schedule();
  }

  /** Shows what is due of a replay, and comes back when something else is. */
  pump() {
    clearTimeout(this.timer);
    for (const message of this.replay?.take(performance.now(), perFrame) ?? []) this.put(message);
    this.trim();
    if (!this.replay || this.replay.hasRoom) {
      this.refill?.();
      this.refill = null;
    }
    if (this.replay?.isOver && !this.replay.isStepping && !this.isPaused) this.reachPresent();
    this.label();
    const wait = this.replay?.wait(performance.now()) ?? null;
    if (wait === 0) this.schedule(); else if (wait !== null) this.timer = setTimeout(() => this.schedule(), wait);
  }

  reachPresent() {
    this.replay = null;
    this.note("The replay has reached the present: what follows is live.");
  }

  /** A word of this page's own among the events. */
  note(text) { this.put({ id: null, name: "note", data: { text } }); }

  put(message) {
    this.shown.push(message);
    if (!isEvent(message)) return this.list.prepend(notice(message));
    if (this.replay) [this.sequence, this.since] = [message.id, message.data.time];
    const like = this.isFolding ? likeness(message) : null;
    const known = like === null ? undefined : this.lines.get(like);
    if (known && this.folds.get(known).takes(message)) return this.repeat(known, message);
    const fold = new Fold(message, like);
    const item = line(fold);
    this.folds.set(item, fold);
    if (like !== null) this.lines.set(like, item);
    this.list.prepend(item);
  }

  repeat(item, message) {
    const fold = this.folds.get(item);
    fold.add(message);
    refresh(item, fold);
    // A line that somebody reads stays where it is.
    if (!item.firstChild.open && !item.contains(document.activeElement)) this.list.prepend(item);
  }

  trim() {
    while (this.list.children.length > keep) {
      const last = this.list.lastChild;
      last.remove();
      const like = this.folds.get(last)?.like ?? null;
      if (this.lines.get(like) === last) this.lines.delete(like);
    }
    if (this.shown.length > keep) this.shown.splice(0, this.shown.length - keep);
  }

  // What people do.

  toggle() {
    this.isPaused = !this.isPaused;
    if (this.isPaused) this.replay?.pause(performance.now()); else this.replay?.resume(performance.now());
    this.label();
    announce(this.isPaused ? "Paused" : "Going on");
    if (!this.isPaused) this.schedule();
  }

  setSpeed(speed) {
    this.replay?.setSpeed(speed, performance.now());
    this.remember({ speed });
    this.label();
    this.schedule();
  }

  /** The next event and no other. */
  step() {
    if (!this.replay) return;
    if (this.isPaused) this.toggle();
    if (!this.replay.isStepping) this.setSpeed("step");
    const next = this.replay.step(performance.now());
    if (next.length === 0) announce("Nothing is waiting");
    for (const message of next) this.put(message);
    this.pump();
  }

  setFolding(isFolding) {
    this.isFolding = isFolding;
    this.remember({ fold: isFolding ? null : "no" });
    const shown = this.shown;
    this.clear();
    for (const message of shown) this.put(message);
  }

  clear() {
    this.shown = [];
    this.lines.clear();
    show(this.list);
  }

  /** Settings stand in the address, as filters do: a link, and a reload, have them. */
  remember(changes) {
    const place = address(this.asked, changes);
    for (const [name, value] of Object.entries(changes)) if (value === null) this.asked.delete(name); else this.asked.set(name, value);
    history.replaceState(null, "", place);
  }

  label() {
    const replay = this.replay;
    const waiting = replay ? replay.count : this.waiting.length + this.skipped;
    this.pauseButton.textContent = this.isPaused ? `Resume (${waiting} waiting)` : "Pause";
    this.pauseButton.setAttribute("aria-pressed", String(this.isPaused));
    this.pauseButton.hidden = replay?.isStepping ?? false;
    this.speedGroup.hidden = !replay;
    for (const button of this.speedButtons) {
      button.setAttribute("aria-pressed", String(button.dataset.speed === replay?.speed));
    }
    const state = !replay ? "Live" : replay.isStepping ? "Step by step" : `Replay at ${replay.speed}×`;
    if (this.isOpen || replay) this.stateText.textContent = state;
    show(this.placeText, ...(replay ? [replay.at === null ? "" : [clockTime(this.since), ", "], `${waiting} waiting`].flat() : []));
  }

  /** A link that begins where this tail stands: at the time of a replay, else behind the newest event. */
  async share() {
    const place = this.replay ? { since: this.since, from: null }
      : { from: this.sequence ?? this.asked.get("from"), since: null, speed: null };
    const link = `${location.origin}${location.pathname}${address(this.asked, place)}`;
    try {
      await navigator.clipboard.writeText(link);
      announce("Copied");
    } catch {
      this.hint.textContent = link;
    }
  }

  end() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.replay = null;
    this.refill?.();
  }
}
