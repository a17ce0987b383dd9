// Requests to the API, and what can go wrong with them.

import { authorize } from "./session.js";

const PATIENCE = 30_000; // milliseconds: no request takes longer than the function may

/** How many requests were made. */
export let asked = 0;

/** The API did not answer, or said that it cannot at the moment. */
export class Outage extends Error {}

/** Whoever asks is not, or no longer, let in. */
export class Refused extends Error {}

/** The API refused this request, with reasons. */
export class Problem extends Error {
  constructor(status, answer) {
    super(answer.error ?? `The API answered ${status}.`);
    this.status = status;
    this.fields = answer.fields ?? [];
  }
}

/** A read. `signal` gives it up. */
export function get(path, query = {}, signal = undefined) {
  const url = new URL(`api/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  return request("GET", url, "", signal);
}

/** Something that is to happen once: it is never sent again by itself. */
export function act(method, path, body = undefined) {
  const text = body === undefined ? "" : JSON.stringify(body);
  return request(method, new URL(`api/${path}`, document.baseURI), text);
}

async function request(method, url, body, signal) {
  asked += 1;
  const headers = await authorize(method, url, body);
  if (body) headers["content-type"] = "application/json";
  const stop = AbortSignal.timeout(PATIENCE);
  let response;
  try {
    response = await fetch(url, {
      method,
      headers,
      body: body || undefined,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: signal ? AbortSignal.any([signal, stop]) : stop,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Outage(stop.aborted ? "The API has not answered for half a minute."
      : "The API cannot be reached.");
  }
  return read(response);
}

async function read(response) {
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (response.status === 401 || response.status === 403) {
    throw new Refused(answer.message ?? "Not signed in.");
  }
  if (response.status === 429 || response.status >= 500) {
    throw new Outage(answer.error ?? `The API answered ${response.status}.`);
  }
  throw new Problem(response.status, answer);
}
