// How one wants to be told: language, quiet hours, ways in their order, and what one does not want.

import { call, one } from "../api.js";
import { announce, busy, failure, field, h, show } from "../dom.js";

const path = "/api/v1/me/notice-preferences";
const languages = { "": "As my provider has it", en: "English", fr: "français", id: "Bahasa Indonesia", ar: "العربية" };
const ways = { email: "E-mail", sms: "SMS", push: "Push to my devices", in_app: "Messages in these pages" };
const refusable = {
  money: "Payments and bills", usage: "My data volume", service: "My service", alarm: "Alarms of the network", news: "News",
};
/** The controls that a fault of the API belongs to. */
const controls = {
  "/language": "told-language", "/time_zone": "told-zone", "/quiet_from": "told-from", "/quiet_until": "told-until",
};

export async function drawPreferences(place, signal) {
  const heading = h("h2", { id: "told-title", tabindex: "-1" }, "How you are told");
  show(place, heading, busy("Reading how you are told"));
  try {
    const mine = await one(path, signal);
    if (!signal.aborted) show(place, heading, preferenceForm(mine, signal));
  } catch (error) {
    if (!signal.aborted) show(place, heading, failure(error, () => drawPreferences(place, signal)));
  }
}

function preferenceForm(mine, signal) {
  const known = Object.hasOwn(languages, mine.language ?? "") ? languages : { ...languages, [mine.language]: mine.language };
  const language = select("told-language", known, mine.language ?? "");
  const zones = h("datalist", { id: "told-zones" }, ...(Intl.supportedValuesOf?.("timeZone") ?? []).map((name) => h("option", { value: name })));
  const zone = h("input", { id: "told-zone", list: "told-zones", value: mine.time_zone ?? "", maxlength: "64", autocomplete: "off", dir: "ltr" });
  const from = h("input", { id: "told-from", type: "time", value: mine.quiet_from ?? "" });
  const until = h("input", { id: "told-until", type: "time", value: mine.quiet_until ?? "" });
  const order = wayOrder(mine.channels);
  const unwanted = Object.entries(refusable).map(([name, text]) => check(`told-no-${name}`, text, mine.refused.includes(name)));
  const status = h("div");
  const button = h("button", { type: "submit", class: "primary" }, "Save");
  const submit = async (event) => {
    event.preventDefault();
    const inputs = [language, zone, from, until];
    for (const input of inputs) input.removeAttribute("aria-invalid");
    button.disabled = true;
    show(status);
    try {
      await call(path, {
        method: "PUT", signal, headers: { "content-type": "application/json" }, body: JSON.stringify({
          language: language.value || null, time_zone: zone.value.trim() || null, quiet_from: from.value || null, quiet_until: until.value || null,
          channels: order.value(), refused: Object.keys(refusable).filter((_, place) => unwanted[place].querySelector("input").checked),
        }),
      });
      if (signal.aborted) return;
      show(status, h("div", { class: "notice good" }, h("p", {}, "Saved.")));
      announce("Saved.");
    } catch (error) {
      if (signal.aborted) return;
      show(status, failure(error));
      const faulty = error.details?.map((fault) => document.getElementById(controls[fault.field] ?? "")).find(Boolean);
      faulty?.setAttribute("aria-invalid", "true");
      faulty?.focus();
    } finally {
      button.disabled = false;
    }
  };
  return h("form", { on: { submit } },
    field("Language", language), field("Time zone", zone, "Such as Europe/Rome; empty for your provider's."), zones,
    h("div", { class: "controls" }, field("Quiet from", from), field("Quiet until", until)),
    h("p", { class: "quiet small" }, "What is urgent, such as a code that you ask for, comes at any hour."),
    order.element,
    h("fieldset", {}, h("legend", {}, "Do not tell me of"), ...unwanted,
      h("p", { class: "quiet small" }, "What concerns your access and your safety is told in any case.")),
    status, button);
}

/** Ways in the order of preference: those that are chosen, and by which first. None of them is the same as all that there are. */
function wayOrder(channels) {
  let order = [...(channels ?? []), ...Object.keys(ways).filter((name) => !channels?.includes(name))].filter((name) => Object.hasOwn(ways, name));
  const chosen = new Set(channels ?? []);
  const list = h("ol", { class: "order" });
  const draw = (focus) => {
    show(list, ...order.map((name, place) => {
      const box = check(`told-by-${name}`, ways[name], chosen.has(name));
      box.querySelector("input").addEventListener("change", (event) => {
        if (event.target.checked) chosen.add(name); else chosen.delete(name);
      });
      const up = h("button", { type: "button", id: `told-up-${name}`, "aria-label": `${ways[name]}: earlier`, disabled: place === 0,
        on: { click: () => move(name, place) } }, "Earlier");
      return h("li", {}, box, up);
    }));
    if (focus) document.getElementById(focus)?.focus();
  };
  const move = (name, place) => {
    order = order.toSpliced(place, 1).toSpliced(place - 1, 0, name);
    draw(place > 1 ? `told-up-${name}` : `told-by-${name}`);
    announce(`${ways[name]} is now number ${place}.`);
  };
  draw();
  return {
    element: h("fieldset", {}, h("legend", {}, "By which ways"), list,
      h("p", { class: "quiet small" }, "The first that leads to you is taken. None chosen: as your provider has it.")),
    value: () => { const wanted = order.filter((name) => chosen.has(name)); return wanted.length > 0 ? wanted : null; },
  };
}

function check(id, text, isOn) {
  return h("div", { class: "field check" }, h("input", { type: "checkbox", id, checked: isOn }), h("label", { for: id }, text));
}

function select(id, choices, value) {
  return h("select", { id }, ...Object.entries(choices).map(([name, text]) => h("option", { value: name, selected: name === value }, text)));
}
