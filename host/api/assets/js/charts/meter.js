// A budget as a gauge, with the very numbers of the API.
import { el } from "../dom.js";
import { amount, number, when } from "../format.js";
import { chip } from "../parts.js";

const CAPABILITIES = { llm: "language model", tweet: "posting", schedule: "timers", memory: "memory", state: "notes", events: "events", wallet: "wallet", http: "web", market: "market" };
const AMOUNTS = { tokens: "Tokens", usd: "Money", posts: "Posts", replies: "Replies", likes: "Likes", deletes: "Deletions", events: "Events", rows: "Entries", bytes: "Space", timers: "Timers", targets: "Addressees", swaps: "Swaps", lamports: "Lamports" };
const PERIODS = { hour: "an hour", day: "a day" };

const budgetName = (b) => `${AMOUNTS[b.amount] ?? b.amount} · ${CAPABILITIES[b.capability] ?? b.capability}`;

const share = (b) => (b.limit === 0 ? 1 : b.used / b.limit);
const byNeed = (a, b) => share(b) - share(a);

/** Gauges by what they are about; what is nearest to its end comes first. */
export function meters(budgets) {
  const groups = new Map();
  for (const b of [...budgets].sort(byNeed)) groups.set(b.capability, [...(groups.get(b.capability) ?? []), b]);
  return [...groups].map(([capability, list]) => el("section.budget-group", { "aria-label": `Budgets of ${CAPABILITIES[capability] ?? capability}` },
    el("h3", {}, CAPABILITIES[capability] ?? capability), el("div.budgets", {}, list.map(meter))));
}

function meter(b) {
  const part = b.limit === 0 ? 100 : Math.min(100, (b.used / b.limit) * 100);
  const held = b.limit === 0 ? 0 : Math.min(100 - part, (b.reserved / b.limit) * 100);
  const said = `${amount(b.used, b.unit)} of ${amount(b.limit, b.unit)}${b.period ? ` ${PERIODS[b.period]}` : ""}`;
  return el("div.budget", { data: { state: b.state } },
    el("div.budget-head", {}, el("span.budget-name", {}, AMOUNTS[b.amount] ?? b.amount), b.state !== "ok" && chip(b.state), b.mode !== "live" && chip(b.mode, b.mode === "approve" ? "asks first" : "dry run")),
    el("div.meter", {
      role: "meter", testid: "budget-meter", "aria-label": `${budgetName(b)}, ${b.pack ?? b.account ?? "host"}`,
      "aria-valuemin": 0, "aria-valuemax": b.limit, "aria-valuenow": b.used, "aria-valuetext": said,
      vars: { "--used": `${part}%`, "--held": `${held}%` },
      data: { scope: b.scope, agent: b.agent ?? "", account: b.account ?? "", pack: b.pack ?? "", capability: b.capability, amount: b.amount, period: b.period ?? "" },
    }, el("i.used"), el("i.held")),
    el("p.budget-foot", {}, el("span", {}, said), el("span.hint", {}, b.reserved > 0 ? `${number(b.reserved)} held back · ` : "", b.resets_at ? ["anew ", when(b.resets_at)] : "")));
}
