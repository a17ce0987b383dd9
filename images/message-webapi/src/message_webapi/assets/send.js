// Send a message.

import { Outage, act } from "./api.js";
import { announce, field, h, showProblems } from "./dom.js";

export const title = "Send";
const TYPES = ["notify", "hello_world", "agent_response", "scheduled", "web_action",
  "schedule_creation"];

/** The form. */
export async function view() {
  const form = h("form", { class: "panel", onsubmit: submit },
    h("h1", { tabindex: "-1" }, "Send a message"),
    messageFields(),
    h("p", { class: "form-problem", role: "alert", tabindex: "-1" }),
    h("button", { class: "primary" }, "Send"));
  return form;
}

/** The fields of a message; what is asked for follows its type. */
export function messageFields() {
  const slot = h("div", { class: "fields" });
  const type = h("select", {}, TYPES.map((name) => h("option", {}, name)));
  const change = () => slot.replaceChildren(...fieldsOf(type.value));
  type.addEventListener("change", change);
  change();
  return [field("message_type", "Type", type), slot];
}

function fieldsOf(type) {
  if (type === "notify") {
    return [
      field("message", "Text", h("textarea", { rows: "3", required: true })),
      field("title", "Title", h("input", {}), "May be left out."),
      field("priority", "Priority", h("select", {},
        [["", "usual"], ["5", "5, highest"], ["4", "4"], ["3", "3"], ["2", "2"], ["1", "1, lowest"]]
          .map(([value, label]) => h("option", { value }, label)))),
    ];
  }
  const payload = h("textarea", { rows: "6", spellcheck: "false", class: "code" }, "{}");
  const fields = [field("payload", "Payload", payload, "A JSON object.")];
  if (type === "web_action") {
    const given = h("textarea", { rows: "4", spellcheck: "false", class: "code" }, "{}");
    fields.push(field("arguments", "Arguments", given, "A JSON object."));
  }
  return fields;
}

/**
 * What the fields of a form say, as the API takes it.
 * @throws {SyntaxError} with `fields`, as the API tells of problems
 */
export function messageOf(form) {
  const given = Object.fromEntries(new FormData(form));
  const body = { message_type: given.message_type, created_by: "page" };
  if (given.message_type === "notify") {
    body.payload = { message: given.message };
    if (given.title) body.payload.title = given.title;
    if (given.priority) body.payload.priority = Number(given.priority);
    return body;
  }
  for (const name of ["payload", "arguments"]) {
    if (given[name] !== undefined) body[name] = parsed(name, given[name]);
  }
  return body;
}

function parsed(name, text) {
  try {
    return JSON.parse(text || "{}");
  } catch (error) {
    error.fields = [{ field: name, reason: `This is not JSON: ${error.message}` }];
    throw error;
  }
}

/** Do something with a form, once at a time, and show in it what goes wrong. */
export async function once(form, work) {
  const button = form.querySelector("button.primary");
  if (button.disabled) return;
  button.disabled = true;
  showProblems(form);
  try {
    await work();
  } catch (error) {
    if (error instanceof Outage) {
      showProblems(form, [], `${error.message} It may have been done all the same: look before you `
        + "try again.");
    } else {
      showProblems(form, error.fields ?? [], error.fields?.length ? "" : error.message);
    }
  } finally {
    button.disabled = false;
  }
}

function submit(event) {
  event.preventDefault();
  once(event.target, async () => {
    const made = await act("POST", "messages", messageOf(event.target));
    announce("The message is sent.");
    location.hash = `#/messages/${made.id}`;
  });
}
