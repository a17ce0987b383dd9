// Who the reader is. What they give is kept in this variable and nowhere else: a reload forgets it.

import { field, h } from "./dom.js";
import { signed } from "./sigv4.js";

const told = (name) => document.querySelector(`meta[name="${name}"]`).content;
export const byToken = told("authorization") === "JWT";
export const stage = told("stage");
const region = told("region");

let credentials = null;
const listeners = new Set();

/** Whether somebody has signed in. */
export function isSignedIn() {
  return credentials !== null;
}

/** Call something whenever somebody signs in or out. */
export function onChange(listener) {
  listeners.add(listener);
}

/** Forget who it was. */
export function signOut() {
  credentials = null;
  listeners.forEach((listener) => listener());
}

/** The headers that let a request through. */
export async function authorize(method, url, body) {
  if (!credentials) return {};
  if (byToken) return { authorization: `Bearer ${credentials.token}` };
  return signed(credentials, region, method, url, body);
}

/** The form to sign in with; `problem` says why it is shown again. */
export function signInForm(problem = "") {
  const form = h("form", { class: "panel narrow", autocomplete: "off", onsubmit: submit },
    h("h1", { tabindex: "-1" }, "Sign in"),
    h("p", { class: "form-problem", role: problem ? "alert" : null, tabindex: "-1" }, problem),
    byToken ? tokenFields() : keyFields(),
    h("p", { class: "hint" }, "This stays in this tab's memory and is gone when you reload the "
      + `page or sign out. ${byToken ? "It is sent to the API and to nobody else."
        : "The secret key signs requests here, and is sent to nobody."}`),
    h("button", { class: "primary" }, "Sign in"));
  return form;
}

function tokenFields() {
  return field("token", "Token", secret(), "A JSON Web Token of your identity provider.");
}

function keyFields() {
  const hint = told("environment") === "local" ? "On the local stack: test, and test." : "";
  return [
    h("p", {}, "The API lets those in who may invoke it. Give short-lived credentials, as ",
      h("code", {}, "aws configure export-credentials"), " prints them."),
    field("keyId", "Access key ID", h("input", { required: true, spellcheck: "false",
      autocapitalize: "off", autocomplete: "off" }), hint),
    field("secret", "Secret access key", secret()),
    field("token", "Session token", secret({ required: false }),
      "Of short-lived credentials; a user's own key has none."),
  ];
}

function secret(more = {}) {
  return h("input", { type: "password", required: true, autocomplete: "off", ...more });
}

function submit(event) {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(event.target));
  credentials = Object.fromEntries(Object.entries(given).map(([name, value]) => [name,
    value.trim()]));
  listeners.forEach((listener) => listener());
}
