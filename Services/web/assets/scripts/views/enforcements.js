// What NASes were asked to do to live sessions, why, what became of it, and how long that took.

import { list, query, session as signedIn } from "../api.js";
import { empty, failure, field, h, show } from "../dom.js";
import { time, words } from "../format.js";
import { pages } from "../paging.js";

const tones = { confirmed: "good", failed: "bad", unproven: "warn", pending: "warn", sent: "warn", acknowledged: "warn" };
const names = ["Asked", "What", "Why", "State", "Answer after", "Requests"];

export async function enforcementsView(main, { query: asked, signal }) {
  const state = h("select", { id: "state" }, h("option", { value: "" }, "All"),
    ...[...Object.keys(tones), "superseded"].map((name) => h("option", { value: name, selected: name === asked.get("state") }, words(name))));
  const place = h("div");
  const submit = (event) => {
    event.preventDefault();
    location.hash = `#/enforcements?${query({ state: state.value, session: asked.get("session"), nas: asked.get("nas") })}`;
  };
  show(main,
    h("h1", {}, "Enforcements"),
    asked.get("session") && h("p", {}, "Of one session. ", h("a", { href: "#/enforcements" }, "Show all")),
    asked.get("nas") && h("p", {}, "Of one NAS. ", h("a", { href: "#/enforcements" }, "Show all")),
    h("form", { class: "panel controls", on: { submit } }, field("State", state),
      h("button", { class: "primary", type: "submit" }, "Show")),
    place);

  await pages(place, {
    path: "/api/v1/enforcements",
    parameters: {
      filter: [asked.get("state") && `state:eq:${asked.get("state")}`, asked.get("session") && `session_id:eq:${asked.get("session")}`,
        asked.get("nas") && `nas_id:eq:${asked.get("nas")}`].filter(Boolean),
      limit: 50,
    },
    reading: "Reading enforcements",
    none: asked.size > 0 ? "Nothing fits." : "Nothing was asked of a NAS yet.",
    table: (rows, total) => h("div", { class: "panel scroll" }, h("table", { class: "cards" },
      h("caption", {}, total === null ? "Newest first" : `${total} in all, newest first`),
      head(["User name", "NAS", ...names]), rows)),
    row: (one) => row(one, [
      h("th", { scope: "row" }, one.service_id ? h("a", { href: `#/service/${one.service_id}` }, one.username ?? "a service") : one.username ?? ""),
      h("td", { "data-label": "NAS" }, one.nas_name ?? "")]),
    signal,
  });
}

/**
 * The newest of some services, for the subscriber's page.
 * @returns {{panel: HTMLElement, reload: () => void}} `reload` reads them again, as where an event says that one changed
 */
export function enforcementsPanel(services, signal) {
  const place = h("div");
  const panel = h("section", { class: "panel", "aria-label": "What the network was asked to do" },
    h("h2", {}, "What the network was asked to do"), place);
  let turn = 0;
  const reload = async () => {
    const mine = ++turn;
    try {
      const ids = (await services()).map((service) => service.id);
      const { data } = ids.length === 0 ? { data: [] }
        : await list("/api/v1/enforcements", { filter: `service_id:in:${ids.join(",")}`, limit: 10 }, signal);
      // One that was asked for later may have been faster.
      if (signal.aborted || mine !== turn) return;
      show(place, data.length === 0 ? empty("Nothing was asked of a NAS.")
        : h("div", { class: "scroll" }, h("table", { class: "cards" }, head(["NAS", ...names]), h("tbody", {}, ...data.map((one) =>
          row(one, [h("td", { "data-label": "NAS" }, one.nas_name ?? "")]))))));
    } catch (error) {
      if (!signal.aborted && mine === turn) show(place, error.status === 403 ? empty("You may not see this.") : failure(error, reload));
    }
  };
  reload();
  return { panel, reload };
}

/** Where a session's history is, or null for who may not see it. */
export function historyLink(session) {
  if (!signedIn.user?.permissions?.includes("sessions.read")) return null;
  return h("a", { href: `#/enforcements?${query({ session: session.id })}`, "aria-label": `History of the session of ${session.username}` }, "History");
}

function head(titles) {
  return h("thead", {}, h("tr", {}, ...titles.map((name) => h("th", { scope: "col" }, name))));
}

function row(one, first) {
  const asked = one.trials.map((trial) => `${words(trial.kind)} by ${trial.set.replaceAll("+", " and ")}: ${words(trial.outcome)}`);
  return h("tr", {}, ...first,
    h("td", { "data-label": "Asked" }, time(one.requested_at)),
    h("td", { "data-label": "What" }, words(one.kind)),
    h("td", { "data-label": "Why" }, words(one.cause)),
    h("td", { "data-label": "State" }, h("span", { class: `mark ${tones[one.state] ?? ""}` }, words(one.state)), " ", one.summary),
    h("td", { "data-label": "Answer after" }, one.latency_ms === null ? "" : `${one.latency_ms} ms`),
    h("td", { "data-label": "Requests" }, asked.length > 0 ? h("ul", {}, ...asked.map((text) => h("li", {}, text)))
      : `${one.attempts}`));
}
