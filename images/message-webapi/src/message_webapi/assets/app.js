// The page: which part is shown, who may see it, and what happens when the API is away.

import { Outage, Problem, Refused, asked, get } from "./api.js";
import { announce, clock, h } from "./dom.js";
import * as session from "./session.js";
import * as counts from "./counts.js";
import * as message from "./message.js";
import * as messages from "./messages.js";
import * as schedules from "./schedules.js";
import * as send from "./send.js";

const RETRY_SECONDS = 10;
const main = document.getElementById("content");
const outage = document.getElementById("outage");
const button = document.getElementById("session");

const parts = [
  [/^\/messages$/, messages],
  [/^\/messages\/([^/]+)$/, message],
  [/^\/send$/, send],
  [/^\/counts$/, counts],
  [/^\/schedules$/, schedules],
];

let stop = new AbortController();
let shownAt = "";
let loadedAt = "";
let timer = 0;
let loads = false; // whether what is shown, or was to be, comes from the API

/** Where the reader is, by the address. */
function place() {
  const [path, query = ""] = location.hash.replace(/^#/, "").split("?");
  for (const [pattern, part] of parts) {
    const found = pattern.exec(path);
    if (found) return { part, names: found.slice(1).map(decodeURIComponent), path, query };
  }
  return null;
}

/** Show the part that the address names. */
async function show() {
  const here = place();
  if (!here) { location.replace("#/messages"); return; }
  stop.abort();
  clearTimeout(timer);
  stop = new AbortController();
  mark(here.path);
  if (!session.isSignedIn()) { replace(session.signInForm(), "Sign in"); return; }
  main.setAttribute("aria-busy", "true");
  const { signal } = stop;
  const before = asked;
  try {
    const query = new URLSearchParams(here.query);
    const part = await here.part.view({ names: here.names, query, signal, again: show });
    if (signal.aborted) return;
    replace(part, here.part.title);
    loadedAt = clock();
    loads = asked > before;
    if (loads) up();
    else if (!outage.hidden) later();
  } catch (error) {
    if (signal.aborted) return;
    loads = true;
    failed(error, here);
  } finally {
    if (!signal.aborted) main.removeAttribute("aria-busy");
  }
}

/** Put a part in place, and those who use a keyboard or a screen reader at its beginning. */
function replace(part, title) {
  const same = shownAt === location.hash;
  const focused = main.contains(document.activeElement);
  main.replaceChildren(part);
  document.title = `${title} · Messages · ${session.stage}`;
  // The first time nobody is anywhere yet, and the way to the content is the first thing.
  if (shownAt && (!same || focused)) part.querySelector("h1")?.focus({ preventScroll: same });
  if (!same) window.scrollTo(0, 0);
  shownAt = location.hash;
}

function mark(path) {
  for (const link of document.querySelectorAll("nav a")) {
    const own = link.getAttribute("href").slice(1);
    if (path === own || path.startsWith(`${own}/`)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function failed(error, here) {
  if (error instanceof Refused) {
    session.signOut();
    replace(session.signInForm(`The API does not let you in: ${error.message}`), "Sign in");
  } else if (error instanceof Outage) {
    down(error, here);
  } else {
    if (!(error instanceof Problem)) console.error(error);
    const text = error instanceof Problem ? error.message : "This page has failed.";
    replace(h("section", {}, h("h1", { tabindex: "-1" }, text),
      h("p", {}, h("a", { href: "#/messages" }, "To the messages"))), "Not found");
  }
}

/** Say that the API is away, keep what is shown, and go on trying. */
function down(error, here) {
  if (shownAt !== location.hash) {
    replace(h("section", {}, h("h1", { tabindex: "-1" }, here.part.title),
      h("p", {}, "Nothing could be loaded yet.")), here.part.title);
    loadedAt = "";
  }
  outage.replaceChildren(
    h("p", {}, h("strong", {}, error.message), " ",
      loadedAt ? `You see what was there at ${loadedAt}. ` : "",
      `It is tried again every ${RETRY_SECONDS} seconds.`),
    h("button", { type: "button", onclick: retry }, "Try now"));
  outage.hidden = false;
  later();
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(retry, RETRY_SECONDS * 1000);
}

/** Load again what is shown; only ask for the API where that would wipe out what was written. */
async function retry() {
  if (loads && !isWritten()) { show(); return; }
  const { signal } = stop;
  try {
    await get("health", {}, signal);
    if (!signal.aborted) up();
  } catch {
    if (!signal.aborted) later();
  }
}

/** Whether a form has content. */
function isWritten() {
  return [...main.querySelectorAll("form :is(input, textarea, select)")].some((control) => (
    control.options ? control.selectedIndex > 0 : control.value !== control.defaultValue));
}

function up() {
  if (outage.hidden) return;
  outage.hidden = true;
  outage.replaceChildren();
  clearTimeout(timer);
  announce("The API answers again.");
}

function signed() {
  button.hidden = !session.isSignedIn();
  button.textContent = "Sign out";
  if (session.isSignedIn()) show();
}

button.addEventListener("click", () => { session.signOut(); show(); });
session.onChange(signed);
window.addEventListener("hashchange", show);
window.addEventListener("online", () => { if (!outage.hidden) retry(); });
show();
