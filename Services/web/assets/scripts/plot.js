// The plot of usage: bars by day, drawn as SVG. The same numbers stand in a table below it.

import { h, svg } from "./dom.js";
import { octets } from "./format.js";

const width = 720;
const height = 220;
const edge = { start: 62, end: 8, top: 10, bottom: 26 };

/**
 * Bars of the last days. Days without usage are shown as such.
 * @param {{day: string, input_octets: number, output_octets: number}[]} rows one per day and service
 * @param {number} days how many, today the last
 */
export function usagePlot(rows, days = 30) {
  const series = byDay(rows, days);
  const highest = Math.max(1, ...series.map((day) => Math.max(day.download, day.upload)));
  const top = roundUp(highest);
  const total = series.reduce((sum, day) => ({
    download: sum.download + day.download, upload: sum.upload + day.upload,
  }), { download: 0, upload: 0 });
  const summary = `${octets(total.download)} downloaded and ${octets(total.upload)} uploaded in ${days} days`;
  return h("figure", { class: "plot" },
    h("ul", { class: "legend" },
      h("li", {}, swatch("download"), `Download ${octets(total.download)}`),
      h("li", {}, swatch("upload"), `Upload ${octets(total.upload)}`)),
    svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Usage by day: ${summary}` },
      ...axes(top), ...series.flatMap((day, index) => bars(day, index, series.length, top)),
      ...labels(series)),
    table(series));
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

function bars(day, index, count, top) {
  const step = (width - edge.start - edge.end) / count;
  const x = edge.start + index * step;
  const wide = Math.max(1, step * 0.38);
  const tip = `${day.day}: ${octets(day.download)} down, ${octets(day.upload)} up`;
  return ["download", "upload"].map((name, place_) => {
    const y = place(day[name], top);
    return svg("rect", {
      class: name, x: x + step * 0.1 + place_ * wide, y, width: wide, height: Math.max(0, place(0, top) - y),
    }, svg("title", {}, tip));
  });
}

function labels(series) {
  const step = (width - edge.start - edge.end) / series.length;
  const every = Math.ceil(series.length / 6);
  return series.map((day, index) => (index % every === 0) && svg("text", {
    x: edge.start + (index + 0.5) * step, y: height - 8, "text-anchor": "middle",
  }, day.day.slice(5)));
}

function place(value, top) {
  return edge.top + (1 - value / top) * (height - edge.top - edge.bottom);
}

function swatch(name) {
  return svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, svg("rect", { class: name, width: 10, height: 10 }));
}

function table(series) {
  return h("details", {},
    h("summary", {}, "The same as a table"),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Usage by day" },
      h("table", {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Day"),
          h("th", { scope: "col", class: "numeric" }, "Download"), h("th", { scope: "col", class: "numeric" }, "Upload"))),
        h("tbody", {}, ...[...series].reverse().map((day) => h("tr", {},
          h("th", { scope: "row" }, day.day), h("td", { class: "numeric" }, octets(day.download)),
          h("td", { class: "numeric" }, octets(day.upload))))))));
}
