// An agent as a card: face, name, what it does right now, its mood.
import { el } from "./dom.js";
import { avatar } from "./avatar.js";
import { when } from "./format.js";
import { moodBars } from "./charts/mood.js";
import { eventWords } from "./words.js";

/** What it does right now, in a few words. */
export function doingWords(agent) {
  if (agent.paused) return [agent.paused.reason ? `Paused: ${agent.paused.reason}` : "Paused"];
  const doing = agent.doing;
  if (doing) {
    if (typeof doing === "string") return [doing];
    const words = doing.kind ? eventWords({ kind: doing.kind, payload: doing.payload ?? {} }) : "At work";
    return [`${words}; it decides what to do`, doing.since ? [" · ", when(doing.since)] : ""];
  }
  return agent.last_post_at ? ["Last wrote ", when(agent.last_post_at)] : ["Has not written yet"];
}

export const doingState = (agent) => (agent.paused ? "paused" : agent.doing ? "busy" : "idle");

export function agentCard(agent, { large = false } = {}) {
  return el(`article.agent-card${large ? ".large" : ""}`, { testid: "agent-card", data: { agent: agent.id, state: doingState(agent) } },
    avatar(agent.id, large ? 56 : 44),
    el("div.agent-card-main", {},
      el("h3", {}, el("a.stretch", { href: `#/agents/${encodeURIComponent(agent.id)}` }, agent.name), " ", el("span.post-handle", {}, `@${agent.handle}`)),
      large && agent.description && el("p.agent-about", {}, agent.description),
      el("p.doing", {}, el("i.dot", { "aria-hidden": "true" }), el("span", {}, doingWords(agent)))),
    agent.mood && moodBars(agent.mood));
}
