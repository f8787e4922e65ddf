// Server-sent events over fetch: EventSource cannot send a token, and one in the address would end up in logs.

import { authorized, Failure } from "./api.js";

/**
 * Watches until `signal` is aborted. Comes back after a lost connection, from the event after the last one it saw, and tells
 * about it: `state` is called with "connecting", "open", "waiting" (with the seconds) and "failed" (with the error). Where `event`
 * answers false it has no room: the connection ends, and another one goes on with that event once `room` has come.
 * @param {URLSearchParams} query filters, and where to begin
 */
export async function watch(query, { event, state, signal, room }) {
  let last = null;
  let failures = 0;
  while (!signal.aborted) {
    state("connecting");
    try {
      const headers = { accept: "text/event-stream", ...(last === null ? {} : { "last-event-id": last }) };
      const response = await authorized(`/api/v1/events?${query}`, { headers, signal, cache: "no-store" });
      state("open");
      failures = 0;
      const isRead = await read(response.body, (message) => {
        if (event(message) === false) return false;
        if (message.id !== null) last = message.id;
        return true;
      });
      if (!isRead) {
        await room();
        continue;
      }
    } catch (error) {
      if (signal.aborted) return;
      const isFinal = error instanceof Failure && error.status >= 400 && error.status < 500 && error.status !== 429;
      if (isFinal) return state("failed", error);
    }
    failures += 1;
    const seconds = Math.min(30, 2 ** Math.min(failures, 5) / 2);
    state("waiting", seconds);
    await pause(seconds * 1000, signal);
  }
}

/** Cuts a stream into events (WHATWG HTML, 9.2), to its end or until one of them is answered with false; whether it came to its end. */
export async function read(stream, event) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let message = { id: null, name: "message", data: [] };
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return true;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (message.data.length > 0 && event({ ...message, data: JSON.parse(message.data.join("\n")) }) === false) {
          // That the connection was lost meanwhile is no news.
          await reader.cancel().catch(() => {});
          return false;
        }
        message = { id: null, name: "message", data: [] };
        continue;
      }
      const colon = line.indexOf(":");
      const [name, value_] = colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
      if (name === "id") message.id = value_;
      else if (name === "event") message.name = value_;
      else if (name === "data") message.data.push(value_);
    }
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
