// What a link of a mail leads to: an address is confirmed, a password chosen. Its token stands behind the `#`, is taken from there
// before anything else happens, and is held in memory alone: neither the history nor a server's log has it.

import { call, open, session, signOut } from "../api.js";
import { busy, failure, field, h, show } from "../dom.js";

const titles = {
  verify_email: "Confirm your e-mail address",
  reset_password: "Choose a new password",
  invite: "Accept the invitation",
  bootstrap: "Choose your password",
};

/** The token of the link that was opened; null once it is used, and where the page was loaded again without it. */
let token = null;

/** Takes the token out of the address bar; called before anything else looks at the address. */
export function takeToken() {
  const [path, query] = location.hash.split("?");
  if (!/^#\/?link\//.test(path)) return;
  const found = new URLSearchParams(query ?? "").get("token");
  if (found === null) return;
  token = found;
  history.replaceState(null, "", path);
}

export function titleOfLink(purpose) {
  return Object.hasOwn(titles, purpose) ? titles[purpose] : "A link";
}

export function linkView(main, purpose) {
  const panel = h("div", { class: "panel" });
  show(main, h("div", { class: "sign-in" }, panel));
  if (!Object.hasOwn(titles, purpose)) return over(panel, purpose, "These pages know no such link. It may be cut off: open it from the mail again.");
  if (token === null) return over(panel, purpose, "The link is not here any more. Open it from the mail again.");
  if (purpose === "verify_email") return confirmAddress(panel, purpose);
  return choosePassword(panel, purpose);
}

// The address.

function confirmAddress(panel, purpose) {
  const status = h("div", { "aria-live": "polite" });
  const button = h("button", { class: "primary", type: "submit" }, "Confirm");
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    show(status, busy("Confirming"));
    try {
      await open("verify-email", { token });
      token = null;
      if (session.user) session.user = { ...session.user, email_verified_at: new Date().toISOString() };
      done(panel, purpose, "The address is confirmed.", h("a", { href: "#/account" }, session.user ? "To my account" : "Sign in"));
    } catch (error) {
      if (isOver(error)) return over(panel, purpose, gone);
      show(status, failure(error));
      button.disabled = false;
    }
  };
  show(panel, heading(purpose),
    h("form", { on: { submit } }, h("p", {}, "With this, mail to your address is shown to arrive."), status, button));
  button.focus();
}

// The password.

function choosePassword(panel, purpose) {
  const isInvitation = purpose === "invite";
  const name = h("input", { type: "text", autocomplete: "name", id: "name", maxlength: "200", dir: "auto" });
  const password = h("input", { type: "password", autocomplete: "new-password", required: true, id: "password", maxlength: "1000" });
  const again = h("input", { type: "password", autocomplete: "new-password", required: true, id: "again", maxlength: "1000" });
  const trouble = h("div", { class: "notice bad", role: "alert", id: "trouble", hidden: true });
  const button = h("button", { class: "primary", type: "submit" }, isInvitation ? "Accept" : "Set the password");
  const complain = (control, ...sentences) => {
    show(trouble, ...sentences.map((sentence) => h("p", {}, sentence)));
    trouble.hidden = false;
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-errormessage", "trouble");
    control.focus();
  };
  const submit = async (event) => {
    event.preventDefault();
    trouble.hidden = true;
    for (const control of [password, again]) control.removeAttribute("aria-invalid");
    if (password.value !== again.value) return complain(again, "The two passwords are not the same.");
    button.disabled = true;
    try {
      const wanted = isInvitation ? name.value.trim() : "";
      await open("password/reset", { token, password: password.value, ...(wanted ? { name: wanted } : {}) });
      token = null;
      signInNext(panel, purpose, isInvitation ? "Welcome. Sign in with your new password." : "The password is set. Sign in with it.");
    } catch (error) {
      if (isOver(error)) return over(panel, purpose, gone);
      const faults = error.details.filter((fault) => fault.field === "/password").map((fault) => `The password ${fault.message}.`);
      complain(password, ...(faults.length > 0 ? faults : [error.message]));
    } finally {
      button.disabled = false;
    }
  };
  show(panel, heading(purpose), h("form", { on: { submit } }, trouble,
    isInvitation && field("Your name", name, "As others read it; empty to keep the one you were invited by."),
    field("New password", password, "Long is better than odd: a few words do well."),
    field("The same once more", again),
    button));
  (isInvitation ? name : password).focus();
}

/** Whoever is signed in here has to sign in anew: a new password ends the sessions of its account. */
function signInNext(panel, purpose, text) {
  const click = async () => {
    location.hash = "#/subscribers";
    if (session.user) await signOut();
  };
  done(panel, purpose, text, h("button", { type: "button", class: "primary", on: { click } }, "Sign in"));
}

// Ends.

const gone = "This link works no more: it was used before, a newer one took its place, or it is too old.";

/** What the API answers to a link that it does not take, whyever. */
function isOver(error) {
  return error.status === 401;
}

function heading(purpose) {
  return h("h1", { tabindex: "-1" }, titleOfLink(purpose));
}

function done(panel, purpose, text, next) {
  const said = h("div", { class: "notice good", role: "status", tabindex: "-1" }, h("p", {}, text));
  show(panel, heading(purpose), said, next);
  said.focus();
}

/** The link does not work: why, and how one gets another. */
function over(panel, purpose, text) {
  token = null;
  const said = h("div", { class: "notice bad", role: "alert", tabindex: "-1" }, h("p", {}, text));
  show(panel, heading(purpose), said, another(purpose));
  said.focus();
}

function another(purpose) {
  if (purpose === "verify_email") return verifyAgain();
  if (purpose === "reset_password") return h("p", {}, h("a", { href: "#/forgot" }, "Send me another link"));
  if (purpose === "invite") {
    return h("p", {}, "Whoever invited you can do so again. You can also ask for ",
      h("a", { href: "#/forgot" }, "a link to choose a password"), ".");
  }
  return h("p", {}, h("a", { href: "#/subscribers" }, "To the sign-in"));
}

/** A button that sends another link to one's address; whoever is not signed in does that first. */
export function verifyAgain() {
  if (!session.user) return h("p", {}, h("a", { href: "#/account" }, "Sign in to be sent another"));
  if (session.user.email_verified_at) return h("p", {}, "Your address is confirmed already.");
  const place = h("div", { "aria-live": "polite" });
  const ask = async () => {
    show(place, busy("Asking"));
    try {
      await call("/api/v1/auth/verify-email/request", { method: "POST" });
      show(place, h("p", {}, `A link is on its way to ${session.user.email}.`));
    } catch (error) {
      const text = error.code === "TOO_MANY" ? "One was sent a moment ago. Look into your mail, or wait a minute." : error.message;
      show(place, failure({ ...error, message: text }, ask));
    }
  };
  show(place, h("button", { type: "button", on: { click: ask } }, "Send me a link"));
  return place;
}
