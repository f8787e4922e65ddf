// Values as people read them. Times are shown in the reader's zone and carry the exact one.

import { h } from "./dom.js";

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const dayTime = new Intl.DateTimeFormat("en", {
  year: "numeric", month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
});
const clock = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

/** 1536 -> "1.5 KB": powers of 1000, as plans are sold. */
export function octets(count) {
  let value = Number(count ?? 0);
  for (const unit of ["B", "KB", "MB", "GB", "TB"]) {
    if (Math.abs(value) < 1000) return `${number.format(value)} ${unit}`;
    value /= 1000;
  }
  return `${number.format(value)} PB`;
}

/** Bits per second: 50000000 -> "50 Mbit/s". */
export function rate(bits) {
  let value = Number(bits ?? 0);
  for (const unit of ["bit/s", "kbit/s", "Mbit/s"]) {
    if (Math.abs(value) < 1000) return `${number.format(value)} ${unit}`;
    value /= 1000;
  }
  return `${number.format(value)} Gbit/s`;
}

/** 3725 -> "1 h 2 min". */
export function duration(seconds) {
  const total = Math.max(0, Math.floor(Number(seconds ?? 0)));
  const [days, hours, minutes] = [Math.floor(total / 86400), Math.floor(total / 3600) % 24, Math.floor(total / 60) % 60];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  if (minutes > 0) return `${minutes} min ${total % 60} s`;
  return `${total} s`;
}

/** A time, with the exact one in the element. */
export function time(text) {
  const date = parse(text);
  return date ? h("time", { datetime: text, title: text }, dayTime.format(date)) : "never";
}

/** The time of day alone, to the millisecond: what a tail is read by. */
export function clockTime(text) {
  const date = parse(text);
  if (!date) return "";
  return h("time", { datetime: text, title: text },
    `${clock.format(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`);
}

/** How long ago, roughly. */
export function ago(text) {
  const date = parse(text);
  return date ? `${duration((Date.now() - date.getTime()) / 1000)} ago` : "never";
}

/** "wrong_password" -> "wrong password". */
export function words(text) {
  return String(text ?? "").replaceAll("_", " ");
}

function parse(text) {
  if (!text) return null;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? null : date;
}
