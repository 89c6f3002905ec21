// Grants: what each pack may do, in plain words; what an update asks for beyond it; approve and revoke.
import { el } from "../dom.js";
import { all, post, patch, remove, part, can } from "../api.js";
import { on } from "../live.js";
import { panel, empty } from "../panel.js";
import { chip, digest, pageHead } from "../parts.js";
import { named } from "../cast.js";
import { when, amount } from "../format.js";
import { ask, field, toast, actionButton } from "../dialog.js";

const MODES = { live: "acts by itself", approve: "asks you first", "dry-run": "only pretends" };
const TITLES = { llm: "Language models", tweet: "Posting", memory: "Memory", schedule: "Timers", events: "Events", state: "Notes", market: "Market data", wallet: "Wallet", http: "The web" };

export function grants({ signal }) {
  const section = panel({
    testid: "grants-panel", signal, lines: 8, className: ".bare",
    load: async () => {
      const items = await all("/grants", {}, 1000, signal);
      const first = [...items].sort((a, b) => b.widened.length - a.widened.length || a.pack.localeCompare(b.pack));
      return first.length ? el("div.grants", {}, first.map(card)) : empty("No pack asks for anything", "Install one on the page Plugins.");
    },
  });
  const changed = (text) => { toast(text); return section.reload({ quiet: true }); };

  function card(g) {
    const path = `/grants/${part(g.pack)}`;
    const admin = can("admin");
    const groups = Map.groupBy ? Map.groupBy(g.items, (i) => i.capability) : g.items.reduce((m, i) => m.set(i.capability, [...(m.get(i.capability) ?? []), i]), new Map());
    const asks = g.widened.length > 0;
    const approve = admin && (asks || !g.unchanged) && actionButton(asks ? "Approve what it asks for" : "Approve this version", { testid: "grant-approve", kind: "primary", work: async () => {
      const done = await ask({ title: `Approve ${g.pack}?`, testid: "grant-approve-confirm", confirm: "Approve", act: () => post(`${path}/approve`, { digest: g.digest }),
        text: el("div", {}, asks ? [el("p", {}, "Beyond what it was granted, it"), el("ul.plain.widened", {}, g.widened.map((w) => el("li", {}, w)))] : el("p", {}, "It asks for what it was granted; its component is another."), el("p.hint", {}, "For exactly this content: ", digest(g.digest))) });
      if (done) await changed("Approved.");
    } });
    const revokeAll = admin && g.items.length > 0 && actionButton("Revoke all", { testid: "grant-revoke", kind: "danger", work: async () => {
      const done = await ask({ title: `Take everything back from ${g.pack}?`, testid: "grant-revoke-confirm", text: "From the next call on it may do nothing that it was granted. Running calls hear “denied”.", confirm: "Revoke", danger: true, act: () => remove(path) });
      if (done) await changed("Revoked.");
    } });
    return el("article.panel.grant", { testid: "grant-card", data: { pack: g.pack, unchanged: String(g.unchanged) } },
      el("header.grant-head", {}, el("div", {}, el("h2", {}, g.pack), el("p.hint", {}, "Content ", digest(g.digest), g.agents.length ? ` · for ${g.agents.map(named).join(", ")}` : " · for all agents", g.expires_at ? [" · runs out ", when(g.expires_at)] : "")),
        el("div.actions", {}, modeOf(g, path), approve, revokeAll)),
      asks && el("div.notice.warn", { testid: "grant-widened" }, el("p.notice-title", {}, "It asks for more than it was granted"), el("ul.plain.widened", {}, g.widened.map((w) => el("li", {}, el("span.sign", { "aria-hidden": "true" }, "+"), w)))),
      g.narrowed.length > 0 && el("details.fold", {}, el("summary", {}, "Granted, but no longer asked for"), el("ul.plain.narrowed", {}, g.narrowed.map((w) => el("li", {}, el("span.sign", { "aria-hidden": "true" }, "−"), w)))),
      g.items.length === 0 && el("p.muted", {}, "It may do nothing."),
      [...groups].map(([capability, items]) => el("section.capability", { "aria-label": `${g.pack}: ${TITLES[capability] ?? capability}` },
        el("header.capability-head", {}, el("h3", {}, TITLES[capability] ?? capability), admin && actionButton("Revoke", { testid: "grant-revoke", kind: "quiet", work: async () => {
          const done = await ask({ title: `Take “${TITLES[capability] ?? capability}” back from ${g.pack}?`, testid: "grant-revoke-confirm", text: "From its next call on.", confirm: "Revoke", danger: true, act: () => remove(`${path}/${part(capability)}`) });
          if (done) await changed("Revoked.");
        } })),
        el("ul.plain", {}, items.map((i) => row(i, g, path))))));
  }

  function modeOf(g, path) {
    if (!can("admin")) return chip(g.mode, MODES[g.mode]);
    const choose = el("select", { "aria-label": `How ${g.pack} acts`, value: g.mode }, Object.entries(MODES).map(([value, text]) => el("option", { value }, text)));
    choose.addEventListener("change", async () => {
      choose.disabled = true;
      try { await patch(path, { mode: choose.value }); await changed("Changed."); } catch (problem) { toast(problem.message, "bad"); choose.value = g.mode; }
      choose.disabled = false;
    });
    return choose;
  }

  function row(i, g, path) {
    const less = i.requested !== null && i.granted !== null && i.granted < i.requested;
    return el("li.grant-row", { testid: "grant-row", data: { capability: i.capability, amount: i.amount ?? "", granted: String(i.granted ?? "") } },
      el("span", {}, i.granted === 0 && i.amount === null ? el("s", {}, i.plain) : i.plain, less && el("span.hint", {}, ` (asks for ${amount(i.requested, i.unit)})`)),
      can("admin") && i.amount && actionButton("Change", { kind: "quiet", work: async () => {
        const done = await ask({ title: `${g.pack}: ${i.amount}`, text: `It ${i.plain}.`, confirm: "Change",
          fields: [field(`At most${i.unit === "usd_micros" ? " (millionths of a dollar)" : i.unit === "count" ? "" : ` (${i.unit})`}`, el("input", { name: "n", type: "number", min: 0, step: 1, required: true, value: String(i.granted ?? 0) }), i.requested !== null ? `It asks for ${amount(i.requested, i.unit)}.` : "")],
          act: ({ n }) => patch(path, { items: [{ capability: i.capability, amount: i.amount, period: i.period, granted: Number(n) }] }) });
        if (done) await changed("Changed.");
      } }));
  }
  on(["plugin.swap", "system.reset"], () => section.reload({ quiet: true }), signal);
  return [pageHead("Grants", "What every pack may do. Nothing widens without your yes."), section];
}
