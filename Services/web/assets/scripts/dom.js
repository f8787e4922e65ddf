// Elements from values. Text is always text: nothing here, or in any view, reads markup.

/**
 * An element with attributes and children. `on` holds listeners; `null` and `false` leave an attribute or child out.
 * @param {string} name
 * @param {Record<string, any>} [attributes]
 * @param {...any} children
 * @returns {HTMLElement}
 */
export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/** Puts these in place of an element's children. */
export function show(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
}

/** A labelled control. */
export function field(label, control, hint) {
  const id = control.id || `field-${label.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  control.id = id;
  if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
  return h("div", { class: "field" }, h("label", { for: id }, label), control,
    hint && h("span", { class: "quiet small", id: `${id}-hint` }, hint));
}

/** Something is on its way. */
export function busy(what) {
  return h("p", { class: "busy", role: "status" }, what);
}

/** There is nothing, and why that may be. */
export function empty(text) {
  return h("p", { class: "empty" }, text);
}

/** Something failed: what, and what can be done. */
export function failure(error, again) {
  return h("div", { class: "notice bad", role: "alert" },
    h("p", {}, error.message),
    error.trace && h("p", { class: "small" }, "Trace ", h("code", {}, error.trace)),
    again && h("button", { type: "button", on: { click: again } }, "Try again"));
}

/** Tells a screen reader, and nobody else. */
export function announce(text) {
  const status = document.getElementById("status");
  if (status) status.textContent = text;
}
