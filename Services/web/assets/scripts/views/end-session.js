// The end of a live session, asked for and followed to what became of it.

import { call, one, session as signedIn, wishKey } from "../api.js";
import { busy, failure, h, show } from "../dom.js";

const pause = 500;
/** What is asked ends within the orders' deadline, a quarter of an hour; longer than this nobody looks at a page. */
const patience = 120_000;

/** A button that ends an open session once it is confirmed, or null for who may not, or where there is nothing to end. */
export function endSession(session, signal, ended = () => {}) {
  if (!session.is_open || !signedIn.user?.permissions?.includes("radius.disconnect")) return null;
  const place = h("div", { class: "acts", "aria-live": "polite" });
  const key = wishKey();
  const offer = () => show(place, h("button", {
    type: "button", class: "plain", "aria-label": `End the session of ${session.username}`, on: { click: confirm },
  }, "End…"));
  const confirm = () => {
    const yes = h("button", { type: "button", class: "primary", on: { click: ask } }, "End the session");
    show(place, yes, h("button", { type: "button", on: { click: offer } }, "Leave it"));
    yes.focus();
  };
  const ask = async () => {
    show(place, busy("Asking the NAS"));
    try {
      const { data } = await call(`/api/v1/radius/sessions/${session.id}/disconnect`, {
        method: "POST", signal, headers: { "idempotency-key": key },
      });
      await follow(data);
    } catch (error) {
      if (!signal.aborted) show(place, failure(error, ask));
    }
  };
  const follow = async (operation) => {
    const until = Date.now() + patience;
    while (!["succeeded", "failed"].includes(operation.state)) {
      if (Date.now() > until) {
        return show(place, h("p", { class: "mark warn" }, "Not done yet: it is tried on for a quarter of an hour."));
      }
      await new Promise((wake) => setTimeout(wake, pause));
      if (signal.aborted) return;
      operation = await one(`/api/v1/operations/${operation.id}`, signal);
    }
    const text = operation.outcome ?? (operation.state === "failed" ? "It failed." : "Done.");
    show(place, h("span", { class: `mark ${operation.state === "failed" ? "bad" : "good"}` }, text));
    ended();
  };
  offer();
  return place;
}
