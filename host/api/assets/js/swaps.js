// The way of a new version: its stages, its shadow replay, its canary, the history, and what it would decide otherwise.
import { el } from "./dom.js";
import { all, get, part } from "./api.js";
import { chip, figure, figures } from "./parts.js";
import { decisionTexts, decisionWords, eventWords, eventText } from "./words.js";
import { empty } from "./panel.js";
import { named } from "./cast.js";
import { when, ratio, number, plural } from "./format.js";

const WAY = ["staged", "verified", "compiled", "shadow", "canary", "live", "settled"];

export function stages(p) {
  const at = WAY.indexOf(p.state);
  const s = p.swap.shadow;
  return el("div.swap", {},
    el("p.hint", {}, p.swap.from ? `Swap from ${p.swap.from.version}, ` : "Swap, ", when(p.swap.at)),
    at >= 0 && el("ol.way", { "aria-label": "How far the swap is" }, WAY.map((w, n) => el("li", { data: { passed: n < at ? "yes" : n === at ? "now" : "no" }, "aria-current": n === at ? "step" : null }, w))),
    p.state === "canary" && el("div.share", { role: "meter", "aria-label": "Share of agents on the new version", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": p.share, vars: { "--part": `${p.share}%` } }, el("i"), el("span", {}, `${p.share} % of its agents are on it`)),
    s && el("p.shadow", {}, `Shadow replay of ${number(s.replayed)}: `, s.traps + s.breaches === 0 ? "nothing broke" : `${plural(s.traps + s.breaches, "breach", "breaches")}`, `, ${plural(s.changed_decisions, "decision")} changed, ${plural(s.unanswered_reads, "read")} unanswered, ${ratio(s.fuel_ratio)}× the fuel.`));
}

export async function swapHistory(pack, signal) {
  const items = await all(`/plugins/${part(pack)}/swaps`, {}, 1000, signal);
  return el("section", { testid: "swap-history", "aria-label": "Swap history" }, el("h3", {}, "Swap history"),
    items.length === 0 ? empty("Never swapped", "It is the first version that runs here.") : el("ol.history", {}, items.map((s) => el("li", {}, when(s.at), " ", el("strong", {}, s.from ? `${s.from} → ${s.version}` : s.version ?? ""), " ", chip(s.stage ?? s.state), (s.detail ?? s.reason) && el("span.hint", {}, ` ${s.detail ?? s.reason}`)))));
}

export async function behaviourDiff(pack, signal) {
  const d = await get(`/plugins/${part(pack)}/diff`, {}, signal);
  return el("section", { testid: "behaviour-diff", "aria-label": "What would change" },
    el("h3", {}, `${d.old.version ?? d.old.named} → ${d.new.version ?? d.new.named}`),
    figures(figure("Run on", number(d.replayed), "records"), figure("The same", number(d.same)), figure("Otherwise", number(d.changed)), figure("Fuel", `${ratio(d.fuel_ratio)}×`), figure("Breaches", number(d.new.traps + d.new.breaches), `before: ${d.old.traps + d.old.breaches}`)),
    d.changed === 0 ? el("p.muted", {}, "Both decide the same on every record.") : el("ul.changes", {}, d.items.filter((i) => !i.same).map((i) => el("li", {},
      el("p.row-title", {}, el("a", { href: `#/journal/${encodeURIComponent(i.invocation)}` }, `${named(i.agent)}: ${eventWords(i.event)}`), " ", when(i.at)),
      eventText(i.event) && el("p.row-text", {}, eventText(i.event)),
      el("div.side-by-side", {}, did("Before", i.old), did("Then", i.new))))));
}

function did(label, what) {
  return el("div", {}, el("h4", {}, label), what.outcome !== "ok" && el("p", {}, chip(what.outcome), " ", what.breach ?? what.declined?.message ?? what.error ?? ""),
    what.decisions.length === 0 && what.outcome === "ok" && el("p.muted", {}, "lets it pass"),
    what.decisions.map((d) => el("div", {}, el("p.hint", {}, decisionWords(d)), decisionTexts(d).map((t) => el("blockquote.draft", {}, t)))));
}
