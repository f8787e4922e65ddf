// What the network is made of and whether it answers: by name, by status, by words.

import { list, query } from "../api.js";
import { busy, empty, failure, field, h, show } from "../dom.js";
import { ago, words } from "../format.js";

const tones = { online: "good", offline: "bad", unknown: "warn" };
const most = 50;

export async function devicesView(main, { query: asked, signal }) {
  const text = h("input", { type: "search", id: "words", value: asked.get("q") ?? "", autocomplete: "off", maxlength: "100" });
  const status = h("select", { id: "status" }, h("option", { value: "" }, "All"),
    ...Object.keys(tones).map((name) => h("option", { value: name, selected: name === asked.get("status") }, words(name))));
  const rows = h("tbody");
  const place = h("div");
  const submit = (event) => {
    event.preventDefault();
    location.hash = `#/devices?${query({ q: text.value.trim(), status: status.value })}`;
  };
  show(main,
    h("h1", {}, "Devices"),
    h("form", { class: "panel controls", on: { submit } }, field("Name, host or location", text), field("Status", status),
      h("button", { class: "primary", type: "submit" }, "Show")),
    place);

  const more = async (cursor) => {
    const filter = tones[asked.get("status")] ? [`status:eq:${asked.get("status")}`] : [];
    const waiting = busy("Reading devices");
    if (cursor) place.append(waiting); else show(place, waiting);
    try {
      const page = await list("/api/v1/devices", {
        filter, q: asked.get("q") ?? "", sort: "name", limit: most, cursor, ...(cursor ? {} : { count: "true" }),
      }, signal);
      if (signal.aborted) return;
      waiting.remove();
      if (!cursor) {
        if (page.data.length === 0) return show(place, empty(asked.size > 0 ? "No device fits." : "There are no devices yet."));
        show(place, table(rows, page.total));
      }
      rows.append(...page.data.map(row));
      place.querySelector("[data-more]")?.remove();
      if (page.next) {
        place.append(h("p", { "data-more": true }, h("button", { type: "button", on: { click: () => more(page.next) } }, "Show more")));
      }
    } catch (error) {
      waiting.remove();
      if (!signal.aborted) place.append(failure(error, (event) => { event.target.closest(".notice").remove(); more(cursor); }));
    }
  };
  await more(null);
}

function table(rows, total) {
  return h("div", { class: "panel scroll" }, h("table", { class: "cards" },
    h("caption", {}, total === null ? "By name" : `${total} devices, by name`),
    h("thead", {}, h("tr", {}, ...["Name", "Kind", "Host", "Status", "Last seen", "Last check", "Location"].map((name) =>
      h("th", { scope: "col" }, name)))),
    rows));
}

function row(device) {
  const checked = device.checked_at ? `${ago(device.checked_at)}: ${words(device.last_error ?? "answered")}` : "never";
  return h("tr", {},
    h("th", { scope: "row" }, device.name),
    h("td", { "data-label": "Kind" }, words(device.kind)),
    h("td", { "data-label": "Host" }, h("code", {}, device.host)),
    h("td", { "data-label": "Status" }, h("span", { class: `mark ${tones[device.status] ?? "warn"}` }, words(device.status))),
    h("td", { "data-label": "Last seen" }, device.last_seen_at ? ago(device.last_seen_at) : "never"),
    h("td", { "data-label": "Last check" }, device.is_active ? checked : "not checked: inactive"),
    h("td", { "data-label": "Location" }, device.location));
}
