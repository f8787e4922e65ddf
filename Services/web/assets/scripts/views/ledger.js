// The books, for operators: whether they are proved, signed and right, and where money and the network disagree. Refreshed while one
// looks; what somebody is about to click stays where it is.

import { list, one } from "../api.js";
import { announce, busy, empty, failure, h, show } from "../dom.js";
import { ago, duration, time, words } from "../format.js";
import { amount } from "./wallet.js";

/** Milliseconds between two looks: three requests each, of the hundred that a user has in a minute. */
const pace = 6_000;

const kinds = [
  { name: "paid_offline", title: "Paid for and kept out", none: "Nobody who has paid is kept out." },
  { name: "unpaid_online", title: "Online and not paid for", none: "Nobody is online who has not paid." },
];

export async function ledgerView(main, { signal }) {
  const [lanes, trouble] = [h("div", {}, busy("Reading the books")), h("div")];
  const parts = kinds.map((kind) => exposures(kind, signal));
  show(main,
    h("h1", {}, "Ledger"), trouble, lanes,
    h("div", { class: "columns" }, ...parts.map((part) => part.panel)));
  const looks = [verification(lanes, signal), ...parts.map((part) => part.look)];
  let told = null;
  const look = async () => {
    const failed = (await Promise.allSettled(looks.map((one) => one()))).find(({ status }) => status === "rejected");
    // The same failure again is no news.
    if (signal.aborted || (failed?.reason.message ?? null) === told) return;
    told = failed?.reason.message ?? null;
    show(trouble, failed && failure(failed.reason));
  };
  await look();
  refresh(look, signal);
}

/** For as long as one looks: a page behind others asks for nothing. */
async function refresh(look, signal) {
  while (!signal.aborted) {
    await pause(signal);
    if (!signal.aborted && !document.hidden) await look();
  }
}

function pause(signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, pace);
    signal.addEventListener("abort", end);
  });
}

// The lanes.

const marks = {
  whole: ["good", "proved"], behind: ["warn", "being proved"], wrong: ["bad", "wrong"], unknown: ["warn", "not checked"],
};

function verification(place, signal) {
  let before = null;
  return async () => {
    let found;
    try {
      found = await one("/api/v1/ledger/verification", signal);
    } catch (error) {
      // Without a first answer there is nothing to go on showing.
      if (!signal.aborted && before === null) show(place, empty("The books cannot be read."));
      throw error;
    }
    if (signal.aborted) return;
    show(place, found.length === 0
      ? h("section", { class: "panel" }, h("h2", {}, "Books"),
        empty("There is no book to see: it begins with the first payment, and is the operator's to look at."))
      : found.map(lane));
    const wrong = found.filter((one) => one.state === "wrong").map((one) => one.currency).join(", ");
    if (before !== null && wrong !== before && wrong) announce(`The books are wrong: ${wrong}.`);
    before = wrong;
  };
}

function lane(found) {
  const [tone, said] = marks[found.state] ?? ["warn", words(found.state)];
  return h("section", { class: "panel", "aria-label": `Books in ${found.currency}` },
    h("div", { class: "title" }, h("h2", {}, `Books in ${found.currency}`), h("span", { class: `mark ${tone}` }, said)),
    h("ul", { class: "observed" }, ...facts(found)), clearing(found));
}

/** What is known of a lane: a tone, sentences, who says so, and when. */
export function facts(found) {
  const rows = [];
  const add = (tone, source, at, ...text) => rows.push(h("li", { class: tone }, ...text,
    h("span", { class: "source" }, "From ", source, at && [", ", time(at), ` (${ago(at)})`])));
  if (found.difference) {
    add("bad", "verification", found.found_at, `Something is wrong: ${found.difference}. `,
      "Keep the database as it is and run ", h("code", {}, "nexora ledger verify"), ", which also ends this once nothing is wrong any more.");
  }
  if (found.sum !== null && Number(found.sum) !== 0) {
    add("bad", "billing-worker", found.figured_at, `All accounts together have ${amount(found.sum)} ${found.currency}; it must be zero.`);
  }
  if (found.checked_at === null) add("warn", "the worker's table", null, "Nobody has looked yet. Does billing-worker run?");
  else if (found.state === "unknown") {
    add("warn", "verification", found.checked_at, `Nobody has looked for ${duration(found.age_seconds)}. Does billing-worker run?`);
  } else if (found.state !== "wrong") {
    const isWhole = found.state === "whole";
    add(isWhole ? "good" : "warn", "verification", found.checked_at,
      `Read again and proved up to batch ${found.verified_through}${isWhole ? ", all that there are" : ` of ${found.batches}`}.`);
  }
  if (found.batches > 0) {
    const waits = found.unsigned_since !== null && Date.now() - Date.parse(found.unsigned_since) > 10_000;
    add(waits ? "warn" : "good", "signed checkpoints", found.signed_at,
      found.signed_at === null ? "Nothing is signed yet." : `Signed up to batch ${found.checkpoint}.`,
      waits && [" Batches since ", time(found.unsigned_since), " are not signed."]);
  }
  if (found.sum !== null && Number(found.sum) === 0) {
    add("good", "billing-worker", found.figured_at, `The balances of ${found.accounts} accounts sum to zero`,
      Number(found.held) > 0 ? `; ${amount(found.held)} ${found.currency} are held.` : ".");
  }
  add("", "verification", found.sampled_at, `${found.verified_rows} rows in ${found.verified_batches} batches were read again so far.`,
    found.sampled_at ? " The time is that of the last sample from anywhere." : "");
  add("", "nexora ledger verify", found.proven_at,
    found.proven_at ? "All of it was proved at once." : "A run over everything was never stored.");
  return rows;
}

function clearing(found) {
  if (found.clearing.length === 0) return null;
  return h("div", { class: "scroll" }, h("table", { class: "cards" },
    h("caption", {}, "What gateways owe us (below zero), or we them"),
    h("thead", {}, h("tr", {}, ...["Gateway", "Balance", "Not settled since"].map((name, index) =>
      h("th", { scope: "col", class: index === 1 && "numeric" }, name)))),
    h("tbody", {}, ...found.clearing.map((account) => h("tr", {},
      h("th", { scope: "row" }, words(account.gateway)),
      h("td", { "data-label": "Balance", class: "numeric" }, `${amount(account.balance)} ${found.currency}`),
      h("td", { "data-label": "Not settled since" }, account.unsettled_since ? time(account.unsettled_since) : "settled"))))));
}

// Exposures.

function exposures(kind, signal) {
  const [count, place] = [h("span", { class: "mark" }, "…"), h("div", {}, busy("Reading"))];
  let shown = null;
  let hasMore = false;
  const path = "/api/v1/ledger/exposures";
  const wanted = { filter: `kind:eq:${kind.name}`, limit: 25 };
  const look = async () => {
    let page;
    try {
      page = await list(path, { ...wanted, count: "true" }, signal);
    } catch (error) {
      if (!signal.aborted && shown === null) show(place, empty("This cannot be read."));
      throw error;
    }
    if (signal.aborted) return;
    count.textContent = String(page.total);
    count.className = `mark ${page.total > 0 ? "bad" : "good"}`;
    // What somebody opened further, or is about to follow, stays; the number above tells that it is another one now.
    const text = JSON.stringify(page.data);
    if (text === shown || (page.total > 0 && (hasMore || place.contains(document.activeElement)))) return;
    shown = text;
    hasMore = false;
    show(place, page.data.length === 0 ? empty(kind.none) : table(kind, page));
  };
  const table = ({ title }, page) => {
    const body = h("tbody", {}, ...page.data.map(row));
    const acts = h("div", { class: "acts" });
    const further = (cursor) => show(acts, cursor && h("button", { type: "button", on: { click: () => more(cursor) } }, "Show more"));
    const more = async (cursor) => {
      hasMore = true;
      try {
        const next = await list(path, { ...wanted, cursor }, signal);
        body.append(...next.data.map(row));
        further(next.next);
      } catch (error) {
        if (!signal.aborted) show(acts, failure(error, () => more(cursor)));
      }
    };
    further(page.next);
    return [h("div", { class: "scroll" }, h("table", { class: "cards" },
      h("caption", { class: "visually-hidden" }, title),
      h("thead", {}, h("tr", {}, ...["User name", "Service", "Subscription"].map((name) => h("th", { scope: "col" }, name)))),
      body)), acts];
  };
  return { panel: h("section", { class: "panel", "aria-label": kind.title }, h("h2", {}, kind.title, " ", count), place), look };
}

function row(found) {
  return h("tr", {},
    h("th", { scope: "row" }, h("a", { href: `#/subscriber/${found.customer_id}` }, found.username ?? "a service that is gone")),
    h("td", { "data-label": "Service" }, words(found.service_status)),
    h("td", { "data-label": "Subscription" }, words(found.subscription_state)));
}
