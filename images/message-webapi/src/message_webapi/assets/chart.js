// A chart of bars, one for each hour: drawn for the eye, and as a table for everybody.

import { clock, h, svg } from "./dom.js";

const PARTS = ["completed", "open", "failed"];
const NAMES = { completed: "completed", open: "under way", failed: "failed" };
const WIDTH = 720;
const LEFT = 44;
const BOTTOM = 24;

/** The messages of each hour, by what became of them. */
export function bars(hours) {
  const rows = hours.map((hour) => ({ hour: hour.hour, total: hour.total, ...split(hour) }));
  const total = rows.reduce((sum, row) => sum + row.total, 0);
  return h("figure", {},
    h("figcaption", {}, `${total} messages were created in the last 24 hours.`,
      h("ul", { class: "legend" }, PARTS.map((part) => h("li", { class: part }, NAMES[part])))),
    drawing(rows, total),
    h("details", {}, h("summary", {}, "The numbers"), table(rows)));
}

function split({ by_status: status }) {
  const { completed = 0, failed = 0, ...rest } = status;
  return { completed, failed, open: Object.values(rest).reduce((sum, n) => sum + n, 0) };
}

function drawing(rows, total) {
  // On a phone the same width is half as wide, and the chart as high as it is wide.
  const height = matchMedia("(max-width: 40rem)").matches ? 420 : 200;
  const top = scale(Math.max(...rows.map((row) => row.total)));
  const high = (number) => (number / top) * (height - BOTTOM - 8);
  const step = (WIDTH - LEFT) / rows.length;
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", class: "chart",
    "aria-label": `Messages by the hour, ${total} in all; the numbers are below as a table` },
  [0, top / 2, top].map((number) => grid(number, height - BOTTOM - high(number))),
  rows.map((row, index) => bar(row, LEFT + index * step, step, high, height)),
  rows.map((row, index) => index % 6 === 0 && svg("text",
    { x: LEFT + index * step, y: height - 6, class: "axis" }, clock(row.hour))));
}

/** The next number with one digit, times an even power: where the axis ends. */
function scale(most) {
  if (most <= 2) return 2;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 6, 8, 10].map((digit) => digit * power).find((number) => number >= most);
}

function grid(number, y) {
  return [svg("line", { x1: LEFT, x2: WIDTH, y1: y, y2: y, class: "grid" }),
    svg("text", { x: LEFT - 6, y: y + 4, class: "axis end" }, number)];
}

function bar(row, x, step, high, height) {
  let y = height - BOTTOM;
  const shown = PARTS.filter((part) => row[part] > 0).map((part) => {
    const size = Math.max(high(row[part]), 1.5);
    y -= size;
    return svg("rect", { x: x + 2, y, width: step - 4, height: size, class: part });
  });
  const text = PARTS.filter((part) => row[part]).map((part) => `${row[part]} ${NAMES[part]}`);
  return svg("g", {}, svg("title", {}, `${clock(row.hour)}: ${text.join(", ") || "none"}`), shown);
}

function table(rows) {
  const heads = ["From", ...PARTS.map((part) => NAMES[part]), "all"];
  return h("table", {},
    h("caption", { class: "unseen" }, "Messages created in each of the last 24 hours"),
    h("thead", {}, h("tr", {}, heads.map((name, index) =>
      h("th", { scope: "col", class: index ? "figure" : null }, name)))),
    h("tbody", {}, rows.toReversed().map((row) => h("tr", {},
      h("th", { scope: "row" }, clock(row.hour)),
      [...PARTS, "total"].map((part) => h("td", { class: "figure" }, row[part]))))));
}
