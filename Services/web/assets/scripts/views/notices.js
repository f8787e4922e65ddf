// What was told, whom, by which way, and what became of it; what did not arrive is told once more from here.

import { call, query, session as signedIn, wishKey } from "../api.js";
import { announce, empty, failure, field, h, show } from "../dom.js";
import { time, words } from "../format.js";
import { pages } from "../paging.js";

const tones = {
  sent: "good", delivered: "good", queued: "warn", held: "warn", sending: "warn", unknown: "warn", digested: "warn",
  bounced: "bad", complained: "bad", failed: "bad", dropped: "warn", expired: "warn", cancelled: "warn",
};
const channels = ["email", "sms", "push", "slack", "in_app"];
const again = ["failed", "unknown", "bounced"];
const waiting = ["queued", "held"];

const choice = (id, values, chosen) => h("select", { id }, h("option", { value: "" }, "All"),
  ...values.map((value) => h("option", { value, selected: value === chosen }, words(value))));

export async function noticesView(main, { query: asked, signal }) {
  const state = choice("state", Object.keys(tones), asked.get("state"));
  const channel = choice("channel", channels, asked.get("channel"));
  const place = h("div");
  const submit = (event) => {
    event.preventDefault();
    location.hash = `#/notices?${query({ state: state.value, channel: channel.value, customer: asked.get("customer") })}`;
  };
  show(main,
    h("h1", {}, "Delivery log"),
    asked.get("customer") && h("p", {}, "Of one subscriber. ", h("a", { href: "#/notices" }, "Show all")),
    h("form", { class: "panel controls", on: { submit } }, field("State", state), field("By", channel),
      h("button", { class: "primary", type: "submit" }, "Show")),
    place);

  await pages(place, {
    path: "/api/v1/notices",
    parameters: { state: asked.get("state"), channel: asked.get("channel"), customer_id: asked.get("customer"), limit: 50 },
    counted: false,
    reading: "Reading the delivery log",
    none: asked.size > 0 ? "Nothing fits." : "Nothing was told yet.",
    table: (rows) => h("div", { class: "panel scroll" }, h("table", { class: "cards" },
      h("caption", {}, "Newest first"),
      h("thead", {}, h("tr", {}, ...["What", "To", "By", "When", "State", "Act"].map((name) => h("th", { scope: "col" }, name)))),
      rows)),
    row: (notice) => line(notice, signal),
    signal,
  });
}

/** One notice; after an act it shows what has become of it. */
function line(notice, signal) {
  const row = h("tr");
  fill(row, notice, signal);
  return row;
}

function fill(row, notice, signal) {
  const to = notice.recipient_kind === "customer"
    ? h("a", { href: `#/subscriber/${notice.recipient_id}` }, notice.address ?? "a subscriber")
    : notice.address ?? words(notice.recipient_kind);
  show(row,
    h("th", { scope: "row" }, words(notice.kind)),
    h("td", { "data-label": "To" }, to),
    h("td", { "data-label": "By" }, words(notice.channel)),
    h("td", { "data-label": "When" }, time(notice.created_at)),
    h("td", { "data-label": "State" }, h("span", { class: `mark ${tones[notice.state] ?? "warn"}` }, words(notice.state)),
      notice.reason && h("span", { class: "source" }, words(notice.reason)),
      notice.detail && h("span", { class: "source" }, notice.detail)),
    h("td", { "data-label": "Act" }, act(row, notice, signal)));
}

/** What somebody who may can do about it; nothing where there is nothing. */
function act(row, notice, signal) {
  if (!signedIn.user?.permissions?.includes("notices.send")) return "";
  const offer = again.includes(notice.state) ? ["Send again", "resend", "It is queued once more."]
    : waiting.includes(notice.state) ? ["Cancel", "cancel", "It is cancelled."] : null;
  if (offer === null) return "";
  const [text, name, done] = offer;
  const click = async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      const path = `/api/v1/notices/${notice.id}/${name}`;
      const { data } = await call(path, { method: "POST", signal, headers: { "idempotency-key": wishKey() } });
      if (signal.aborted) return;
      announce(done);
      if (name === "cancel") return fill(row, data, signal);
      row.before(line(data, signal));
      button.replaceWith(empty("Sent again."));
    } catch (error) {
      if (!signal.aborted) button.replaceWith(failure(error));
    }
  };
  return h("button", { type: "button", "aria-label": `${text}: ${words(notice.kind)}`, on: { click } }, text);
}
