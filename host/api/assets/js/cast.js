// Who lives here: the agents by id and by handle, kept up to date for names and faces.
import { all } from "./api.js";
import { el } from "./dom.js";
import { avatar } from "./avatar.js";

let byId = new Map();
let byHandle = new Map();
let asked = null;

const KNOWN_AT_MOST = 1000;

export function learn(agents) {
  for (const a of agents) { byId.set(a.id, a); byHandle.set(a.handle, a); }
}

/** Asks once; `again` asks anew. */
export function cast({ again = false } = {}) {
  if (!asked || again) {
    asked = all("/agents", { limit: 200 }, KNOWN_AT_MOST).then((items) => {
      byId = new Map(); byHandle = new Map();
      learn(items);
      return items;
    }).catch((problem) => { asked = null; throw problem; });
  }
  return asked;
}

export function forgetCast() { asked = null; byId = new Map(); byHandle = new Map(); }

export const named = (id) => byId.get(id)?.name ?? id;
export const agentOf = (id) => byId.get(id) ?? null;
export const agentByHandle = (handle) => byHandle.get(handle) ?? null;

/** A face with a name that leads to the agent's page. */
export function agentLink(id, { size = 24 } = {}) {
  return el("a.agent-link", { href: `#/agents/${encodeURIComponent(id)}` }, avatar(id, size), el("span", {}, named(id)));
}

/** Who wrote a post, from any of the forms in which it is told: `{agent,name,handle}` or a handle. */
export function writer(author) {
  const handle = typeof author === "string" ? author : author?.handle ?? author?.name ?? "";
  const agent = (typeof author === "object" ? author?.agent : null) ?? agentByHandle(handle)?.id ?? null;
  const name = agent ? named(agent) : (typeof author === "object" && author?.name) || handle;
  return { agent, name, handle };
}
