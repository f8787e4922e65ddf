// A password that was forgotten: a link to choose another goes to the address, where there is such an account. Nobody learns whether.

import { open } from "../api.js";
import { failure, field, h, show } from "../dom.js";

export function forgotView(main) {
  const email = h("input", { type: "email", autocomplete: "username", required: true, id: "email", maxlength: "254" });
  const tenant = h("input", {
    type: "text", autocomplete: "organization", id: "tenant", maxlength: "63", spellcheck: "false",
    value: new URLSearchParams(location.search).get("tenant") ?? "",
  });
  const status = h("div");
  const button = h("button", { class: "primary", type: "submit" }, "Send me a link");
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const wanted = tenant.value.trim();
      await open("password/forgot", { email: email.value, ...(wanted ? { tenant: wanted } : {}) });
      const said = h("div", { class: "notice good", role: "status", tabindex: "-1" }, h("p", {},
        `If ${email.value} has an account, a link to choose a new password is on its way. It works once, for an hour.`));
      show(form, said, h("p", {}, "Nothing came? Look among the unwanted mail, or ask again in a minute."));
      said.focus();
    } catch (error) {
      show(status, failure(error));
      email.focus();
    } finally {
      button.disabled = false;
    }
  };
  const form = h("form", { on: { submit } }, status, field("E-mail", email),
    h("details", { open: tenant.value !== "" }, h("summary", {}, "Another provider"),
      field("Provider", tenant, "Its subdomain. Where the address of this page names one, it is that.")), button);
  show(main, h("div", { class: "sign-in" }, h("div", { class: "panel" }, h("h1", {}, "Forgot your password?"), form,
    h("p", {}, h("a", { href: "#/subscribers" }, "Back to the sign-in")))));
  email.focus();
}
