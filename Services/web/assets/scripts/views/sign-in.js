// Sign-in: the password, then the authenticator's code where the account has one, or a code that is sent.

import { open, signIn } from "../api.js";
import { field, h, show } from "../dom.js";

export function signInView(main, done) {
  const email = h("input", { type: "email", autocomplete: "username", required: true, id: "email" });
  const password = h("input", { type: "password", autocomplete: "current-password", required: true, id: "password" });
  const tenant = h("input", {
    type: "text", autocomplete: "organization", id: "tenant", maxlength: "63", spellcheck: "false",
    value: new URLSearchParams(location.search).get("tenant") ?? "",
  });
  const trouble = h("div", { class: "notice bad", role: "alert", hidden: true });
  const button = h("button", { class: "primary", type: "submit" }, "Sign in");
  const fields = h("div", {}, field("E-mail", email), field("Password", password),
    h("details", { open: tenant.value !== "" }, h("summary", {}, "Another provider"),
      field("Provider", tenant, "Its subdomain. Where the address of this page names one, it is that.")));
  let code = null;
  // The login in which a code was sent; null while the authenticator's, or a recovery code, is asked for.
  let pending = null;

  const askForCode = (factor) => {
    code = h("input", {
      type: "text", autocomplete: "one-time-code", inputmode: "numeric", required: true, id: "code", maxlength: "32",
    });
    const kinds = factor?.factors ?? [{ kind: "totp" }];
    const place = h("div");
    const own = () => {
      pending = null;
      show(place, kinds.some(({ kind }) => kind === "totp")
        ? field("Code of your authenticator", code, "Six digits, or one of your recovery codes.")
        : field("Recovery code", code, "Each works once."));
      code.focus();
    };
    const sent = (hint) => {
      pending = factor.pending;
      code.value = "";
      show(place, h("p", { role: "status" }, "A code is on its way to ", h("bdi", {}, hint), ". It works for ten minutes."),
        field("The code that was sent", code, "Six digits."),
        h("button", { type: "button", class: "plain", on: { click: own } }, "Use another code"));
      code.focus();
    };
    const ways = kinds.filter(({ kind }) => kind !== "totp").map(({ kind, hint }) =>
      sender(kind, hint, factor.pending, trouble, () => sent(hint)));
    show(fields, h("p", { class: "quiet" }, `The password for ${email.value} is right.`), place,
      ways.length > 0 && h("div", { class: "acts" }, ways));
    button.textContent = "Confirm";
    own();
    // Who has no authenticator most likely wants a code that is sent.
    if (kinds[0]?.kind !== "totp") ways[0]?.focus();
  };

  const submit = async (event) => {
    event.preventDefault();
    trouble.hidden = true;
    button.disabled = true;
    try {
      await signIn(email.value, password.value, code?.value.replaceAll(" ", "") ?? null, tenant.value.trim(), pending);
      done();
    } catch (error) {
      if (error.code === "SECOND_FACTOR_REQUIRED" && !code) {
        askForCode(error.factor);
      } else {
        trouble.textContent = error.message;
        trouble.hidden = false;
        (code ?? password).select();
        (code ?? password).focus();
      }
    } finally {
      button.disabled = false;
    }
  };

  const forgot = h("p", {}, h("a", { href: "#/forgot" }, "Forgot your password?"));
  const mark = h("img", { src: "/assets/mark.svg", alt: "" });
  const title = h("span", {}, "Sign in to Nexora");
  const panel = h("div", { class: "panel" }, h("h1", {}, mark, title), h("form", { on: { submit } }, trouble, fields, button), forgot);
  show(main, h("div", { class: "sign-in" }, panel));
  dress(panel, mark, title, tenant.value);
  email.focus();
}

/** A button that has a code sent. */
function sender(kind, hint, pending, trouble, done) {
  const click = async () => {
    trouble.hidden = true;
    button.disabled = true;
    try {
      await open("login/code", { pending, channel: kind });
      done();
    } catch (error) {
      trouble.textContent = error.code === "TOO_MANY" ? "A code was sent a moment ago, or too many in this hour. Try again later."
        : error.status === 401 ? "This took too long. Load the page again and sign in anew." : error.message;
      trouble.hidden = false;
    } finally {
      button.disabled = false;
    }
  };
  const button = h("button", { type: "button", on: { click } }, `Send a code ${kind === "sms" ? "by SMS" : "by e-mail"} to `, h("bdi", {}, hint));
  return button;
}

/** The provider's own name, mark and colour, where he has any; a page without them signs in as well. */
async function dress(panel, mark, title, tenant) {
  let face;
  try {
    const answer = await fetch(`/api/v1/branding${tenant ? `?${new URLSearchParams({ tenant })}` : ""}`);
    if (!answer.ok) return;
    face = (await answer.json()).data;
  } catch {
    return;
  }
  if (face.display_name) title.textContent = `Sign in to ${face.display_name}`;
  if (face.logo_url?.startsWith("/") && !face.logo_url.startsWith("//")) mark.src = face.logo_url;
  // An edge, and no text: whatever the colour, everything stays readable.
  if (face.primary_colour) panel.style.setProperty("border-block-start", `0.375rem solid ${face.primary_colour}`);
}
