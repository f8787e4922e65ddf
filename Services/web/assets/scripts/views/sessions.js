// Who is online: the newest first, by NAS or user name.

import { list, query } from "../api.js";
import { field, h, show } from "../dom.js";
import { ago, octets, time } from "../format.js";
import { pages } from "../paging.js";
import { endSession } from "./end-session.js";
import { historyLink } from "./enforcements.js";

export async function sessionsView(main, { query: asked, signal }) {
  const user = h("input", { type: "search", id: "user", value: asked.get("user") ?? "", autocomplete: "off", maxlength: "253" });
  const nas = h("select", { id: "nas" }, h("option", { value: "" }, "All"));
  const place = h("div");
  const submit = (event) => {
    event.preventDefault();
    location.hash = `#/sessions?${query({ user: user.value.trim(), nas: nas.value })}`;
  };
  show(main,
    h("h1", {}, "Online sessions"),
    h("form", { class: "panel controls", on: { submit } }, field("User name", user), field("NAS", nas),
      h("button", { class: "primary", type: "submit" }, "Show")),
    place);
  nases(nas, asked.get("nas") ?? "", signal);

  await pages(place, {
    path: "/api/v1/radius/sessions",
    parameters: {
      filter: ["is_open:eq:true", asked.get("user") && `username:prefix:${asked.get("user")}`,
        asked.get("nas") && `nas_id:eq:${asked.get("nas")}`].filter(Boolean),
      limit: 50,
    },
    reading: "Reading sessions",
    none: asked.size > 0 ? "Nobody who is online fits." : "Nobody is online.",
    table, row: (session) => row(session, signal), signal,
  });
}

async function nases(select, chosen, signal) {
  try {
    const { data } = await list("/api/v1/nas", { limit: 100, sort: "name" }, signal);
    select.append(...data.map((nas) => h("option", { value: nas.id, selected: nas.id === chosen }, nas.name)));
  } catch {
    // One can still look at all of them.
  }
}

function table(rows, total) {
  return h("div", { class: "panel scroll" }, h("table", { class: "cards" },
    h("caption", {}, total === null ? "Newest first" : `${total} online, newest first`),
    h("thead", {}, h("tr", {}, ...["User name", "NAS", "Address", "Since", "Last report", "Down", "Up", ""].map((name, index) =>
      h("th", { scope: "col", class: index > 4 && name && "numeric" }, name)))),
    rows));
}

function row(session, signal) {
  return h("tr", {},
    h("th", { scope: "row" }, session.customer_id
      ? h("a", { href: `#/subscriber/${session.customer_id}` }, session.username) : session.username),
    h("td", { "data-label": "NAS" }, session.nas_name ?? ""),
    h("td", { "data-label": "Address" }, h("code", {}, session.framed_ipv4 ?? session.framed_ipv6_prefix ?? "")),
    h("td", { "data-label": "Since" }, time(session.started_at)),
    h("td", { "data-label": "Last report" }, ago(session.last_update_at)),
    h("td", { "data-label": "Down", class: "numeric" }, octets(session.output_octets)),
    h("td", { "data-label": "Up", class: "numeric" }, octets(session.input_octets)),
    h("td", {}, endSession(session, signal), historyLink(session)));
}
