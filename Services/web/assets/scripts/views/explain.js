// Why a login would get its answer: the rules that radius-server looked at, each with its value and source.

import { call } from "../api.js";
import { busy, empty, failure, h, show } from "../dom.js";
import { time, words } from "../format.js";

export async function explain(place, service, signal) {
  show(place, busy("Asking radius-server"));
  try {
    const answer = (await call("/api/v1/explain", {
      method: "POST", signal, headers: { "content-type": "application/json" },
      body: JSON.stringify({ tenant_id: service.tenant_id, username: service.username }),
    })).data;
    if (!signal.aborted) show(place, explanation(answer));
  } catch (error) {
    if (signal.aborted) return;
    show(place, error.status === 403 ? empty("You may not ask this.") : failure(error, () => explain(place, service, signal)));
  }
}

function explanation({ server, explanation: answer }) {
  const isRefused = answer.outcome !== "accept";
  return h("div", {},
    h("p", { class: `notice ${isRefused ? "bad" : "good"}` },
      `A login would get: ${answer.outcome}${answer.reason ? `, ${words(answer.reason)}` : ""}. `,
      h("span", { class: "small" }, `As ${server} decides for `, time(answer.at), ".")),
    h("div", { class: "scroll" }, h("table", { class: "cards" },
      h("caption", {}, "The rules, in the order in which they are looked at"),
      h("thead", {}, h("tr", {}, ...["Rule", "Outcome", "Value", "From"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, ...(answer.rules ?? []).map((rule) => h("tr", {},
        h("th", { scope: "row" }, words(rule.name)),
        h("td", { "data-label": "Outcome" }, h("span", { class: `mark ${rule.outcome === "refused" ? "bad" : ""}` }, rule.outcome)),
        h("td", { "data-label": "Value" }, rule.value),
        h("td", { "data-label": "From" }, (rule.sources ?? []).map((source) =>
          [source.kind, source.name, source.version ? `v${source.version}` : ""].filter(Boolean).join(" ")).join("; "))))))),
    (answer.notes ?? []).length > 0 && h("ul", { class: "small quiet" }, ...answer.notes.map((note) => h("li", {}, note))));
}
