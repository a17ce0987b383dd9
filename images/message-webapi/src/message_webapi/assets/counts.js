// How many messages there are, and when they came.

import { get } from "./api.js";
import { badge, clock, h } from "./dom.js";
import { bars } from "./chart.js";

export const title = "Counts";

/** Counts of everything, and the last day by the hour. */
export async function view({ signal, again }) {
  // One after the other: both come from one count, which the first may have to make.
  const all = await get("metrics", {}, signal);
  const day = await get("metrics/hourly", {}, signal);
  return h("section", {},
    h("h1", { tabindex: "-1" }, "Counts"),
    h("p", {}, `${all.total} messages, counted at ${clock(all.as_of)}`,
      !all.complete && "; older ones are still being counted", ". ",
      h("button", { type: "button", onclick: again }, "Refresh")),
    h("ul", { class: "numbers" }, Object.entries(all.by_status).map(([status, number]) =>
      h("li", {}, h("a", { href: `#/messages?status=${status}` },
        h("span", { class: "number" }, number), badge(status))))),
    h("h2", {}, "The last day"),
    bars(day.hours),
    h("h2", {}, "By type"),
    table(all.by_type));
}

function table(numbers) {
  const rows = Object.entries(numbers).sort(([, a], [, b]) => b - a);
  if (!rows.length) return h("p", { class: "empty" }, "There are no messages yet.");
  return h("table", {},
    h("caption", { class: "unseen" }, "Messages by type"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Type"),
      h("th", { scope: "col", class: "figure" }, "Messages"))),
    h("tbody", {}, rows.map(([name, number]) => h("tr", {}, h("th", { scope: "row" }, name),
      h("td", { class: "figure" }, number)))));
}
