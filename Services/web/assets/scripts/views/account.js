// One's own account: the address, and what is asked for beside the password.

import { call, one, session } from "../api.js";
import { announce, busy, failure, field, h, show } from "../dom.js";
import { verifyAgain } from "./link.js";
import { drawPreferences } from "./preferences.js";

const names = { email: "By e-mail", sms: "By SMS" };

export async function accountView(main, { signal }) {
  const address = h("section", { class: "panel", "aria-labelledby": "address-title" });
  const factors = h("section", { class: "panel", "aria-labelledby": "factors-title" });
  const told = h("section", { class: "panel", "aria-labelledby": "told-title" });
  show(main, h("h1", {}, "My account"), h("div", { class: "columns" }, address, factors, told));
  show(address, h("h2", { id: "address-title" }, "E-mail address"), h("p", { dir: "auto" }, session.user.email),
    session.user.email_verified_at ? h("p", {}, h("span", { class: "mark good" }, "confirmed")) : verifyAgain());
  await Promise.all([drawFactors(factors, signal), drawPreferences(told, signal)]);
}

async function drawFactors(place, signal, said) {
  const heading = h("h2", { id: "factors-title", tabindex: "-1" }, "Second factor");
  show(place, heading, busy("Reading your second factors"));
  const mine = await one("/api/v1/auth/mfa", signal);
  if (signal.aborted) return;
  show(place, heading, said,
    h("p", {}, "What a login asks for beside the password. An authenticator is safest; a code that is sent is better than none."),
    h("ul", { class: "observed" },
      h("li", { class: mine.totp ? "good" : "" }, `Authenticator: ${mine.totp ? "in use" : "not in use"}`),
      h("li", { class: mine.email ? "good" : "" }, `Codes by e-mail: ${mine.email ? "in use" : "not in use"}`),
      h("li", { class: mine.phone ? "good" : "" }, "Codes by SMS: ", mine.phone ? h("bdi", { dir: "ltr" }, mine.phone) : "not in use"),
      h("li", {}, `Recovery codes left: ${mine.recovery_codes_left}`)),
    way("email", mine.email, place, signal), way("sms", mine.phone !== null, place, signal));
  if (said) heading.focus();
}

/** A way that codes go: to begin with it, or to end it. */
function way(kind, isOn, place, signal) {
  const form = isOn ? endForm(kind, place, signal) : beginForm(kind, place, signal);
  return h("details", {}, h("summary", {}, `${names[kind]}: ${isOn ? "end it" : "begin with it"}`), form);
}

function beginForm(kind, place, signal) {
  const phone = h("input", { type: "tel", autocomplete: "tel", required: true, id: `${kind}-phone`, dir: "ltr", maxlength: "32" });
  const password = secret(`${kind}-password`);
  return form("Send me a code", async (status, panel) => {
    await post("enrol", { channel: kind, password: password.value, ...(kind === "sms" ? { phone: phone.value } : {}) }, signal);
    if (!signal.aborted) askForCode(kind, panel, place, signal);
  }, kind === "sms" && field("Telephone number", phone, "With its country's code, such as +49 170 1234567."),
  field("Your password", password));
}

function askForCode(kind, panel, place, signal) {
  const code = h("input", { type: "text", inputmode: "numeric", autocomplete: "one-time-code", required: true, id: `${kind}-code`,
    maxlength: "16", dir: "ltr" });
  const next = form("Confirm", async () => {
    const { data } = await post("verify", { code: code.value.replaceAll(" ", "") }, signal);
    if (signal.aborted) return;
    await drawFactors(place, signal, data.recovery_codes.length > 0 ? recovery(data.recovery_codes)
      : h("div", { class: "notice good" }, h("p", {}, "From now on such a code is asked for.")));
  }, h("p", { role: "status" }, "A code is on its way. It works for ten minutes."), field("The code that was sent", code, "Six digits."));
  panel.replaceWith(next);
  code.focus();
}

function endForm(kind, place, signal) {
  const password = secret(`${kind}-password`);
  const code = h("input", { type: "text", autocomplete: "one-time-code", required: true, id: `${kind}-code`, maxlength: "64", dir: "ltr" });
  return form("End it", async () => {
    await post("disable", { channel: kind, password: password.value, code: code.value }, signal);
    if (!signal.aborted) await drawFactors(place, signal, h("div", { class: "notice good" }, h("p", {}, "No code goes there any more.")));
  }, field("Your password", password), field("A code of your authenticator, or a recovery code", code));
}

/** A form whose act says in words how it went wrong. */
function form(text, act, ...children) {
  const status = h("div");
  const button = h("button", { type: "submit" }, text);
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    show(status);
    try {
      await act(status, made);
    } catch (error) {
      show(status, failure(error.code === "TOO_MANY"
        ? { ...error, message: "One was sent a moment ago, or too many in this hour. Try again later." } : error));
    } finally {
      button.disabled = false;
    }
  };
  const made = h("form", { on: { submit } }, ...children, status, button);
  return made;
}

function recovery(codes) {
  announce("Recovery codes are shown.");
  return h("div", { class: "notice warn" },
    h("p", {}, "Keep these recovery codes where nobody else finds them: each lets you in once, and they are shown this one time."),
    h("ul", {}, ...codes.map((code) => h("li", {}, h("code", { dir: "ltr" }, code)))));
}

function secret(id) {
  return h("input", { type: "password", autocomplete: "current-password", required: true, id });
}

function post(act, body, signal) {
  return call(`/api/v1/auth/mfa/codes/${act}`, {
    method: "POST", signal, headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  });
}
