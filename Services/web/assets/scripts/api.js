// The API as the views use it. The access token lives in memory alone; what renews it is a cookie that no script can read.

import { solve } from "./challenge.js";

/** A refusal of the API, or no answer at all (status 0). */
export class Failure extends Error {
  constructor(status, code, message, trace, { challenge = null, details = [], factor = null } = {}) {
    super(message);
    Object.assign(this, { status, code, trace, challenge, details, factor });
  }
}

/** Who is signed in; `user` is null where nobody is. */
export const session = { user: null };

let token = null;
let expires = 0;
let renewal = null;
const listeners = [];

/** Called with a sentence when a session ended. */
export function whenSignedOut(listener) {
  listeners.push(listener);
}

/** Goes on with the session of this browser, where there is one. */
export async function start() {
  try {
    await renew();
  } catch {
    session.user = null;
  }
}

/**
 * `tenant` is a subdomain or an id where the address names none; `pending` names the login in which a code was sent. Throws a Failure. A
 * challenge is solved on the way.
 */
export async function signIn(email, password, code, tenant, pending = null) {
  const attempt = { email, password, ...(code ? { code } : {}), ...(tenant ? { tenant } : {}), ...(pending ? { pending } : {}) };
  try {
    enter(await send("login", attempt));
  } catch (error) {
    if (!error.challenge) throw error;
    enter(await send("login", { ...attempt, solution: await solve(error.challenge) }));
  }
}

export async function signOut() {
  try {
    await send("logout", {});
  } catch {
    // The session is forgotten here in any case.
  }
  forget("You are signed out.");
}

/** JSON of an answer, null where it has none; throws a Failure. */
export async function call(path, options = {}) {
  const text = await (await authorized(path, options)).text();
  return text === "" ? null : JSON.parse(text);
}

/** What whoever is not signed in may ask for, such as `password/forgot`; throws a Failure. */
export async function open(act, body) {
  await fetchOrFail(`/api/v1/auth/${act}`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  });
}

/** A page of a list: its rows, and the cursor of the next one or null. */
export async function list(path, parameters, signal) {
  const body = await call(`${path}?${query(parameters)}`, { signal });
  return { data: body.data, next: body.meta?.next ?? null, total: body.meta?.total ?? null };
}

/** One thing. */
export async function one(path, signal) {
  return (await call(path, { signal })).data;
}

/** An answer for whoever is signed in; renews the token where it is over. Throws a Failure. */
export async function authorized(path, options = {}) {
  if (Date.now() > expires - 10_000) await renew();
  try {
    return await fetchAs(path, options);
  } catch (error) {
    if (error.status !== 401) throw error;
    await renew();
    return fetchAs(path, options);
  }
}

/** A key of one wish, however often it is sent. */
export function wishKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** Parameters as a query: lists repeat, nothing is left out but null. */
export function query(parameters) {
  const result = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const single of [value].flat()) if (single !== null && single !== undefined && single !== "") result.append(name, single);
  }
  return result;
}

function fetchAs(path, options) {
  return fetchOrFail(path, { ...options, headers: { ...options.headers, authorization: `Bearer ${token}` } });
}

/** One renewal at a time, over all tabs: a token that came twice ends the session. */
function renew() {
  renewal ??= exclusively(async () => {
    try {
      enter(await send("refresh", {}));
    } catch (error) {
      if (error.status === 401) forget("The session is over. Sign in again.");
      throw error;
    }
  }).finally(() => { renewal = null; });
  return renewal;
}

function exclusively(work) {
  return navigator.locks ? navigator.locks.request("nexora-renewal", work) : work();
}

function enter(answer) {
  if (answer === null) throw new Failure(401, "no_session", "Nobody is signed in here.");
  token = answer.access_token;
  expires = Date.now() + answer.expires_in * 1000;
  session.user = answer.user;
}

function forget(reason) {
  const was = session.user;
  token = null;
  expires = 0;
  session.user = null;
  if (was) for (const listener of listeners) listener(reason);
}

/** The paths that the cookie goes to. */
async function send(act, body) {
  const response = await fetchOrFail(`/api/v1/auth/browser/${act}`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  });
  return response.status === 204 ? null : (await response.json()).data;
}

async function fetchOrFail(path, options) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Failure(0, "unreachable", "The server cannot be reached.");
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  const message = problem.detail || problem.title || `The server answered ${response.status}.`;
  throw new Failure(response.status, problem.error?.code ?? "", message, problem.trace_id, {
    challenge: problem.challenge, details: problem.error?.details, factor: problem.second_factor,
  });
}
