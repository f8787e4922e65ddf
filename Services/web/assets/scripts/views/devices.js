// What the network is made of and whether it answers: by name, by status, by words.

import { query } from "../api.js";
import { field, h, show } from "../dom.js";
import { ago, words } from "../format.js";
import { pages } from "../paging.js";

const tones = { online: "good", offline: "bad", unknown: "warn" };

export async function devicesView(main, { query: asked, signal }) {
  const text = h("input", { type: "search", id: "words", value: asked.get("q") ?? "", autocomplete: "off", maxlength: "100" });
  const status = h("select", { id: "status" }, h("option", { value: "" }, "All"),
    ...Object.keys(tones).map((name) => h("option", { value: name, selected: name === asked.get("status") }, words(name))));
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

  await pages(place, {
    path: "/api/v1/devices",
    parameters: {
      filter: tones[asked.get("status")] ? [`status:eq:${asked.get("status")}`] : [],
      q: asked.get("q") ?? "", sort: "name", limit: 50,
    },
    reading: "Reading devices",
    none: asked.size > 0 ? "No device fits." : "There are no devices yet.",
    table, row, signal,
  });
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
