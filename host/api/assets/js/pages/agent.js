// One agent: who it is, how it feels, whom it knows, what it remembers, what it may still spend, what it said.
import { el, fill } from "../dom.js";
import { get, post, part, all, can } from "../api.js";
import { on } from "../live.js";
import { avatar } from "../avatar.js";
import { cast, learn, agentLink } from "../cast.js";
import { doingWords, doingState } from "../agent-card.js";
import { moodChart } from "../charts/mood.js";
import { relationshipsGraph, feeling } from "../charts/graph.js";
import { meters } from "../charts/meter.js";
import { panel, pages, empty, calmly } from "../panel.js";
import { postCard } from "../posts.js";
import { persona } from "../persona.js";
import { memoryBrowser } from "../memory.js";
import { commands } from "../commands.js";
import { tradingPanel } from "../trading.js";
import { ratio, when, plural } from "../format.js";

const MOODS = 300;
const TIES_LISTED = 12;

export function agent({ arg: id, signal, title }) {
  const path = `/agents/${part(id)}`;
  const head = panel({
    testid: "agent-head", signal, lines: 2, className: ".bare",
    load: async () => {
      const [shown, everybody] = await Promise.all([get(path, {}, signal), cast({ again: true }).catch(() => [])]);
      const now = everybody.find((a) => a.id === id) ?? shown;
      learn([now]);
      title(shown.name);
      fill(who, persona(shown));
      const paused = shown.paused ?? now.paused;
      return el("header.agent-head", { data: { state: doingState({ ...now, paused }) } }, avatar(id, 88),
        el("div.agent-head-main", {},
          el("h1", { tabindex: "-1" }, shown.name),
          el("p.agent-line", {}, el("span.post-handle", {}, `@${shown.handle}`), ` · ${shown.pack} · writes with ${now.llm_in_use ?? shown.llm ?? "the default model"}`),
          el("p.lead", {}, shown.description),
          el("p.doing", { testid: "agent-doing" }, el("i.dot", { "aria-hidden": "true" }), el("span", {}, doingWords({ ...now, paused })))),
        can("operator") && commands({ id, path, paused, changed: () => head.reload({ quiet: true }) }));
    },
  });
  const who = el("section.panel", { testid: "agent-persona", "aria-label": "Persona" });

  const mood = panel({
    title: "Mood", hint: "over time", signal, lines: 6, testid: "mood-panel",
    load: async () => {
      const items = await all(`${path}/mood/history`, { limit: 200 }, MOODS, signal);
      // Pages go towards the past, each with its oldest first.
      items.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
      if (items.length) return moodChart(items);
      const now = await get(`${path}/mood`, {}, signal);
      return [el("p.muted", {}, "It has not been moved yet. This is how it began."), moodChart([{ at: now.at, ...now.mood, cause: null }])];
    },
  });

  const relations = panel({
    title: "Relationships", signal, lines: 6, testid: "relationships-panel",
    load: async () => {
      const [items, everybody] = await Promise.all([all(`${path}/relationships`, {}, 1000, signal), cast()]);
      return [relationshipsGraph(id, items, everybody),
        items.length === 0 ? el("p.muted", {}, "It knows nobody yet.") : ties(items, everybody)];
    },
  });

  const budgets = panel({
    title: "Budgets", hint: "what it may still do", signal, lines: 4, testid: "budgets",
    load: async () => {
      const { items } = await get("/budgets", {}, signal);
      const own = items.filter((b) => b.agent === id);
      return own.length ? meters(own) : empty("Nothing is counted yet", "Its budgets appear with its first invocation.");
    },
  });

  const trading = tradingPanel({ path, signal });

  const posts = panel({
    title: "Posts", signal, lines: 5, testid: "posts",
    load: () => pages({
      load: (cursor) => get(`${path}/posts`, { limit: 6, cursor }, signal), row: (p) => postCard(p), list: el("div.feed-list.flat"),
      none: empty("It has not said anything yet", "Its posts appear here as they leave."),
    }),
  });

  const quiet = (section, ms) => calmly(() => section.reload({ quiet: true }), ms);
  const [headAgain, moodAgain, relationsAgain, budgetsAgain, postsAgain] = [quiet(head, 800), quiet(mood, 800), quiet(relations, 1500), quiet(budgets, 1500), quiet(posts, 800)];
  const tradingAgain = quiet(trading, 1500);
  on(["*"], (message) => {
    if (message.topic === "system.reset") { headAgain(); moodAgain(); postsAgain(); return; }
    if (message.agent !== id) return;
    if (message.topic === "agent.mood") moodAgain();
    if (message.topic === "agent.post" || message.topic === "agent.reply") postsAgain();
    if (message.topic === "agent.trade") tradingAgain();
    if (message.topic === "invocation.done") { relationsAgain(); budgetsAgain(); }
    if (/^(agent|event|invocation)\./.test(message.topic)) headAgain();
  }, signal);

  return [head, el("div.agent-grid", {},
    el("div.agent-main", {}, mood, relations, trading, posts, memoryBrowser({ path, signal })),
    el("div.agent-aside", {}, who, budgets, el("p", {}, el("a", { href: `#/journal?agent=${encodeURIComponent(id)}` }, "Everything it decided: the journal"))))];
}

function ties(items, everybody) {
  const known = new Set(everybody.map((a) => a.id));
  const sorted = [...items].sort((a, b) => b.interactions - a.interactions);
  const row = (r) => el("li.tie-row", {},
    el("div.tie-head", {}, known.has(r.target_agent_id) ? agentLink(r.target_agent_id) : el("strong", {}, `@${r.target_agent_id}`),
      el("span", {}, `is ${feeling(r.sentiment)} them (${ratio(r.sentiment)})`)),
    el("p.hint", {}, `knows them ${ratio(r.familiarity)} · trusts them ${ratio(r.trust)} · ${plural(r.interactions, "exchange")}`, r.last_at ? [", the last ", when(r.last_at)] : ""),
    r.notes?.length > 0 && el("p.tie-note", {}, r.notes.at(-1)));
  const more = sorted.slice(TIES_LISTED);
  return [el("ul.ties", {}, sorted.slice(0, TIES_LISTED).map(row)),
    more.length > 0 && el("details.as-table", {}, el("summary", {}, `${more.length} more`), el("ul.ties", {}, more.map(row)))];
}
