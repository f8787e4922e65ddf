// What a subscriber used, by day or hour, and how his services stand with their quotas.

import { one } from "../api.js";
import { busy, empty, failure, h, show, svg } from "../dom.js";
import { duration, octets, time } from "../format.js";
import { hourPlot, usagePlot } from "../plot.js";

const days = 30;
const hours = 48;

/**
 * The panel. `services` answers the subscriber's services.
 * @returns {{panel: HTMLElement, reload: () => void}} what is shown, and what has the quotas read anew
 */
export function usagePanel(services, signal) {
  const [heading, drawn, standing] = [h("h2", {}, `Usage, ${days} days`), h("div"), h("div")];
  const buttons = ["days", "hours"].map((unit) => h("button", {
    type: "button", "aria-pressed": String(unit === "days"), on: { click: () => draw(unit) },
  }, unit === "days" ? `${days} days` : `${hours} hours`));
  const draw = (unit) => {
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String((index === 0) === (unit === "days"))));
    heading.textContent = unit === "days" ? `Usage, ${days} days` : `Usage, ${hours} hours`;
    // Whoever asks for the other meanwhile gets the other.
    const place = h("div");
    show(drawn, place);
    load(place, async () => (unit === "days" ? daily(await services(), signal) : hourly(await services(), signal)), signal);
  };
  const read = () => load(standing, async () => quotas(await services(), signal), signal);
  let soon = 0;
  // Several events that come together are one reason to look.
  const reload = () => {
    clearTimeout(soon);
    soon = setTimeout(() => !signal.aborted && read(), 300);
  };
  draw("days");
  read();
  return {
    panel: h("section", { class: "panel" }, heading, h("div", { class: "acts", role: "group", "aria-label": "Span" }, ...buttons),
      drawn, h("h3", {}, "Quotas"), standing),
    reload,
  };
}

/** Fills a place; what stands there stays until there is something else. */
async function load(place, make, signal) {
  if (!place.hasChildNodes()) show(place, busy("Reading"));
  try {
    const content = await make();
    if (!signal.aborted) show(place, content);
  } catch (error) {
    if (!signal.aborted) {
      show(place, error.status === 403 ? empty("You may not see this.") : failure(error, () => load(place, make, signal)));
    }
  }
}

async function daily(services, signal) {
  const from = new Date(Date.now() - (days - 1) * 86_400_000).toISOString().slice(0, 10);
  const rows = await ofAll(services, (id) => `/api/v1/radius/usage/${id}?from=${from}`, signal);
  return rows.length === 0 ? empty(`Nothing was used in the last ${days} days.`) : usagePlot(rows, days);
}

async function hourly(services, signal) {
  const rows = await ofAll(services, (id) => `/api/v1/radius/usage/${id}/hours?hours=${hours}`, signal);
  return rows.length === 0 ? empty(`Nothing was used in the last ${hours} hours.`) : hourPlot(rows, hours);
}

async function ofAll(services, path, signal) {
  return (await Promise.all(services.map((service) => one(path(service.id), signal)))).flat();
}

async function quotas(services, signal) {
  const standings = await Promise.all(services.map(async (service) => ({
    service, ...await one(`/api/v1/services/${service.id}/quota`, signal),
  })));
  const shown = standings.filter(({ quotas: found, restriction }) => found.length > 0 || restriction !== "none");
  if (shown.length === 0) return empty(services.length === 0 ? "There is no service." : "His plan has no quotas.");
  return shown.map((standing) => h("div", { class: "standing" },
    standings.length > 1 && h("p", {}, h("code", {}, standing.service.username)),
    standing.restriction !== "none" && h("p", { class: `notice ${standing.restriction === "blocked" ? "bad" : "warn"}` },
      standing.restriction === "blocked" ? "Kept out by a quota until " : "Slowed down by a quota until ",
      time(standing.restricted_until), "."),
    ...standing.quotas.map(bar)));
}

/** How much of a quota is used: in percent, rounded down, and what is to be said of it. */
export function level(quota) {
  if (quota.allowance < 0) return { percent: null, tone: "", said: "no limit" };
  const percent = quota.allowance === 0 ? 100 : Math.floor((quota.used / quota.allowance) * 100);
  if (quota.is_used_up || percent >= 100) return { percent, tone: "bad", said: "used up" };
  if (percent >= 95) return { percent, tone: "bad", said: "95 % reached" };
  if (percent >= 80) return { percent, tone: "warn", said: "80 % reached" };
  return { percent, tone: "good", said: "" };
}

function bar(quota) {
  const value = quota.resource === "octets" ? octets : duration;
  const { percent, tone, said } = level(quota);
  const text = percent === null ? `${value(quota.used)} used, ${said}`
    : `${value(quota.used)} of ${value(quota.allowance)} used, ${percent} %`;
  return h("div", { class: "quota" },
    h("p", {}, h("strong", {}, quota.name), `: ${text} `, percent !== null && said && h("span", { class: `mark ${tone}` }, said),
      quota.is_unpaid && h("span", { class: "mark bad" }, "overage is not paid")),
    percent !== null && h("div", {
      class: "meter", role: "meter", "aria-label": quota.name, "aria-valuemin": "0", "aria-valuemax": "100",
      "aria-valuenow": String(Math.min(100, percent)), "aria-valuetext": text,
    }, svg("svg", { viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { class: "track", width: 100, height: 4 }),
      svg("rect", { class: tone, width: Math.min(100, percent), height: 4 }),
      ...[80, 95].map((threshold) => svg("line", { x1: threshold, x2: threshold, y1: 0, y2: 4 })))),
    h("p", { class: "quiet small" },
      percent !== null && quota.left !== null && `${value(quota.left)} left. `,
      quota.bonus > 0 && `${value(quota.bonus)} of it came on top. `,
      percent !== null && "Told at the marks, 80 and 95 %. ", "The window ends ", time(quota.window_end), "."));
}
