// Small helpers for making elements. Text only ever becomes text, never markup.

/**
 * An element. Attributes that are null or false are left out; `on…` are listeners.
 * @param {string} tag
 * @param {Object<string, *>} [attributes]
 * @param {...(Node|string|number|null|undefined|false|Array)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same, of SVG. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined
    && child !== false).map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

/** A form's field with its label, and room for what is wrong with it. */
export function field(name, label, control, hint = "") {
  const id = `field-${name}`;
  control.id = id;
  control.name = name;
  control.setAttribute("aria-describedby", `${id}-hint ${id}-problem`);
  return h("div", { class: "field" },
    h("label", { for: id }, label),
    control,
    h("p", { id: `${id}-hint`, class: "hint" }, hint),
    h("p", { id: `${id}-problem`, class: "problem", "data-problem": name }));
}

/** Show what a form's server said of its fields; the rest goes to its end. */
export function showProblems(form, fields = [], rest = "") {
  const left = [];
  for (const slot of form.querySelectorAll("[data-problem]")) slot.textContent = "";
  for (const control of form.elements) control.removeAttribute("aria-invalid");
  for (const { field: name, reason } of fields) {
    const head = name.split(".")[0];
    const slot = form.querySelector(`[data-problem="${CSS.escape(head)}"]`);
    if (!slot) { left.push(`${name}: ${reason}`); continue; }
    slot.textContent = `${slot.textContent} ${name === head ? "" : `${name}: `}${reason}`.trim();
    form.elements[head]?.setAttribute("aria-invalid", "true");
  }
  const end = form.querySelector(".form-problem");
  if (end) end.textContent = [rest, ...left].filter(Boolean).join(" ");
  (form.querySelector("[aria-invalid]") ?? end)?.focus();
}

const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** A moment in the reader's own time; the exact one is its tooltip. */
export function moment(text) {
  return h("time", { datetime: text, title: text }, local.format(new Date(text)));
}

/** The time of day of a moment, for the reader. */
export function clock(text) {
  return hour.format(text === undefined ? new Date() : new Date(text));
}

/** A status by a sign and a word: colour alone tells nobody enough. */
export function badge(status) {
  const signs = { created: "○", queued: "◔", processing: "◑", completed: "●", failed: "✕" };
  return h("span", { class: `badge ${status}` },
    h("span", { "aria-hidden": "true" }, signs[status] ?? "·"), " ", status);
}

/** Say something to those who do not see the page change. */
export function announce(text) {
  document.getElementById("news").textContent = text;
}
