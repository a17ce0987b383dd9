// Schedules that make messages.

import { Problem, act, get } from "./api.js";
import { announce, field, h } from "./dom.js";
import { messageFields, messageOf, once } from "./send.js";

export const title = "Schedules";

/** All schedules, and a form for another. */
export async function view({ signal, again }) {
  const { schedules } = await get("schedules", {}, signal);
  const problem = h("p", { class: "problem", role: "alert" });
  return h("section", {},
    h("h1", { tabindex: "-1" }, "Schedules"),
    problem,
    schedules.length ? table(schedules, problem, again)
      : h("p", { class: "empty" }, "There are no schedules yet."),
    form(again));
}

function table(schedules, problem, again) {
  const heads = ["Name", "When", "Makes", "State"].map((name) => h("th", { scope: "col" }, name));
  return h("table", { class: "cards" },
    h("caption", { class: "unseen" }, "Schedules"),
    h("thead", {}, h("tr", {}, heads, h("td", {}))),
    h("tbody", {}, schedules.map((schedule) => row(schedule, problem, again))));
}

function row(schedule, problem, again) {
  const paused = schedule.state === "DISABLED";
  const { payload, message_type: type } = schedule.message;
  return h("tr", {},
    h("th", { scope: "row", "data-label": "Name" }, schedule.name,
      schedule.description && h("p", { class: "hint" }, schedule.description)),
    h("td", { "data-label": "When" }, h("code", {}, schedule.expression), " ", schedule.timezone),
    h("td", { "data-label": "Makes" }, type,
      typeof payload?.message === "string" && `: ${payload.message}`),
    h("td", { "data-label": "State" }, paused ? "‖ paused" : "▸ runs"),
    h("td", { class: "actions" }, actions(schedule.name, paused, problem, again)));
}

function actions(name, paused, problem, again) {
  const path = `schedules/${encodeURIComponent(name)}`;
  const button = (label, method, end, done) => h("button", { type: "button",
    "aria-label": `${label} ${name}`,
    onclick: ({ target }) => act1(target, problem, () => act(method, `${path}${end}`), done) }, label);
  const changed = (text) => () => { announce(`${name} ${text}.`); again(); };
  return [
    paused ? button("Resume", "POST", "/resume", changed("runs"))
      : button("Pause", "POST", "/pause", changed("is paused")),
    button("Run now", "POST", "/run", (made) => { location.hash = `#/messages/${made.id}`; }),
    surely(button("Delete", "DELETE", "", changed("is deleted")), name),
  ];
}

/** A button that asks once more before it does what cannot be taken back. */
function surely(button, name) {
  const ask = (event) => {
    event.stopImmediatePropagation();
    button.removeEventListener("click", ask, true);
    button.textContent = "Really delete";
    button.setAttribute("aria-label", `Really delete ${name}`);
    button.classList.add("danger");
    announce(`Press again to delete ${name}.`);
  };
  button.addEventListener("click", ask, true);
  return button;
}

async function act1(button, problem, work, done) {
  button.disabled = true;
  problem.textContent = "";
  try {
    done(await work());
  } catch (error) {
    button.disabled = false;
    problem.textContent = error instanceof Problem ? error.message
      : `${error.message} It may have been done all the same: refresh to see.`;
  }
}

function form(again) {
  const zones = h("datalist", { id: "zones" },
    Intl.supportedValuesOf("timeZone").map((zone) => h("option", { value: zone })));
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const made = h("form", { class: "panel", onsubmit: (event) => submit(event, again) },
    h("h2", {}, "Another schedule"),
    field("name", "Name", h("input", { required: true, spellcheck: "false",
      pattern: "[A-Za-z0-9][A-Za-z0-9_.\\-]{0,63}" }), "Letters, digits, and . _ - between them."),
    field("expression", "When", h("input", { required: true, spellcheck: "false",
      placeholder: "rate(1 hour)" }),
    "rate(5 minutes), cron(0 9 ? * MON-FRI *) or at(2030-01-31T09:30:00)"),
    field("timezone", "Time zone", h("input", { list: "zones", value: own, spellcheck: "false" }),
      "Of cron and at."),
    field("description", "Description", h("input", { maxlength: "512" }), "May be left out."),
    messageFields(),
    h("p", { class: "form-problem", role: "alert", tabindex: "-1" }),
    zones,
    h("button", { class: "primary" }, "Create"));
  return made;
}

function submit(event, again) {
  event.preventDefault();
  const { target } = event;
  once(target, async () => {
    const { name, expression, timezone, description } = Object.fromEntries(new FormData(target));
    const body = { name, expression, timezone, description, message: messageOf(target) };
    await act("POST", "schedules", body);
    announce(`${name} is made.`);
    again();
  });
}
