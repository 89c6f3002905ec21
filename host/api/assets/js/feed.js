// The live feed: posts, and between them the small things that happened. New items come on top; who reads further down is not
// moved: they wait behind a button.
import { el } from "./dom.js";
import { get } from "./api.js";
import { on } from "./live.js";
import { postCard, know } from "./posts.js";
import { agentLink } from "./cast.js";
import { when, number, ratio } from "./format.js";
import { empty } from "./panel.js";
import { BREACHES } from "./words.js";

const PAGE = 30;
/** The oldest go when there are more, unless somebody reads down there. */
const MOST = 300;
const NEAR_TOP = 240;

const link = (href, text) => el("a", { href }, text);
const journalLink = (id) => (id ? link(`#/journal/${encodeURIComponent(id)}`, "why") : null);

/** Small things that happened, in words. What is not here is not told in the feed. */
const NOTES = {
  "agent.mood": (d) => [["feels ", ratio(d.valence), " pleasant, ", ratio(d.arousal), " awake, ", ratio(d.dominance), " in charge"], d.invocation],
  "agent.paused": (d) => [["was paused", d.reason ? `: ${d.reason}` : ""]],
  "agent.resumed": () => [["goes on"]],
  "agent.trade": (d) => [[`${d.side === "sell" ? "sells" : "buys"} on `, d.market ?? "its purse"]],
  "event.dead": (d) => [["gave up an event (", d.kind ?? "unknown", ")", d.reason ? `: ${d.reason}` : ""]],
  "plugin.swap": (d) => [[link("#/plugins", d.pack), ` ${d.version ?? ""}: ${d.stage}`, d.detail ? `, ${d.detail}` : ""]],
  "plugin.quarantined": (d) => [[link("#/plugins", d.pack), " was quarantined", d.detail ? `: ${d.detail}` : ""]],
  "approval.waiting": (d) => [["wants to ", d.kind ?? "act", " and ", link("#/approvals", "waits for your yes")]],
  "budget.spent": (d) => [["has no ", d.amount, " left (", number(d.used), " of ", number(d.limit), ")"]],
  "outbox.in-doubt": (d) => [["has an effect ", link("#/outbox?state=in-doubt", "in doubt"), d.reason ? `: ${d.reason}` : ""]],
  "outbox.unreached": () => [["could not be reached; what it says waits"]],
};
const LOUD = new Set(["event.dead", "plugin.quarantined", "approval.waiting", "budget.spent", "outbox.in-doubt"]);

function note(message) {
  if (message.topic === "invocation.done") {
    if (message.data.outcome !== "breach" && message.data.outcome !== "failed") return null;
    const why = BREACHES[message.data.detail] ?? message.data.detail ?? "";
    return line(message, [message.data.outcome === "breach" ? "was stopped. " : "failed. ", why, " "], message.data.invocation, true);
  }
  const words = NOTES[message.topic]?.(message.data ?? {});
  return words ? line(message, words[0], words[1], LOUD.has(message.topic)) : null;
}

function line(message, words, invocation, loud) {
  return el(`article.note${loud ? ".loud" : ""}`, { testid: "feed-item", data: { id: message.id, topic: message.topic } },
    el("p", {}, message.agent ? agentLink(message.agent) : null, " ", words, " ", journalLink(invocation)), when(message.at));
}

/** The posts that a message brings, each with its own id. */
export function postsOf(message) {
  if (message.topic === "timeline.post") return message.data.post ? [message.data.post] : [];
  if (message.topic === "agent.post" || message.topic === "agent.reply") return message.data.posts ?? [];
  return [];
}

export function feed({ signal, reply }) {
  const list = el("div.feed-list", { "aria-busy": "true" });
  const waiting = [];
  const pill = el("button.new-pill", { type: "button", hidden: true, "aria-live": "polite" });
  const older = el("button.button.more", { type: "button", hidden: true }, "Show older");
  const none = empty("Nothing was said yet", "What the characters say, and what happens to them, appears here by itself.");
  const shown = new Map();
  let next = null;

  const card = (post, effect) => postCard(post, { testid: "feed-item", effect, reply });
  const checkEmpty = () => {
    // A feed without an article is none.
    if (list.childElementCount) { list.setAttribute("role", "feed"); none.remove(); return; }
    list.removeAttribute("role");
    if (!none.isConnected) list.after(none);
  };

  function put(node, id, top) {
    node.classList.add("arrived");
    if (top) list.prepend(node); else list.append(node);
    shown.set(id, node);
    while (top && list.childElementCount > MOST && scrollY < NEAR_TOP) {
      shown.delete(list.lastElementChild.dataset.id);
      list.lastElementChild.remove();
    }
  }

  function arrive(id, make) {
    if (shown.has(id) || waiting.some((w) => w.id === id)) return;
    if (scrollY < NEAR_TOP && !document.hidden) {
      const node = make();
      if (node) put(node, id, true);
      checkEmpty();
    } else {
      waiting.push({ id, make });
      pill.textContent = `${waiting.length} new`;
      pill.hidden = false;
    }
  }

  function letIn() {
    for (const { id, make } of waiting.splice(0)) { const node = make(); if (node) put(node, id, true); }
    pill.hidden = true;
    checkEmpty();
  }
  pill.addEventListener("click", () => { letIn(); scrollTo({ top: 0 }); list.firstElementChild?.querySelector("a, button")?.focus({ preventScroll: true }); });
  addEventListener("scroll", () => { if (scrollY < 40 && waiting.length) letIn(); }, { passive: true, signal });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && scrollY < NEAR_TOP) letIn(); }, { signal });

  /** Merges the newest of the timeline with what is shown. */
  async function merge() {
    const page = await get("/timeline", { limit: PAGE }, signal);
    know(page.items);
    for (const post of [...page.items].reverse()) arrive(post.id, () => card(post));
    if (shown.size === 0) checkEmpty();
    return page;
  }

  async function load() {
    const page = await get("/timeline", { limit: PAGE, cursor: next ?? undefined }, signal);
    know(page.items);
    for (const post of page.items) if (!shown.has(post.id)) put(card(post), post.id, false);
    next = page.next;
    older.hidden = !next;
    list.setAttribute("aria-busy", "false");
    checkEmpty();
    return page;
  }
  older.addEventListener("click", () => { older.disabled = true; load().catch(() => {}).finally(() => { older.disabled = false; }); });

  on(["agent.", "timeline.post", "invocation.done", "event.dead", "plugin.", "approval.waiting", "budget.spent", "outbox."], (message) => {
    const posts = postsOf(message);
    // What an agent said is known in the timeline; the message also knows the effect behind it.
    for (const post of posts) {
      const known = shown.get(String(post.id));
      if (known) continue;
      arrive(String(post.id), () => card(post, message.data.effect));
    }
    const small = posts.length === 0 ? note(message) : null;
    if (small) arrive(message.id, () => small);
  }, signal);
  // Messages were missed: the timeline knows what they said.
  on(["system.reset", "system.dropped"], () => { merge().catch(() => {}); }, signal);

  return { nodes: [pill, list, older], load, merge };
}
