// The past at its own pace. Knows nothing of pages and clocks: whoever asks says what time it is.

/** So many milliseconds a silence lasts at most on the reader's clock: what is longer is shortened, and told. */
export const longestSilence = 3000;
/** Events that wait at most, and how few there must be before more are asked for. */
export const mostWaiting = 5000;
const refillAt = 1000;
/** What was late by more than this, as when the page was hidden, goes on from there instead of rushing after. */
const patience = 1000;

export const speeds = ["1", "10", "100", "step"];

/** Events that wait for their turn: paced by their own times, or one at a time. */
export class Replay {
  /** @param {string} speed one of `speeds` */
  constructor(speed) {
    this.speed = speeds.includes(speed) ? speed : "1";
    this.waiting = [];
    this.count = 0;
    /** The server has more of the past than waits here. */
    this.isLacking = true;
    /** The newest event that was taken: its own time, and when its turn was. */
    this.at = null;
    this.turn = 0;
    /** The event before which a shortened silence was told. */
    this.told = null;
    this.pausedAt = null;
  }

  get isStepping() { return this.speed === "step"; }
  get isFull() { return this.count >= mostWaiting; }
  get hasRoom() { return this.count <= refillAt; }
  /** Nothing of the past is left: neither here nor at the server. */
  get isOver() { return !this.isLacking && this.waiting.length === 0; }

  /** Takes an event of the server, or a notice, which stands where it came. */
  add(message) {
    this.waiting.push(message);
    if (isEvent(message)) this.count += 1;
  }

  /** What is due by now, at most so many; where a silence is shortened a message of the name `silence` stands before it. */
  take(now, most) {
    const due = [];
    while (due.length < most && this.wait(now) === 0) {
      const first = this.waiting[0];
      if (this.isToBeTold(first)) {
        this.told = first;
        due.push({ id: null, name: "silence", data: { milliseconds: timeOf(first) - this.at } });
      } else due.push(this.next(now));
    }
    return due;
  }

  /** How many milliseconds nothing is due; null where that is until something comes or somebody acts. */
  wait(now) {
    const first = this.waiting[0];
    if (!first || this.isStepping || this.pausedAt !== null) return null;
    if (!isEvent(first) || this.at === null || this.isToBeTold(first)) return 0;
    return Math.max(0, this.turn + Math.min(this.silence(first), longestSilence) - now);
  }

  /** The next event, and the notices before it. */
  step(now) {
    const taken = [];
    while (this.waiting.length > 0) {
      taken.push(this.next(now, true));
      if (isEvent(taken.at(-1))) break;
    }
    return taken;
  }

  /** From the event on that was taken last. */
  setSpeed(speed, now) {
    if (this.isStepping) this.turn = now;
    this.speed = speed;
  }

  pause(now) { this.pausedAt ??= now; }

  resume(now) {
    if (this.pausedAt !== null) this.turn += now - this.pausedAt;
    this.pausedAt = null;
  }

  next(now, isStep = false) {
    const message = this.waiting.shift();
    if (!isEvent(message)) return message;
    const due = this.at === null || isStep ? now : this.turn + Math.min(this.silence(message), longestSilence);
    this.turn = Math.max(due, now - patience);
    // Events that were late on their way may be older than the one before.
    this.at = Math.max(this.at ?? -Infinity, timeOf(message));
    this.count -= 1;
    return message;
  }

  /** How many milliseconds of the reader's lie before an event. */
  silence(message) { return Math.max(0, timeOf(message) - this.at) / Number(this.speed); }

  /** Whether the silence before an event will be shortened, and nobody was told so yet. */
  isToBeTold(message) {
    return isEvent(message) && this.at !== null && this.told !== message && this.silence(message) > longestSilence;
  }
}

/** Whether a message is an event, not a notice of the server. */
export function isEvent(message) { return message.data?.data !== undefined; }

function timeOf(message) {
  const time = Date.parse(message.data.time);
  return Number.isNaN(time) ? 0 : time;
}
