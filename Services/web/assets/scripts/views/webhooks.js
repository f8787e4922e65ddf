// Where events are sent to other systems, what became of it, and having it sent again.

import { call, one, query, session as signedIn, wishKey } from "../api.js";
import { busy, failure, field, h, show } from "../dom.js";
import { ago, time, words } from "../format.js";
import { pages } from "../paging.js";

const tones = { delivered: "good", failed: "bad", held: "warn", pending: "warn", sending: "warn" };

export async function webhooksView(main, at) {
  if (at.argument) return endpointView(main, at);
  const place = h("div");
  show(main, h("h1", {}, "Webhooks"), place);
  await pages(place, {
    path: "/api/v1/webhooks",
    parameters: { limit: 50 },
    reading: "Reading webhooks",
    none: "No webhooks yet. They are made by the API or by nexora webhook add.",
    table: (rows, total) => h("div", { class: "panel scroll" }, h("table", { class: "cards" },
      h("caption", {}, total === null ? "In the order they were made" : `${total} webhooks, in the order they were made`),
      head(["URL", "Events", "State", "Last success", "Last error"]), rows)),
    row: (hook) => h("tr", {},
      h("th", { scope: "row" }, h("a", { href: `#/webhooks/${hook.id}` }, hook.url)),
      h("td", { "data-label": "Events" }, hook.events.join(", ")),
      h("td", { "data-label": "State" }, state(hook)),
      h("td", { "data-label": "Last success" }, hook.last_success_at ? ago(hook.last_success_at) : "never"),
      h("td", { "data-label": "Last error" }, words(hook.last_error ?? ""))),
    signal: at.signal,
  });
}

async function endpointView(main, { argument, query: asked, signal }) {
  const path = `/api/v1/webhooks/${encodeURIComponent(argument)}`;
  const hook = await one(path, signal);
  if (signal.aborted) return;
  const chosen = h("select", { id: "state" }, h("option", { value: "" }, "All"),
    ...Object.keys(tones).map((name) => h("option", { value: name, selected: name === asked.get("state") }, words(name))));
  const submit = (event) => {
    event.preventDefault();
    location.hash = `#/webhooks/${hook.id}?${query({ state: chosen.value })}`;
  };
  const place = h("div");
  show(main,
    h("h1", {}, "Webhook"),
    h("p", {}, h("a", { href: "#/webhooks" }, "All webhooks")),
    h("section", { class: "panel", "aria-label": "The endpoint" },
      h("p", {}, h("code", {}, hook.url)),
      hook.description && h("p", {}, hook.description),
      h("p", {}, state(hook), ` ${hook.events.join(", ")}`),
      acts(hook, path, signal)),
    replayPanel(path, signal),
    h("form", { class: "panel controls", on: { submit } }, field("State", chosen),
      h("button", { class: "primary", type: "submit" }, "Show")),
    place);
  await pages(place, {
    path: `${path}/deliveries`,
    parameters: { filter: tones[asked.get("state")] ? [`state:eq:${asked.get("state")}`] : [], limit: 50 },
    reading: "Reading deliveries",
    none: asked.get("state") ? "Nothing fits." : "Nothing was sent here yet.",
    table: (rows, total) => h("div", { class: "panel scroll" }, h("table", { class: "cards" },
      h("caption", {}, total === null ? "Newest first" : `${total} deliveries, newest first`),
      head(["Event", "Place", "When", "State", "Attempts", "Answer", "Again"]), rows)),
    row: (delivery) => row(delivery, signal),
    signal,
  });
}

function row(delivery, signal) {
  const answer = [delivery.last_status, delivery.last_error && words(delivery.last_error),
    delivery.latency_ms !== null && `${delivery.latency_ms} ms`].filter(Boolean).join(", ");
  return h("tr", {},
    h("th", { scope: "row" }, delivery.kind),
    h("td", { "data-label": "Place" }, delivery.is_test ? "test" : `${delivery.sequence}`),
    h("td", { "data-label": "When" }, time(delivery.created_at)),
    h("td", { "data-label": "State" }, h("span", { class: `mark ${tones[delivery.state]}` }, words(delivery.state))),
    h("td", { "data-label": "Attempts" }, `${delivery.attempts}`),
    h("td", { "data-label": "Answer" }, answer),
    h("td", {}, again(delivery, signal)));
}

/** A button that sends a delivery once more, where it has ended and one may. */
function again(delivery, signal) {
  if (!mayManage() || !["delivered", "failed"].includes(delivery.state)) return null;
  return act("Redeliver", `Redeliver ${delivery.kind} of place ${delivery.sequence}`, "It is sent again.", (key) =>
    post(`/api/v1/webhook-deliveries/${delivery.id}/redeliver`, key, signal), signal);
}

function acts(hook, path, signal) {
  if (!mayManage()) return null;
  return h("div", { class: "acts" },
    !hook.is_enabled && act("Enable", "Enable this webhook", "It is enabled.", (key) => post(`${path}/enable`, key, signal), signal),
    act("Send a test", "Send a test event", "A test event is sent.", (key) => post(`${path}/test`, key, signal), signal));
}

/** A wish that is sent once, however often it is tried. */
function act(text, label, done, send, signal) {
  const place = h("div", { class: "acts", "aria-live": "polite" });
  const key = wishKey();
  const ask = async () => {
    show(place, busy("Asking"));
    try {
      await send(key);
      if (!signal.aborted) show(place, h("span", { class: "mark good" }, done));
    } catch (error) {
      if (!signal.aborted) show(place, failure(error, ask));
    }
  };
  show(place, h("button", { type: "button", class: "plain", "aria-label": label, on: { click: ask } }, text));
  return place;
}

function replayPanel(path, signal) {
  if (!mayManage()) return null;
  const from = h("input", { type: "datetime-local", id: "from", required: true, step: "1" });
  const status = h("div", { "aria-live": "polite" });
  let key = wishKey();
  const submit = async (event) => {
    event.preventDefault();
    show(status, busy("Asking"));
    try {
      const { data } = await post(`${path}/replays`, key, signal, { from_time: new Date(from.value).toISOString() });
      key = wishKey();
      await follow(data, status, signal);
    } catch (error) {
      if (!signal.aborted) show(status, failure(error));
    }
  };
  return h("form", { class: "panel controls", "aria-label": "Replay", on: { submit } },
    field("Send again what happened since", from, "What the receiver has had already comes again, under the same id."),
    h("button", { type: "submit" }, "Replay"), status);
}

async function follow(replay, status, signal) {
  while (!["done", "failed", "cancelled"].includes(replay.state)) {
    show(status, busy(`Reading: ${replay.found} events so far`));
    await new Promise((wake) => setTimeout(wake, 500));
    if (signal.aborted) return;
    replay = await one(`/api/v1/webhook-replays/${replay.id}`, signal);
  }
  show(status, h("span", { class: `mark ${replay.state === "done" ? "good" : "bad"}` },
    `${words(replay.state)}: ${replay.found} events${replay.reason ? `, ${words(replay.reason)}` : ""}`));
}

function post(path, key, signal, body) {
  const headers = { "idempotency-key": key };
  if (!body) return call(path, { method: "POST", signal, headers });
  return call(path, { method: "POST", signal, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) });
}

function mayManage() {
  return signedIn.user?.permissions?.includes("webhooks.manage") ?? false;
}

function state(hook) {
  if (!hook.is_enabled) return h("span", { class: "mark bad" }, `disabled: ${words(hook.disabled_reason)}`);
  return hook.failing_since ? h("span", { class: "mark warn" }, `failing for ${ago(hook.failing_since).replace(" ago", "")}`)
    : h("span", { class: "mark good" }, "enabled");
}

function head(titles) {
  return h("thead", {}, h("tr", {}, ...titles.map((name) => h("th", { scope: "col" }, name))));
}
