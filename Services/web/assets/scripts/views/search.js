// The first page: one field that finds a subscriber.

import { list, query } from "../api.js";
import { busy, empty, failure, field, h, show } from "../dom.js";
import { words } from "../format.js";

export async function searchView(main, { query: asked, signal }) {
  const text = asked.get("q") ?? "";
  const input = h("input", {
    type: "search", id: "find", value: text, autocomplete: "off", spellcheck: "false", maxlength: "100",
  });
  const results = h("div", { "aria-live": "polite" });
  const submit = (event) => {
    event.preventDefault();
    const place = `#/subscribers?${query({ q: input.value.trim() })}`;
    if (location.hash === place) run(input.value.trim()); else location.hash = place;
  };
  show(main,
    h("h1", {}, "Subscribers"),
    h("form", { class: "search panel", role: "search", on: { submit } },
      field("Find a subscriber", input, "Name, code, e-mail, telephone or user name."),
      h("button", { class: "primary", type: "submit" }, "Search")),
    results);
  input.focus();

  const run = async (wanted) => {
    if (wanted === "") {
      return show(results, empty("Type a part of a name, a code, an e-mail address, a telephone number or a user name."));
    }
    show(results, busy("Searching"));
    try {
      const [customers, services] = await Promise.all([
        list("/api/v1/customers", { q: wanted, limit: 25 }, signal),
        list("/api/v1/services", { filter: `username:prefix:${wanted}`, limit: 25 }, signal).catch(() => ({ data: [] })),
      ]);
      const hits = [
        ...services.data.map((service) => hit(service.customer_id, service.username, `User name, ${words(service.kind)}`, service.status)),
        ...customers.data.map((customer) => hit(customer.id, customer.name || customer.code,
          [customer.code, customer.email, customer.phone].filter(Boolean).join(" · "), customer.status)),
      ];
      if (hits.length === 0) return show(results, empty(`Nobody is found for "${wanted}".`));
      show(results, h("section", { class: "panel", "aria-label": "Results" },
        h("p", { class: "quiet" }, customers.next ? "The first 25; type more to narrow them down." : `${hits.length} found.`),
        h("ul", { class: "hits" }, ...hits)));
    } catch (error) {
      if (!signal.aborted) show(results, failure(error, () => run(wanted)));
    }
  };
  await run(text);
}

function hit(customer, name, about, status) {
  return h("li", {}, h("a", { href: `#/subscriber/${customer}` },
    h("span", { class: "name" }, name), statusMark(status), h("span", { class: "about small" }, about)));
}

/** A status in words and colour. */
export function statusMark(status) {
  const tone = status === "active" ? "good" : ["suspended", "expired", "pending"].includes(status) ? "warn" : "";
  return h("span", { class: `mark ${tone}` }, words(status));
}
