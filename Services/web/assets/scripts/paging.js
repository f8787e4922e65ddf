// A list of the API as rows of a table, a page at a time.

import { list } from "./api.js";
import { busy, empty, failure, h, show } from "./dom.js";

/**
 * Fills `place` with the first page, and with more on demand.
 * @param {HTMLElement} place
 * @param {object} wishes `path` and `parameters` of the list; `reading` is said while it is read, `none` where it is empty;
 *   `table` makes the table around `rows`, of which `total` there are; `row` makes one of a thing; `counted` is false for a list
 *   that tells no total.
 */
export async function pages(place, { path, parameters, counted = true, reading, none, table, row, signal }) {
  const rows = h("tbody");
  const more = async (cursor) => {
    const waiting = busy(reading);
    if (cursor) place.append(waiting); else show(place, waiting);
    try {
      const page = await list(path, { ...parameters, cursor, ...(cursor || !counted ? {} : { count: "true" }) }, signal);
      if (signal.aborted) return;
      waiting.remove();
      if (!cursor) {
        if (page.data.length === 0) return show(place, empty(none));
        show(place, table(rows, page.total));
      }
      rows.append(...page.data.map(row));
      place.querySelector("[data-more]")?.remove();
      if (page.next) {
        place.append(h("p", { "data-more": true }, h("button", { type: "button", on: { click: () => more(page.next) } }, "Show more")));
      }
    } catch (error) {
      waiting.remove();
      if (!signal.aborted) place.append(failure(error, (event) => { event.target.closest(".notice").remove(); more(cursor); }));
    }
  };
  await more(null);
}
