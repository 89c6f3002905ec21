// What an agent trades: its desk, what it owns, and what happened last. Hidden where it has no desk.
import { el } from "./dom.js";
import { get } from "./api.js";
import { panel, pages, empty } from "./panel.js";
import { chip, figure, figures } from "./parts.js";
import { when, number } from "./format.js";

/** The smallest unit of a token as whole ones, from the text: no amount is a float. */
function whole(units, decimals) {
  if (units === null || units === undefined) return "–";
  if (decimals === null || decimals === undefined) return `${units} units`;
  const minus = units.startsWith("-") ? "−" : "";
  const digits = units.replace(/^-/, "").padStart(decimals + 1, "0");
  const cut = digits.length - decimals;
  const rest = digits.slice(cut).replace(/0+$/, "");
  return `${minus}${number(BigInt(digits.slice(0, cut)))}${rest && `.${rest}`}`;
}

export function tradingPanel({ path, signal }) {
  const section = panel({
    title: "Trading", hint: "by the books of its desk", signal, lines: 4, testid: "trading-panel",
    load: async () => {
      const stats = await get(`${path}/trading/stats`, {}, signal);
      section.hidden = stats.wallet === null;
      if (section.hidden) return [];
      return [desk(stats), stats.portfolio && owned(stats.portfolio), el("h3", {}, "What happened"), await pages({
        load: (cursor) => get(`${path}/trading/transactions`, { limit: 8, cursor }, signal), row: entry, list: el("ul.rows"),
        none: empty("Nothing has happened there", "Orders, fills and swaps of its desk appear here."),
      })];
    },
  });
  // It is shown once it is known that there is something to show.
  section.hidden = true;
  return section;
}

function desk(stats) {
  const why = stats.halted ?? stats.desk?.reason ?? stats.reason;
  return el("p.trading-desk", {}, el("strong", {}, stats.wallet), " ", chip(stats.kind), " ", chip(stats.desk?.state ?? stats.state), " ",
    stats.strategy ? `${stats.strategy.pack} ${stats.strategy.version} trades` : "trades what is asked for",
    stats.open_orders > 0 && ` · ${number(stats.open_orders)} open`, why && el("span.hint", {}, ` · ${why}`));
}

function owned(p) {
  const money = (units) => `${whole(units, p.quote?.decimals)} ${p.quote?.symbol ?? ""}`;
  const tokens = p.balances.filter((b) => b.amount !== "0");
  return [
    figures(figure("Worth", money(p.equity)), figure("Sales made", money(p.realised)), figure("Fees", money(p.fees))),
    tokens.length > 0 && el("ul.trading-tokens", {}, tokens.map((b) => el("li", { data: { mint: b.mint } },
      el("span.num", {}, whole(b.amount, b.decimals)), " ", b.symbol ?? b.mint, b.held !== "0" && el("span.hint", {}, ` · ${whole(b.held, b.decimals)} held`)))),
  ];
}

/** One entry; a swap leads to what its agent made of it. */
function entry(e) {
  const swap = e.body?.result;
  const told = swap?.agent && new URLSearchParams({ agent: swap.agent, kind: swap.is_done ? "swap_done" : "swap_failed" });
  return el("li.trading-entry", { testid: "trading-entry", data: { kind: e.kind } }, when(e.at), " ", chip(e.kind), " ", el("span", {}, e.what), e.rule && el("span.hint", {}, ` · ${e.rule}`),
    told && el("span", {}, " ", el("a", { href: `#/journal?${told}` }, "In the journal")));
}
