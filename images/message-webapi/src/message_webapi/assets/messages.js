// Messages by status, newest first, a page at a time.

import { get } from "./api.js";
import { badge, clock, h, moment } from "./dom.js";

export const title = "Messages";
const STATUSES = ["", "created", "queued", "processing", "completed", "failed"];
const PAGE = 25;

/** The list that the address asks for. */
export async function view({ query, signal, again }) {
  const status = query.get("status") ?? "";
  const cursor = query.get("cursor") ?? "";
  const page = await get("messages", { status, cursor, limit: PAGE }, signal);
  return h("section", {},
    h("h1", { tabindex: "-1" }, status ? `Messages: ${status}` : "Messages"),
    h("div", { class: "bar" }, filters(status), search()),
    page.messages.length ? table(page.messages) : h("p", { class: "empty" }, nothing(status)),
    pager(page, status, cursor, again));
}

function nothing(status) {
  return status ? `No message is ${status}.` : "There are no messages yet.";
}

function filters(chosen) {
  const links = STATUSES.map((status) => h("li", {}, h("a", {
    href: status ? `#/messages?status=${status}` : "#/messages",
    "aria-current": status === chosen ? "true" : null,
  }, status || "all")));
  return h("nav", { "aria-label": "By status", class: "filters" }, h("ul", {}, links));
}

function search() {
  const find = (event) => {
    event.preventDefault();
    const id = new FormData(event.target).get("id").trim();
    if (id) location.hash = `#/messages/${encodeURIComponent(id)}`;
  };
  return h("form", { class: "search", role: "search", onsubmit: find },
    h("label", { for: "id", class: "unseen" }, "A message's id"),
    h("input", { id: "id", name: "id", type: "search", placeholder: "msg_…", required: true,
      spellcheck: "false", autocapitalize: "off" }),
    h("button", {}, "Find"));
}

function table(messages) {
  const heads = ["Created", "Status", "Type", "About"].map((name) => h("th", { scope: "col" }, name));
  return h("table", { class: "cards" },
    h("caption", { class: "unseen" }, "Messages, newest first"),
    h("thead", {}, h("tr", {}, heads)),
    h("tbody", {}, messages.map(row)));
}

function row(message) {
  const link = h("a", { href: `#/messages/${message.id}` }, moment(message.created_date));
  return h("tr", {},
    h("td", { "data-label": "Created" }, link),
    h("td", { "data-label": "Status" }, badge(message.status)),
    h("td", { "data-label": "Type" }, message.message_type),
    h("td", { "data-label": "About", class: "about" }, about(message)));
}

/** A line for a message: what it failed of, what it says, or who made it. */
function about(message) {
  if (message.status === "failed" && message.error_message) return message.error_message;
  const { title: head, message: text } = message.payload;
  const said = [head, text].filter((part) => typeof part === "string").join(": ");
  return said || `by ${message.created_by}`;
}

function pager(page, status, cursor, again) {
  const address = (more) => {
    const query = new URLSearchParams({ ...(status && { status }), ...more }).toString();
    return query ? `#/messages?${query}` : "#/messages";
  };
  return h("div", { class: "pager" },
    h("span", {}, `${page.count} shown, as of ${clock()}`),
    h("button", { type: "button", onclick: again }, "Refresh"),
    cursor && h("a", { class: "button", href: address({}) }, "Newest"),
    page.next_cursor
      && h("a", { class: "button", href: address({ cursor: page.next_cursor }) }, "Older"));
}
