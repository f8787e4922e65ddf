// The plots of usage: bars by day or by hour, drawn as SVG. The same numbers are read one by one with the arrow keys, and stand in a
// table below.

import { h, svg } from "./dom.js";
import { octets } from "./format.js";

const width = 720;
const height = 220;
const edge = { start: 62, end: 8, top: 10, bottom: 26 };
let plots = 0;

/**
 * Bars of the last days. Days without usage are shown as such.
 * @param {{day: string, input_octets: number, output_octets: number}[]} rows one per day and service
 * @param {number} days how many, today the last
 */
export function usagePlot(rows, days = 30) {
  const series = byDay(rows, days).map(({ day, ...sums }) => ({ label: day, short: day.slice(5), ...sums }));
  return plot("day", series);
}

/** Bars of the last hours of UTC, this one the last. */
export function hourPlot(rows, hours = 48) {
  const series = byHour(rows, hours).map(({ hour, ...sums }) => ({
    label: `${hour.slice(0, 10)} ${hour.slice(11, 16)} UTC`, short: hour.slice(11, 16), ...sums,
  }));
  return plot("hour", series);
}

function plot(unit, series) {
  const highest = Math.max(1, ...series.map((bar) => Math.max(bar.download, bar.upload)));
  const top = roundUp(highest);
  const total = series.reduce((sum, bar) => ({
    download: sum.download + bar.download, upload: sum.upload + bar.upload,
  }), { download: 0, upload: 0 });
  const summary = `${octets(total.download)} downloaded and ${octets(total.upload)} uploaded in ${series.length} ${unit}s`;
  const id = `plot-${plots += 1}`;
  const mark = svg("rect", { class: "at", y: edge.top, width: step(series.length), height: height - edge.top - edge.bottom, x: -width });
  const drawing = svg("svg", {
    viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-about`,
  },
  svg("title", { id: `${id}-title` }, `Usage by ${unit}`), svg("desc", { id: `${id}-about` }, summary),
  mark, ...axes(top), ...series.flatMap((bar, index) => bars(bar, index, series.length, top)), ...labels(series));
  return h("figure", { class: "plot" },
    h("ul", { class: "legend" },
      h("li", {}, swatch("download"), `Download ${octets(total.download)}`),
      h("li", {}, swatch("upload"), `Upload ${octets(total.upload)}`)),
    drawing, walk(unit, series, drawing, mark), table(unit, series));
}

/** One bar after the other, by keyboard or by pointing at them. */
function walk(unit, series, drawing, mark) {
  let at = series.length - 1;
  const place = h("div", {
    class: "walk small", role: "slider", tabindex: "0", "aria-label": `Usage, ${unit} by ${unit}`,
    "aria-valuemin": "0", "aria-valuemax": String(series.length - 1),
  });
  const go = (wanted) => {
    at = Math.min(series.length - 1, Math.max(0, wanted));
    const text = tip(series[at]);
    place.setAttribute("aria-valuenow", String(at));
    place.setAttribute("aria-valuetext", text);
    place.textContent = text;
    mark.setAttribute("x", String(edge.start + at * step(series.length)));
  };
  const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -7, PageUp: 7, Home: -Infinity, End: Infinity };
  place.addEventListener("keydown", (event) => {
    if (!(event.key in steps)) return;
    event.preventDefault();
    go(at + steps[event.key]);
  });
  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    // The drawing keeps its proportions, in the middle of its box.
    const scale = Math.min(box.width / width, box.height / height);
    const x = (event.clientX - box.left - (box.width - width * scale) / 2) / scale - edge.start;
    go(Math.floor(x / step(series.length)));
  });
  go(at);
  return place;
}

/** One entry for each day up to today, several services together. */
export function byDay(rows, days, today = new Date()) {
  const sums = new Map();
  for (const row of rows) {
    const sum = sums.get(row.day) ?? { download: 0, upload: 0 };
    // The API counts from the subscriber's side: input is what he sent.
    sum.upload += Number(row.input_octets);
    sum.download += Number(row.output_octets);
    sums.set(row.day, sum);
  }
  return Array.from({ length: days }, (_, index) => {
    const date = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate() - days + 1 + index));
    const day = date.toISOString().slice(0, 10);
    return { day, ...(sums.get(day) ?? { download: 0, upload: 0 }) };
  });
}

/** One entry for each hour of UTC up to this one, several services together. */
export function byHour(rows, hours, now = new Date()) {
  const sums = new Map();
  for (const row of rows) {
    const hour = new Date(row.hour).toISOString();
    const sum = sums.get(hour) ?? { download: 0, upload: 0 };
    sum.upload += Number(row.input_octets);
    sum.download += Number(row.output_octets);
    sums.set(hour, sum);
  }
  const last = Math.floor(now.getTime() / 3_600_000);
  return Array.from({ length: hours }, (_, index) => {
    const hour = new Date((last - hours + 1 + index) * 3_600_000).toISOString();
    return { hour, ...(sums.get(hour) ?? { download: 0, upload: 0 }) };
  });
}

/** The next of 1, 2, 5, 10, 20, … that is not below. */
export function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

function axes(top) {
  return [0, 0.5, 1].flatMap((part) => {
    const y = place(part * top, top);
    return [
      svg("line", { class: "axis", x1: edge.start, x2: width - edge.end, y1: y, y2: y }),
      svg("text", { x: edge.start - 6, y: y + 4, "text-anchor": "end" }, octets(part * top)),
    ];
  });
}

/** How wide the place of one of so many bars is. */
function step(count) {
  return (width - edge.start - edge.end) / count;
}

function tip(bar) {
  return `${bar.label}: ${octets(bar.download)} down, ${octets(bar.upload)} up`;
}

function bars(bar, index, count, top) {
  const x = edge.start + index * step(count);
  const wide = Math.max(1, step(count) * 0.38);
  return ["download", "upload"].map((name, place_) => {
    const y = place(bar[name], top);
    return svg("rect", {
      class: name, x: x + step(count) * 0.1 + place_ * wide, y, width: wide, height: Math.max(0, place(0, top) - y),
    }, svg("title", {}, tip(bar)));
  });
}

function labels(series) {
  const every = Math.ceil(series.length / 6);
  return series.map((bar, index) => (index % every === 0) && svg("text", {
    x: edge.start + (index + 0.5) * step(series.length), y: height - 8, "text-anchor": "middle",
  }, bar.short));
}

function place(value, top) {
  return edge.top + (1 - value / top) * (height - edge.top - edge.bottom);
}

function swatch(name) {
  return svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, svg("rect", { class: name, width: 10, height: 10 }));
}

function table(unit, series) {
  return h("details", {},
    h("summary", {}, "The same as a table"),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Usage by ${unit}` },
      h("table", {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, unit === "day" ? "Day" : "Hour"),
          h("th", { scope: "col", class: "numeric" }, "Download"), h("th", { scope: "col", class: "numeric" }, "Upload"))),
        h("tbody", {}, ...[...series].reverse().map((bar) => h("tr", {},
          h("th", { scope: "row" }, bar.label), h("td", { class: "numeric" }, octets(bar.download)),
          h("td", { class: "numeric" }, octets(bar.upload))))))));
}
