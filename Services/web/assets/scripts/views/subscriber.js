// One subscriber: who, plan, online or why not, usage, sessions. Facts with their source and time, never a verdict.

import { list, one, query, session } from "../api.js";
import { busy, empty, failure, h, show } from "../dom.js";
import { ago, duration, octets, rate, time, words } from "../format.js";
import { watch } from "../live.js";
import { endSession } from "./end-session.js";
import { enforcementsPanel, historyLink } from "./enforcements.js";
import { explain } from "./explain.js";
import { personalPanel } from "./personal.js";
import { statusMark } from "./search.js";
import { usagePanel } from "./usage.js";
import { walletPanel } from "./wallet.js";

export async function subscriberView(main, { argument: id, signal }) {
  show(main, busy("Reading the subscriber"));
  const customer = await one(`/api/v1/customers/${encodeURIComponent(id)}`, signal);
  if (signal.aborted) return;
  document.title = `${customer.name || customer.code} - Nexora`;
  const services = () => list("/api/v1/services", { filter: `customer_id:eq:${customer.id}`, limit: 25 }, signal);
  const usage = usagePanel(async () => (await services()).data, signal);
  const asked = enforcementsPanel(async () => (await services()).data, signal);
  const parts = { services: h("div"), sessions: panel("Sessions"), events: panel("Latest events") };
  show(main,
    h("div", { class: "title" }, h("h1", {}, customer.name || customer.code), statusMark(customer.status)),
    h("div", { class: "columns" }, who(customer), parts.services),
    walletPanel(customer, signal), usage.panel, parts.sessions, asked.panel, parts.events, personalPanel(customer, signal));

  load(parts.services, async () => {
    const { data } = await services();
    if (data.length === 0) return [h("section", { class: "panel" }, h("h2", {}, "Service"), empty("There is no service."))];
    return Promise.all(data.map((service) => serviceCard(service, customer, signal)));
  }, signal);
  load(parts.sessions.lastChild, () => sessionTable(customer, signal, asked.reload), signal);
  follow(parts.events.lastChild, customer, signal, (name) => {
    if (name.startsWith("quota.") || name.startsWith("access.")) usage.reload();
    if (name.startsWith("provisioning.") || name.startsWith("session.")) asked.reload();
  });
}

function panel(title) {
  return h("section", { class: "panel" }, h("h2", {}, title), h("div"));
}

/** Fills a part of the page, and says so where that fails; the others do not wait for it. */
async function load(place, make, signal) {
  show(place, busy("Reading"));
  try {
    const content = await make();
    if (!signal.aborted) show(place, content);
  } catch (error) {
    if (!signal.aborted) {
      show(place, error.status === 403 ? empty("You may not see this.") : failure(error, () => load(place, make, signal)));
    }
  }
}

function who(customer) {
  const rows = [
    ["Code", h("code", {}, customer.code)], ["E-mail", customer.email], ["Telephone", customer.phone],
    ["Address", customer.address], ["Installed", customer.installed_on],
    ["Monthly fee", customer.monthly_fee && `${customer.monthly_fee} ${customer.currency ?? ""}`],
    ["Tags", customer.tags?.join(", ")], ["Notes", customer.notes],
  ].filter(([, value]) => value);
  return h("section", { class: "panel" }, h("h2", {}, "Who"),
    h("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}

async function serviceCard(service, customer, signal) {
  const [plan, sessions] = await Promise.all([
    service.plan_id ? one(`/api/v1/service-plans/${service.plan_id}`, signal).catch(() => null) : null,
    list("/api/v1/radius/sessions", { filter: `service_id:eq:${service.id}`, sort: "-started_at", limit: 5 }, signal)
      .then(({ data }) => data, () => null),
  ]);
  const why = h("div");
  const ask = h("button", { type: "button", on: { click: () => explain(why, service, signal) } }, "What would a login get now?");
  return h("section", { class: "panel", "aria-label": `Service ${service.username}` },
    h("h2", {}, h("code", {}, service.username), " ", statusMark(service.status)),
    h("dl", { class: "facts" },
      h("dt", {}, "Plan"), h("dd", {}, plan ? `${plan.name}, ${rate(plan.download_bps)} down, ${rate(plan.upload_bps)} up` : "not known"),
      h("dt", {}, "Expires"), h("dd", {}, time(service.expires_at)),
      service.static_ipv4 && [h("dt", {}, "Address"), h("dd", {}, h("code", {}, service.static_ipv4))],
      service.bound_mac && [h("dt", {}, "Bound to"), h("dd", {}, h("code", {}, service.bound_mac), " since ", time(service.bound_at))]),
    h("h3", { class: "visually-hidden" }, "Online, or why not"),
    h("ul", { class: "observed" }, ...facts(service, customer, sessions)),
    ask, why);
}

/** What is known, where that stands, and when it was so. */
function facts(service, customer, sessions) {
  const found = [];
  const add = (tone, source, at, ...text) => found.push(h("li", { class: tone }, ...text,
    h("span", { class: "source" }, "From ", source, at && [", ", time(at), ` (${ago(at)})`])));
  if (sessions === null) add("warn", "the API", null, "The sessions could not be read.");
  const open = (sessions ?? []).filter((session) => session.is_open);
  for (const one of open) {
    add("good", "accounting, the session's last report", one.last_update_at,
      "Online since ", time(one.started_at), ` at ${one.nas_name ?? "a NAS"}`,
      one.framed_ipv4 && [" as ", h("code", {}, one.framed_ipv4)],
      `, ${octets(one.output_octets)} down, ${octets(one.input_octets)} up.`);
  }
  if (sessions !== null && open.length === 0) {
    const last = sessions[0];
    if (last) {
      add("bad", "accounting", last.ended_at, `Not online: the last session, of ${duration(last.session_seconds)}, ended by `,
        endOf(last), ".");
    } else {
      add("bad", "the sessions' tables", null, "Not online: no session was ever seen.");
    }
  }
  if (service.status !== "active") add("bad", "the service's row", service.updated_at, `The service is ${words(service.status)}.`);
  if (service.expires_at && new Date(service.expires_at) < new Date()) add("bad", "the service's row", service.expires_at, "The service has expired.");
  if (customer.status !== "active") add("bad", "the customer's row", customer.updated_at, `The customer is ${words(customer.status)}.`);
  return found;
}

const causes = {
  1: "User-Request", 2: "Lost-Carrier", 3: "Lost-Service", 4: "Idle-Timeout", 5: "Session-Timeout", 6: "Admin-Reset",
  7: "Admin-Reboot", 8: "Port-Error", 9: "NAS-Error", 10: "NAS-Request", 11: "NAS-Reboot", 15: "Service-Unavailable",
  17: "User-Error", 18: "Host-Request",
};

function endOf(session) {
  const by = { stop: "the NAS's Stop", reaper: "silence", nas_reboot: "a restart of the NAS", replaced: "a newer session" };
  const cause = session.terminate_cause && (causes[session.terminate_cause] ?? `cause ${session.terminate_cause}`);
  return [by[session.closed_by] ?? words(session.closed_by), cause && `, ${cause}`].filter(Boolean).join("");
}

async function sessionTable(customer, signal, ended) {
  const { data } = await list("/api/v1/radius/sessions", {
    filter: `customer_id:eq:${customer.id}`, sort: "-started_at", limit: 10,
  }, signal);
  if (data.length === 0) return empty("No session was ever seen.");
  return h("div", { class: "scroll" }, h("table", { class: "cards" },
    h("thead", {}, h("tr", {}, ...["Started", "Ended", "Lasted", "NAS", "Address", "Down", "Up", ""].map((name, index) =>
      h("th", { scope: "col", class: index > 4 && name && "numeric" }, name)))),
    h("tbody", {}, ...data.map((session) => h("tr", {},
      h("td", { "data-label": "Started" }, time(session.started_at)),
      h("td", { "data-label": "Ended" }, session.is_open ? h("span", { class: "mark good" }, "online") : [time(session.ended_at), `, ${endOf(session)}`]),
      h("td", { "data-label": "Lasted" }, duration(session.session_seconds)),
      h("td", { "data-label": "NAS" }, session.nas_name ?? ""),
      h("td", { "data-label": "Address" }, h("code", {}, session.framed_ipv4 ?? session.framed_ipv6_prefix ?? "")),
      h("td", { "data-label": "Down", class: "numeric" }, octets(session.output_octets)),
      h("td", { "data-label": "Up", class: "numeric" }, octets(session.input_octets)),
      h("td", {}, endSession(session, signal, ended), historyLink(session)))))));
}

/** The subscriber's newest events, and those that come while one looks, of which `heard` is told. */
function follow(place, customer, signal, heard) {
  const rows = h("ul", { class: "observed" });
  show(place, empty("None in memory. New ones appear here as they happen."),
    h("p", {}, h("a", { href: `#/tail?${query({ customer: customer.id })}` }, "Open in the live tail")));
  const state = (name, error) => {
    if (name === "failed") show(place, error.status === 403 ? empty("You may not watch events.") : failure(error));
  };
  const event = ({ name, data: envelope }) => {
    if (!envelope?.data) return;
    const data = envelope.data;
    heard(name);
    const isBad = data.outcome === "OUTCOME_REJECT";
    rows.prepend(h("li", { class: isBad ? "bad" : "" }, h("strong", {}, name), " ",
      [data.outcome && words(data.outcome.replace("OUTCOME_", "").toLowerCase()), data.reason && words(data.reason), data.nasName]
        .filter(Boolean).join(", "),
      h("span", { class: "source" }, `From ${envelope.source}, `, time(envelope.time))));
    while (rows.children.length > 10) rows.lastChild.remove();
    if (!rows.isConnected) place.firstChild.replaceWith(rows);
  };
  if (session.user) watch(query({ customer: customer.id, last: 10 }), { event, state, signal });
}
