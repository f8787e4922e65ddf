// What repeats itself, told once. Knows nothing of pages.

/** Repeats belong together that come within so many milliseconds of the one before. */
export const span = 60_000;
/** So many of a line's newest events are kept; of the others it says how many they were. */
const kept = 50;

/** One line: an event, and those like it that followed. */
export class Fold {
  /** `like` is what its messages have in common, null where nothing is to be added. */
  constructor(message, like) {
    this.like = like;
    this.count = 0;
    this.messages = [];
    this.add(message);
  }

  /** The newest first. */
  add(message) {
    this.count += 1;
    this.messages.unshift(message);
    this.messages.length = Math.min(this.messages.length, kept);
  }

  get newest() { return this.messages[0]; }

  /** Whether an event like these comes soon enough after them. */
  takes(message) { return Math.abs(time(message) - time(this.newest)) <= span; }
}

/** What events must have in common to be repeats: kind, user, NAS, outcome and reason. null: it is like no other. */
export function likeness({ name, data: envelope }) {
  const event = envelope?.data;
  if (!event || (!event.username && !event.nasId && !event.nasName)) return null;
  return JSON.stringify([
    name, envelope.tenantid, event.username ?? "", event.nasId ?? event.nasName ?? "", event.outcome ?? "", event.reason ?? "",
  ]);
}

function time(message) { return Date.parse(message.data.time); }
