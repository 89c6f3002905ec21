// Requests to /api/v1: the session by cookie, the CSRF header on writes, problems as errors with a remedy.

const BASE = "/api/v1";
/** Seconds before its end at which a session is renewed. */
const RENEW_BEFORE = 60;

let session = null;
let renewal = 0;
let onEnd = () => {};

/** What a request was refused with (RFC 9457). */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail || body?.title || `The host answered ${status}.`);
    this.status = status;
    this.code = body?.code ?? "unknown";
    this.remedy = body?.remedy ?? "";
    this.field = body?.field ?? null;
  }
}

export const who = () => session;
const RANK = { viewer: 0, operator: 1, admin: 2 };
/** Whether the session may do what `role` may. */
export const can = (role) => session !== null && RANK[session.role] >= RANK[role];
/** Whether the session sees the host as a whole, not some agents alone. */
export const seesHost = () => session !== null && !session.agents;
export const whenSessionEnds = (f) => { onEnd = f; };

function keep(next) {
  session = next;
  clearTimeout(renewal);
  if (!next) return;
  const left = Date.parse(next.expires_at) - Date.now() - RENEW_BEFORE * 1000;
  renewal = setTimeout(() => { renew().catch(() => {}); }, Math.min(Math.max(left, 5_000), 2 ** 31 - 1));
}

async function raw(method, path, { query, body, key, headers = {}, signal } = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") search.set(name, value);
  }
  const url = BASE + path + (search.size ? `?${search}` : "");
  const all = { accept: "application/json", ...headers };
  let sent;
  if (body instanceof Blob) {
    sent = body;
    all["content-type"] ??= "application/octet-stream";
  } else if (body !== undefined) {
    sent = JSON.stringify(body);
    all["content-type"] = "application/json";
  }
  if (method !== "GET" && session) all["x-csrf-token"] = session.csrf;
  if (key) all["idempotency-key"] = key;
  let answer;
  try {
    answer = await fetch(url, { method, headers: all, body: sent, signal, credentials: "same-origin", cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { code: "unreachable", detail: "The host cannot be reached.", remedy: "See whether it runs; this page tries again by itself." });
  }
  const text = await answer.text();
  let value = null;
  try { value = text ? JSON.parse(text) : null; } catch { /* not of this host: told by its status */ }
  if (!answer.ok) throw new Problem(answer.status, value);
  return { status: answer.status, value };
}

/** A new session from the refresh cookie. One at a time over all tabs: a refresh token counts once. */
async function renew() {
  const work = async () => {
    try {
      const { value } = await raw("GET", "/session");
      // Another tab may have renewed it meanwhile.
      if (Date.parse(value.expires_at) - Date.now() > RENEW_BEFORE * 1500) return keep(value);
    } catch (problem) {
      if (problem.status !== 401) throw problem;
    }
    const { value } = await raw("POST", "/session/refresh");
    return keep(value);
  };
  return navigator.locks ? navigator.locks.request("puppet-session", work) : work();
}

let renewing = null;
const renewOnce = () => (renewing ??= renew().finally(() => { renewing = null; }));

export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

async function call(method, path, options = {}) {
  const asked = method === "GET" ? options : { ...options, key: options.key ?? newKey() };
  try {
    return (await raw(method, path, asked)).value;
  } catch (problem) {
    // An ended session, or a CSRF value that another tab has replaced: once more with a new one.
    const stale = problem.status === 401 || (problem.status === 403 && /csrf/.test(problem.code));
    if (!stale || !session) throw problem;
    try {
      if (problem.status === 401) await renewOnce();
      else keep((await raw("GET", "/session")).value);
    } catch (second) {
      if (second.status !== 401) throw second;
      keep(null);
      onEnd();
      throw problem;
    }
    return (await raw(method, path, asked)).value;
  }
}

export const get = (path, query, signal) => call("GET", path, { query, signal });
export const post = (path, body, options) => call("POST", path, { body, ...options });
export const patch = (path, body, options) => call("PATCH", path, { body, ...options });
export const remove = (path) => call("DELETE", path);
/** One part of a path. */
export const part = (text) => encodeURIComponent(text);

/** All pages of a list, at most `most` items. */
export async function all(path, query = {}, most = 1000, signal) {
  const items = [];
  let cursor;
  do {
    const page = await get(path, { ...query, cursor }, signal);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor && items.length < most);
  return items;
}

/** Takes up the session of this browser. False where there is none. */
export async function resume() {
  try {
    keep((await raw("GET", "/session")).value);
    return true;
  } catch (problem) {
    if (problem.status !== 401) throw problem;
  }
  try {
    await renewOnce();
    return true;
  } catch (problem) {
    if (problem.status === 0) throw problem;
    return false;
  }
}

export async function signIn(key) {
  keep((await raw("POST", "/session", { body: { key } })).value);
}

export async function signOut() {
  try { await call("DELETE", "/session"); } catch { /* it ends by itself */ }
  keep(null);
}
