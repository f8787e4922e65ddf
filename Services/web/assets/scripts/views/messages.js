// What one was told in the pages, the newest first.

import { call } from "../api.js";
import { announce, failure, h, show } from "../dom.js";
import { time, words } from "../format.js";
import { pages } from "../paging.js";
import { setUnread } from "../unread.js";

export async function messagesView(main, { query, signal }) {
  const only = h("input", { type: "checkbox", id: "only-unread", checked: query.get("unread") === "true" });
  const status = h("div", { "aria-live": "polite" });
  const place = h("div");
  const draw = () => pages(place, {
    path: "/api/v1/me/notices", parameters: only.checked ? { unread: "true" } : {}, counted: false, signal,
    reading: "Reading your messages",
    none: only.checked ? "You have read everything." : "Nobody told you anything yet. What you are told of stands here.",
    table: (rows) => h("table", { class: "cards" }, h("caption", {}, "The newest first"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Message"), h("th", { scope: "col" }, "When"), h("th", { scope: "col" }, "Read"))),
      rows),
    row: (message) => row(message, status, signal),
  });
  const all = h("button", { type: "button", on: { click: () => readAll(all, status, draw, signal) } }, "Mark everything as read");
  only.addEventListener("change", draw);
  show(main, h("h1", {}, "Messages"), h("section", { class: "panel", "aria-label": "Messages" },
    h("div", { class: "controls" }, h("div", { class: "field check" }, only, h("label", { for: only.id }, "Only what is not read")), all),
    status, place));
  await draw();
}

function row(message, status, signal) {
  const read = h("td", { "data-label": "Read" });
  const mark = (at) => show(read, at ? time(at) : h("button", {
    type: "button", "aria-label": `Mark as read: ${message.subject ?? words(message.kind)}`,
    on: { click: (event) => readOne(event.currentTarget) },
  }, "Mark as read"));
  const readOne = async (button) => {
    button.disabled = true;
    show(status);
    try {
      const { data } = await call(`/api/v1/me/notices/${message.id}/read`, { method: "POST", signal });
      setUnread(data.unread);
      mark(new Date().toISOString());
      announce("Marked as read.");
    } catch (error) {
      button.disabled = false;
      if (!signal.aborted) show(status, failure(error));
    }
  };
  mark(message.read_at);
  return h("tr", {},
    h("td", { lang: message.language, dir: "auto" },
      message.subject && h("strong", {}, message.subject), h("p", { class: "told" }, message.text)),
    h("td", { "data-label": "When" }, time(message.created_at)), read);
}

async function readAll(button, status, draw, signal) {
  button.disabled = true;
  show(status);
  try {
    const { data } = await call("/api/v1/me/notices/read", { method: "POST", signal });
    setUnread(data.unread);
    announce("Everything is marked as read.");
    await draw();
  } catch (error) {
    if (!signal.aborted) show(status, failure(error));
  } finally {
    button.disabled = false;
  }
}
