// What is held about a subscriber: as a file, and its end. Only for those who may; nothing happens without his code and a reason.

import { authorized, call, one, session, wishKey } from "../api.js";
import { announce, busy, empty, failure, field, h, show } from "../dom.js";

/** The panel, or null for who may neither. */
export function personalPanel(customer, signal) {
  const may = (permission) => session.user?.permissions?.includes(permission);
  const place = h("div");
  const download = may("personal_data.export")
    && h("button", { type: "button", on: { click: (event) => save(event.target, customer, place, signal) } }, "Download personal data");
  const erase = may("personal_data.erase")
    && h("button", { type: "button", on: { click: () => preview(place, customer, signal) } }, "Erase personal data…");
  if (!download && !erase) return null;
  return h("section", { class: "panel" }, h("h2", {}, "Personal data"), h("div", { class: "acts" }, download, erase), place);
}

async function save(button, customer, place, signal) {
  button.disabled = true;
  try {
    const response = await authorized(`/api/v1/customers/${customer.id}/personal-data`, { signal });
    const address = URL.createObjectURL(await response.blob());
    h("a", { href: address, download: `personal-data-${customer.id}.json` }).click();
    URL.revokeObjectURL(address);
    announce("The file is being saved.");
  } catch (error) {
    if (!signal.aborted) show(place, failure(error, () => save(button, customer, place, signal)));
  } finally {
    button.disabled = false;
  }
}

async function preview(place, customer, signal) {
  show(place, busy("Looking what there is"));
  try {
    const found = await one(`/api/v1/customers/${customer.id}/erasure`, signal);
    if (!signal.aborted) show(place, ...asked(place, found, customer, signal));
  } catch (error) {
    if (!signal.aborted) show(place, failure(error, () => preview(place, customer, signal)));
  }
}

/** What goes, what stays, and what is in the way. */
function asked(place, found, customer, signal) {
  const goes = [
    [1, "name, e-mail, telephone, address, place, fee, tags and notes of the customer"], [found.contacts, "contacts"],
    [found.notes, "notes"], [found.services, "services lose user name, password, fixed addresses and devices"],
    [found.service_changes, "entries of the services' history"],
    [found.sessions, "sessions lose user name, device and addresses"],
    [found.accounts, "accounts, with their sessions, keys and second factors"],
    [found.audit_entries, "entries of the audit trail lose their values"],
  ].filter(([count]) => count > 0);
  const facts = [
    h("p", {}, "This goes for good; nobody can bring it back, and backups keep it until they end:"),
    h("ul", {}, ...goes.map(([count, what], index) => h("li", {}, index === 0 ? what : `${count} ${what}`))),
    h("p", {}, "What was used, and when, stays without a name. The audit trail keeps who did what, and that this was erased."),
  ];
  const blocks = [
    found.living_services > 0 && `${found.living_services} of the services are not terminated`,
    found.open_sessions > 0 && `${found.open_sessions} sessions are open`,
  ].filter(Boolean);
  if (blocks.length === 0) return [...facts, form(place, customer, signal)];
  return [...facts, h("div", { class: "notice warn", role: "status" },
    h("p", {}, `Not now: ${blocks.join(", and ")}. Terminate the services and end the sessions first.`)),
    h("button", { type: "button", on: { click: () => preview(place, customer, signal) } }, "Look again")];
}

function form(place, customer, signal) {
  const code = h("input", { type: "text", id: "erase-code", required: true, autocomplete: "off", spellcheck: "false", maxlength: "64" });
  const reason = h("input", { type: "text", id: "erase-reason", required: true, minlength: "3", maxlength: "500" });
  const trouble = h("div", { class: "notice bad", role: "alert", hidden: true });
  const button = h("button", { class: "primary", type: "submit", disabled: true }, "Erase for good");
  const cancel = h("button", { type: "button", on: { click: () => show(place) } }, "Cancel");
  code.addEventListener("input", () => { button.disabled = code.value !== customer.code; });
  // A repetition of the same wish is the same wish.
  const key = wishKey();
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    trouble.hidden = true;
    try {
      await call(`/api/v1/customers/${customer.id}/erase`, {
        method: "POST", signal, headers: { "content-type": "application/json", "idempotency-key": key },
        body: JSON.stringify({ confirm: code.value, reason: reason.value }),
      });
      gone(place);
    } catch (error) {
      if (signal.aborted) return;
      trouble.textContent = error.message;
      trouble.hidden = false;
      button.disabled = false;
    }
  };
  return h("form", { on: { submit } }, trouble,
    field("The customer's code, to confirm", code, `Type ${customer.code}.`),
    field("Why", reason, "It is kept on record: name nobody in it."), h("div", { class: "acts" }, button, cancel));
}

function gone(place) {
  const main = place.closest("main") ?? place;
  document.title = "Erased - Nexora";
  show(main, h("h1", {}, "Erased"), empty("The customer's personal data was erased."),
    h("p", {}, h("a", { href: "#/subscribers" }, "Subscribers")));
  announce("The customer's personal data was erased.");
}
