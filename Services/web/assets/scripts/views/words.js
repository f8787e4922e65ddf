// What is told, by which ways, and in which words: the kinds with their rules, and the words of one kind, way and language.

import { call, one, query, session as signedIn, wishKey } from "../api.js";
import { announce, busy, empty, failure, field, h, show } from "../dom.js";
import { time, words } from "../format.js";

const channels = ["email", "sms", "push", "slack", "in_app"];
const languages = { en: "English", fr: "français", id: "Bahasa Indonesia", ar: "العربية" };
/** Where a subject stands above the text. */
const withSubject = ["email", "push", "in_app"];
const audiences = { customer: "Subscribers", staff: "Staff", user: "Whose account it is" };

const mayChange = () => signedIn.user.permissions?.includes("notices.manage");

export async function wordsView(main, at) {
  show(main, h("h1", {}, "What is told"), busy("Reading what is told"));
  const rules = await one("/api/v1/notices/rules", at.signal);
  if (at.signal.aborted) return;
  const rule = rules.find(({ kind }) => kind === at.argument);
  if (rule) return kindView(main, rule, at);
  show(main, h("h1", {}, "What is told"), h("div", { class: "panel scroll" }, h("table", { class: "cards" },
    h("caption", {}, `${rules.length} kinds. Those that are off are told to nobody.`),
    h("thead", {}, h("tr", {}, ...["What", "Whom", "By", "State"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...rules.map((each) => h("tr", {},
      h("th", { scope: "row" }, h("a", { href: `#/words/${each.kind}` }, words(each.kind))),
      h("td", { "data-label": "Whom" }, audiences[each.audience] ?? words(each.audience)),
      h("td", { "data-label": "By" }, each.channels.map(words).join(", ")),
      h("td", { "data-label": "State" }, mark(each))))))));
}

function mark(rule) {
  if (!rule.is_enabled) return h("span", { class: "mark bad" }, "off");
  return rule.is_own ? h("span", { class: "mark warn" }, "your own rule") : h("span", { class: "mark good" }, "as usual");
}

async function kindView(main, rule, { query: asked, signal }) {
  const place = { kind: rule.kind, channel: choose(asked.get("by"), rule.channels), language: choose(asked.get("in"), Object.keys(languages)) };
  const channel = picker("by", channels, place.channel, words);
  const language = picker("in", Object.keys(languages), place.language, (name) => languages[name]);
  const submit = (event) => {
    event.preventDefault();
    location.hash = `#/words/${rule.kind}?${query({ by: channel.value, in: language.value })}`;
  };
  const said = h("section", { class: "panel", "aria-labelledby": "words-title" });
  show(main,
    h("h1", {}, `What is told: ${words(rule.kind)}`),
    h("p", {}, h("a", { href: "#/words" }, "All kinds")),
    rulePanel(rule, signal),
    h("form", { class: "panel controls", on: { submit } }, field("By", channel), field("Language", language),
      h("button", { class: "primary", type: "submit" }, "Show")),
    said);
  await drawWords(said, rule, place, signal);
}

const choose = (wanted, known) => (wanted && [...channels, ...Object.keys(languages)].includes(wanted) ? wanted : known[0]);

const picker = (id, values, chosen, text) => h("select", { id },
  ...values.map((value) => h("option", { value, selected: value === chosen }, text(value))));

// The rule.

function rulePanel(rule, signal) {
  const panel = h("section", { class: "panel", "aria-labelledby": "rule-title" });
  const draw = (now, outcome) => {
    const status = h("div", { "aria-live": "polite" }, outcome);
    const act = (text, method, body, done) => {
      const button = h("button", { type: "button", on: { click: async () => {
        button.disabled = true;
        show(status);
        try {
          await send(`/api/v1/notices/rules/${now.kind}`, method, body, signal);
          if (signal.aborted) return;
          announce(done);
          draw((await one("/api/v1/notices/rules", signal)).find(({ kind }) => kind === now.kind), h("p", {}, done));
        } catch (error) {
          button.disabled = false;
          if (!signal.aborted) show(status, failure(error));
        }
      } } }, text);
      return button;
    };
    show(panel, h("h2", { id: "rule-title" }, "Whether it is told"),
      h("p", {}, mark(now), ` ${audiences[now.audience] ?? words(now.audience)}, by ${now.channels.map(words).join(", ")}.`,
        now.may_be_refused ? " Whoever is told may refuse it." : " Nobody may refuse it: it concerns access and safety."),
      mayChange() && h("div", { class: "controls" },
        now.is_enabled ? now.may_be_refused && act("Tell it to nobody", "PUT", { is_enabled: false, channels: now.channels }, "It is told to nobody now.")
          : act("Tell it again", "DELETE", null, "It is told as usual now."),
        now.is_own && now.is_enabled && act("As usual again", "DELETE", null, "It is told as usual now.")),
      status);
  };
  draw(rule);
  return panel;
}

// The words.

async function drawWords(panel, rule, place, signal, outcome) {
  const path = `/api/v1/notices/templates/${place.kind}/${place.channel}/${place.language}`;
  const heading = h("h2", { id: "words-title", tabindex: "-1" }, "In which words");
  show(panel, heading, busy("Reading the words"));
  let chain, versions;
  try {
    [chain, versions] = await Promise.all([one(path, signal), one(`${path}/versions`, signal)]);
  } catch (error) {
    if (!signal.aborted) show(panel, heading, failure(error, () => drawWords(panel, rule, place, signal)));
    return;
  }
  if (signal.aborted) return;
  const again = (text) => drawWords(panel, rule, place, signal, h("div", { class: "notice good" }, h("p", {}, text)));
  const used = chain[0];
  show(panel, heading, outcome,
    used ? h("p", {}, `What is used now: ${origin(used)}.`)
      : empty("The product has no words for this way. Words of your own may be written."),
    chain.length > 1 && h("details", {}, h("summary", {}, "In the order in which words are looked for"),
      h("ol", {}, ...chain.map((link) => h("li", {}, origin(link))))),
    editor(rule, place, used, path, again, signal),
    versions.length > 0 && history(versions, used, path, again, signal));
  if (outcome) heading.focus();
}

const origin = (link) => `${link.source === "own" ? `your own, version ${link.version}` : "the product's"}, in ${languages[link.language] ?? link.language}`;

function editor(rule, place, used, path, again, signal) {
  const direction = place.language === "ar" ? "rtl" : "ltr";
  const control = (id, rows, value, most, dir = direction) => h("textarea", {
    id, rows, maxlength: most, lang: place.language, dir, disabled: !mayChange(),
  }, value ?? "");
  const subject = control("words-subject", "2", used?.subject, "500");
  const text = control("words-text", "8", used?.text, "20000");
  const html = control("words-html", "8", used?.html, "100000", "ltr");
  const status = h("div");
  const body = () => ({
    text: text.value, ...(withSubject.includes(place.channel) ? { subject: subject.value } : {}),
    ...(place.channel === "email" && html.value.trim() ? { html: html.value } : {}),
  });
  const attempt = async (button, work) => {
    button.disabled = true;
    show(status);
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) show(status, failure({ ...error, message: faults(error) }));
    } finally {
      button.disabled = false;
    }
  };
  const look = (event) => attempt(event.currentTarget, async () => {
    const { data } = await send(`${path}/preview`, "POST", mayChange() ? body() : {}, signal);
    if (signal.aborted) return;
    show(status, h("div", { class: "notice", role: "status", "aria-label": "How it reads" },
      data.subject && h("p", { lang: place.language, dir: "auto" }, h("strong", {}, data.subject)),
      h("p", { class: "told", lang: place.language, dir: "auto" }, data.text),
      data.html && h("details", {}, h("summary", {}, "The HTML of it"), h("pre", { class: "source", dir: "ltr", tabindex: "0", role: "region", "aria-label": "The HTML of it" }, data.html))));
  });
  const submit = (event) => {
    event.preventDefault();
    attempt(event.submitter, async () => {
      const { data } = await send(path, "PUT", body(), signal);
      if (!signal.aborted) await again(`Version ${data.version} is used from now on.`);
    });
  };
  const names = rule.variables.map(({ name, is_optional }) => `{{${name}}}${is_optional ? "?" : ""}`).join(", ");
  return h("form", { on: { submit } },
    withSubject.includes(place.channel) && field("Subject", subject),
    field("Text", text, `It may name ${names}. What has a ? stands between {{#name}} and {{/name}}, for it may not be known.`),
    place.channel === "email" && field("HTML", html, "Empty: it is made of the text."),
    status,
    h("div", { class: "controls" },
      h("button", { type: "button", on: { click: look } }, "How it reads"),
      mayChange() && h("button", { type: "submit", class: "primary" }, "Use these words")));
}

function history(versions, used, path, again, signal) {
  const status = h("div", { "aria-live": "polite" });
  const revert = (version, text) => async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    show(status);
    try {
      await send(`${path}/revert`, "POST", { version }, signal);
      if (!signal.aborted) await again(text);
    } catch (error) {
      button.disabled = false;
      if (!signal.aborted) show(status, failure(error));
    }
  };
  return h("div", { class: "scroll" }, h("h3", {}, "Your own versions"), status,
    h("table", { class: "cards" }, h("caption", {}, "The newest first"),
      h("thead", {}, h("tr", {}, ...["Version", "Written", "Text", "Act"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, ...versions.map((one) => h("tr", {},
        h("th", { scope: "row" }, `Version ${one.version}`),
        h("td", { "data-label": "Written" }, time(one.created_at)),
        h("td", { "data-label": "Text", class: "told", lang: one.language, dir: "auto" }, one.text.length > 200 ? `${one.text.slice(0, 200)}…` : one.text),
        h("td", {}, one.is_current ? h("span", { class: "mark good" }, "in use")
          : mayChange() && h("button", { type: "button", on: { click: revert(one.version, `Version ${one.version} is used again.`) } }, "Use again")))))),
    used?.source === "own" && mayChange() && h("p", {}, h("button", {
      type: "button", on: { click: revert(null, "The product's words are used again.") },
    }, "Use the product's words")));
}

/** What the API found wrong, in words. */
function faults(error) {
  const found = (error.details ?? []).map((fault) => `${words(fault.field.replace(/^\//, ""))}: ${fault.message}.`);
  return found.length > 0 ? found.join(" ") : error.message;
}

function send(path, method, body, signal) {
  return call(path, {
    method, signal, headers: { "content-type": "application/json", ...(method === "POST" ? { "idempotency-key": wishKey() } : {}) },
    ...(body === null ? {} : { body: JSON.stringify(body) }),
  });
}
