// A subscriber's money: what is in his wallets, what moved there, his last payments, and a top-up at the desk. Amounts are text as
// the API has them: no number of a browser holds them.

import { call, list, one, session, wishKey } from "../api.js";
import { announce, busy, empty, failure, field, h, show } from "../dom.js";
import { time, words } from "../format.js";

/** The panel, or null for who may not look. */
export function walletPanel(customer, signal) {
  const may = (permission) => session.user?.permissions?.includes(permission);
  if (!may("billing.read")) return null;
  const balances = h("div");
  const place = h("div");
  const payments = may("payments.read") ? h("div") : null;
  const reload = () => {
    load(balances, () => wallets(customer, place, signal), signal);
    if (payments) load(payments, () => lastPayments(customer, signal), signal);
  };
  const form = h("div");
  const desk = may("payments.create") && may("customers.update")
    && h("button", { type: "button", on: { click: () => show(form, topUp(form, customer, reload, signal)) } }, "Top up…");
  reload();
  return h("section", { class: "panel" }, h("h2", {}, "Wallet"), balances,
    desk && h("div", { class: "acts" }, desk), form, place,
    payments && [h("h3", {}, "Last payments"), payments]);
}

async function load(place, make, signal) {
  show(place, busy("Reading"));
  try {
    const content = await make();
    if (!signal.aborted) show(place, content);
  } catch (error) {
    if (!signal.aborted) show(place, failure(error, () => load(place, make, signal)));
  }
}

/** "12.3400" -> "12.34": two digits at least, and none that is there is dropped unless it is a zero behind them. */
export function amount(text) {
  return String(text ?? "").replace(/(\.\d{2}\d*?)0+$/, "$1");
}

async function wallets(customer, place, signal) {
  const found = await one(`/api/v1/customers/${customer.id}/wallets`, signal);
  show(place);
  if (found.length === 0) return empty("There is no wallet yet: the first top-up opens one.");
  load(place, () => history(found[0], signal), signal);
  return h("div", { class: "scroll" }, h("table", { class: "cards" },
    h("thead", {}, h("tr", {}, ...["Currency", "Available", "Held", "Balance", ""].map((name, index) =>
      h("th", { scope: "col", class: index > 0 && index < 4 && "numeric" }, name)))),
    h("tbody", {}, ...found.map((wallet) => h("tr", {},
      h("th", { scope: "row" }, wallet.currency, wallet.is_closed && h("span", { class: "mark warn" }, "closed")),
      h("td", { "data-label": "Available", class: "numeric" }, h("strong", {}, amount(wallet.available))),
      h("td", { "data-label": "Held", class: "numeric" }, amount(wallet.held)),
      h("td", { "data-label": "Balance", class: "numeric" }, amount(wallet.balance)),
      h("td", {}, h("button", {
        type: "button", class: "plain", "aria-label": `What moved in ${wallet.currency}`,
        on: { click: () => load(place, () => history(wallet, signal), signal) },
      }, "What moved")))))));
}

const tones = { credit: "good", commission: "good", debit: "" };

/** The newest entries, and more on demand. */
async function history(wallet, signal) {
  const body = h("tbody");
  const more = h("div", { class: "acts" });
  const path = `/api/v1/wallets/${wallet.id}/transactions`;
  const next = async (cursor) => {
    const page = await list(path, { limit: 10, cursor }, signal);
    body.append(...page.data.map(row));
    const again = async (event) => {
      event.target.disabled = true;
      try {
        await next(page.next);
      } catch (error) {
        if (!signal.aborted) show(more, failure(error, () => again(event)));
      }
    };
    show(more, page.next && h("button", { type: "button", on: { click: again } }, "Older"));
    return page.data.length;
  };
  if (await next(null) === 0) return empty(`Nothing has moved in ${wallet.currency}.`);
  return [h("h3", {}, `What moved in ${wallet.currency}`), h("div", { class: "scroll" }, h("table", { class: "cards" },
    h("thead", {}, h("tr", {}, ...["When", "What", "Amount", "Balance after"].map((name, index) =>
      h("th", { scope: "col", class: index > 1 && "numeric" }, name)))), body)), more];
}

function row(entry) {
  const sign = entry.type === "debit" ? "−" : "+";
  return h("tr", {},
    h("td", { "data-label": "When" }, time(entry.recorded_at)),
    h("td", { "data-label": "What" }, words(entry.purpose ?? entry.type), entry.description && `: ${entry.description}`,
      entry.reference && h("span", { class: "quiet small" }, " ", h("code", {}, entry.reference))),
    h("td", { "data-label": "Amount", class: "numeric" }, h("span", { class: tones[entry.type] && `mark ${tones[entry.type]}` },
      `${sign}${amount(entry.amount)}`)),
    h("td", { "data-label": "Balance after", class: "numeric" }, amount(entry.balance_after)));
}

const states = { completed: "good", pending: "warn", processing: "warn", failed: "bad", cancelled: "" };

async function lastPayments(customer, signal) {
  const { data } = await list("/api/v1/payments", { filter: `customer_id:eq:${customer.id}`, limit: 5 }, signal);
  if (data.length === 0) return empty("He has paid nothing yet.");
  return h("div", { class: "scroll" }, h("table", { class: "cards" },
    h("thead", {}, h("tr", {}, ...["When", "How", "State", "Amount"].map((name, index) =>
      h("th", { scope: "col", class: index > 2 && "numeric" }, name)))),
    h("tbody", {}, ...data.map((payment) => h("tr", {},
      h("td", { "data-label": "When" }, time(payment.created_at)),
      h("td", { "data-label": "How" }, words(payment.method), payment.refund_of && ", given back"),
      h("td", { "data-label": "State" }, h("span", { class: `mark ${states[payment.status] ?? ""}` }, payment.status),
        payment.failure && `: ${words(payment.failure)}`),
      h("td", { "data-label": "Amount", class: "numeric" }, `${amount(payment.amount)} ${payment.currency}`))))));
}

/** The form. A repetition of the same wish is the same wish: it keeps its key until its result is known. */
function topUp(place, customer, reload, signal) {
  const sum = h("input", {
    type: "text", id: "top-up-amount", required: true, inputmode: "decimal", autocomplete: "off", maxlength: "19",
    pattern: "[0-9]{1,14}(\\.[0-9]{1,4})?",
  });
  const currency = h("input", {
    type: "text", id: "top-up-currency", required: true, value: customer.currency ?? "EUR", maxlength: "3", pattern: "[A-Z]{3}",
  });
  const method = h("select", { id: "top-up-method" },
    h("option", { value: "cash" }, "Cash, into my open shift"), h("option", { value: "manual" }, "Written down by hand"));
  const note = h("input", { type: "text", id: "top-up-note", maxlength: "200" });
  const result = h("div", { "aria-live": "polite" });
  const button = h("button", { class: "primary", type: "submit" }, "Top up");
  const form = h("form");
  let key = null;
  const submit = async (event) => {
    event.preventDefault();
    key ??= wishKey();
    for (const control of [button, sum, currency, method, note]) control.disabled = true;
    show(result, busy("Moving the money"));
    try {
      const answer = await call(`/api/v1/customers/${customer.id}/top-ups`, {
        method: "POST", signal,
        headers: { "content-type": "application/json", "idempotency-key": key, prefer: "wait=10" },
        body: JSON.stringify({
          amount: sum.value, currency: currency.value, method: method.value, description: note.value,
        }),
      });
      if (!signal.aborted) tell(answer.data);
    } catch (error) {
      if (!signal.aborted) refuse(error);
    }
  };
  const tell = ({ payment, transaction }) => {
    if (transaction?.status === "pending" || payment.status === "processing") {
      show(result, h("div", { class: "notice warn", role: "status" },
        h("p", {}, "It is not known yet whether the money moved. Ask again: it is not moved twice."),
        h("button", { type: "button", on: { click: () => form.requestSubmit(button) } }, "Ask again")));
      button.disabled = false;
      button.hidden = true;
      return;
    }
    const text = `${amount(payment.amount)} ${payment.currency} came in.`
      + (transaction?.balance_after ? ` The wallet has ${amount(transaction.balance_after)} ${payment.currency} now.` : "");
    show(place, h("div", { class: "notice good", role: "status" }, h("p", {}, text)));
    announce(text);
    reload();
  };
  const refuse = (error) => {
    // What was refused for its own sake is another wish once it was mended; of all else nobody knows.
    const isDecided = error.status >= 400 && error.status < 500 && error.status !== 409 && error.status !== 429;
    if (isDecided || error.code === "NO_OPEN_SHIFT") key = null;
    button.hidden = false;
    for (const control of [button, ...(key === null ? [sum, currency, method, note] : [])]) control.disabled = false;
    show(result, h("div", { class: "notice bad", role: "alert" },
      h("p", {}, error.message),
      key !== null && h("p", {}, "Send the same again: it is not moved twice."),
      error.trace && h("p", { class: "small" }, "Trace ", h("code", {}, error.trace))));
  };
  form.addEventListener("submit", submit);
  form.append(h("div", { class: "controls" }, field("Amount", sum, "Such as 25 or 19.90"), field("Currency", currency),
    field("How", method), field("Note", note, "It is kept for good: name nobody in it.")), result,
  h("div", { class: "acts" }, button, h("button", { type: "button", on: { click: () => show(place) } }, "Close")));
  return form;
}
