// Sign-in: the password, then the authenticator's code where the account has one.

import { signIn } from "../api.js";
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

  const askForCode = () => {
    code = h("input", {
      type: "text", autocomplete: "one-time-code", inputmode: "numeric", required: true, id: "code", maxlength: "32",
    });
    show(fields, h("p", { class: "quiet" }, `The password for ${email.value} is right.`),
      field("Code of your authenticator", code, "Six digits, or one of your recovery codes."));
    button.textContent = "Confirm";
    code.focus();
  };

  const submit = async (event) => {
    event.preventDefault();
    trouble.hidden = true;
    button.disabled = true;
    try {
      await signIn(email.value, password.value, code?.value.replaceAll(" ", "") ?? null, tenant.value.trim());
      done();
    } catch (error) {
      if (error.code === "SECOND_FACTOR_REQUIRED" && !code) {
        askForCode();
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

  const mark = h("img", { src: "/assets/mark.svg", alt: "" });
  const title = h("span", {}, "Sign in to Nexora");
  const panel = h("div", { class: "panel" }, h("h1", {}, mark, title), h("form", { on: { submit } }, trouble, fields, button));
  show(main, h("div", { class: "sign-in" }, panel));
  dress(panel, mark, title, tenant.value);
  email.focus();
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
