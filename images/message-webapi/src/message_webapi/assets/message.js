// One message: what it is, its way so far, and another try when it has failed.

import { Outage, Problem, Refused, act, get } from "./api.js";
import { announce, badge, h, moment } from "./dom.js";

export const title = "Message";
const ENDS = ["completed", "failed"];
const EVERY = 2000; // milliseconds
const MOST = 150; // looks: five minutes

/** A message by its id; it is followed until its way ends. */
export async function view({ names: [id], signal, again }) {
  const found = await get(`messages/${encodeURIComponent(id)}`, {}, signal);
  const section = h("section", {});
  draw(section, found, again);
  if (!ENDS.includes(found.status)) follow(section, found, signal, again);
  return section;
}

function draw(section, message, again) {
  const drawn = h("div", {},
    h("h1", { tabindex: "-1" }, "Message ", h("span", { class: "id" }, message.id)),
    h("p", {}, badge(message.status), message.retry_count > 0
      && ` tried again ${message.retry_count === 1 ? "once" : `${message.retry_count} times`}`),
    message.error_message && h("p", { class: "reason" }, h("strong", {}, "Why: "),
      message.error_message),
    message.status === "failed" && retry(message, again),
    h("h2", {}, "Its way"),
    h("ol", { class: "way" }, message.timeline.map((step) => h("li", {},
      badge(step.status), " ", moment(step.at), step.note && h("span", {}, ` ${step.note}`)))),
    h("h2", {}, "What it is"),
    h("dl", {},
      term("Type", message.message_type),
      term("Created", moment(message.created_date)),
      term("By", message.created_by),
      term("Changed", moment(message.updated_date)),
      term("Stage", message.stage),
      term("Kept until", moment(new Date(message.ttl * 1000).toISOString()))),
    json("Payload", message.payload),
    message.arguments && json("Arguments", message.arguments),
    message.auth_config && json("Signs in", message.auth_config));
  section.replaceChildren(...drawn.childNodes);
}

function term(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

function json(name, value) {
  return [h("h3", {}, name),
    h("pre", { tabindex: "0", role: "region", "aria-label": name }, JSON.stringify(value, null, 2))];
}

function retry(message, again) {
  const problem = h("p", { class: "problem", role: "alert" });
  const send = async ({ target }) => {
    target.disabled = true;
    problem.textContent = "";
    try {
      await act("POST", `messages/${message.id}/retry`);
      announce("The message is sent again.");
      again();
    } catch (error) {
      target.disabled = false;
      problem.textContent = error instanceof Outage
        ? `${error.message} It may have been sent again: refresh before you try once more.`
        : error.message;
    }
  };
  return h("div", {}, h("button", { type: "button", class: "primary", onclick: send }, "Send it again"),
    problem);
}

/** Look again and again, and tell of each change. */
async function follow(section, before, signal, again) {
  let known = before;
  for (let looks = 0; looks < MOST && !ENDS.includes(known.status); looks += 1) {
    await new Promise((resolve) => { setTimeout(resolve, EVERY); });
    if (signal.aborted || !section.isConnected) return;
    let found;
    try {
      found = await get(`messages/${known.id}`, {}, signal);
    } catch (error) {
      if (signal.aborted) return;
      // The part of the page that shows outages and sign-ins loads it again.
      if (error instanceof Outage || error instanceof Refused || error instanceof Problem) again();
      return;
    }
    if (found.updated_date === known.updated_date && found.status === known.status) continue;
    known = found;
    draw(section, found, again);
    announce(`The message is ${found.status}.`);
  }
}
