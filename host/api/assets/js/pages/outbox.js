// The outbox: what agents do to the world, and how far it is. One effect in full where the address names it.
import { el } from "../dom.js";
import { get, post, part, can } from "../api.js";
import { on } from "../live.js";
import { agentLink, named } from "../cast.js";
import { avatar } from "../avatar.js";
import { draft } from "../posts.js";
import { panel, pages, empty, calmly } from "../panel.js";
import { chip, figure, figures, pageHead, tree } from "../parts.js";
import { decisionTexts, stateWords } from "../words.js";
import { when, plural } from "../format.js";
import { ask, field, toast, actionButton } from "../dialog.js";

const STATES = ["waiting", "waiting-for-approval", "sent", "in-doubt", "failed", "done", "dry-run", "rejected", "expired"];
/** Where which word of the operator is taken. */
const RETRY = new Set(["failed", "in-doubt"]);
const DROP = new Set(["waiting", "in-doubt"]);

function words(e, changed) {
  if (!can("operator")) return null;
  const path = `/outbox/${part(e.id)}`;
  return el("div.actions", {},
    RETRY.has(e.state) && actionButton("Try again", { testid: "retry-button", work: async () => {
      const text = e.state === "in-doubt" ? "It may have happened already: then it happens twice. Look on the account first." : "It is tried anew, in its turn.";
      const done = await ask({ title: "Try it again?", text, confirm: "Try again", danger: e.state === "in-doubt", act: () => post(`${path}/retry`, e.state === "in-doubt" ? { sure: true } : {}) });
      if (done) { toast("It is tried again."); changed(); }
    } }),
    DROP.has(e.state) && actionButton("Drop", { testid: "drop-button", work: async () => {
      const done = await ask({ title: "Drop it?", text: "It is never sent, and the character hears why.", confirm: "Drop", danger: true, fields: [field("Why", el("input", { name: "reason", type: "text", maxlength: 200 }))],
        act: ({ reason }) => post(`${path}/drop`, reason ? { reason } : {}) });
      if (done) { toast("Dropped."); changed(); }
    } }));
}

export function outbox({ arg, query, signal }) {
  return arg ? one(arg, signal) : list(query, signal);
}

function list(query, signal) {
  const state = query.get("state") ?? "";
  const choices = el("div.segments", { role: "group", "aria-label": "State" }, ["", ...STATES].map((s) =>
    el("a.segment", { href: `#/outbox${s ? `?state=${s}` : ""}`, "aria-current": s === state ? "true" : null }, s ? stateWords(s)[0] : "all")));
  const row = (e) => el("li.row", { testid: "outbox-row", data: { id: e.id, state: e.state } }, avatar(e.agent, 36),
    el("div.row-main", {}, el("p.row-title", {}, el("a", { href: `#/outbox/${encodeURIComponent(e.id)}` }, `${named(e.agent)}: ${e.kind}`)),
      e.reason && el("p.row-text", {}, e.reason), el("p.hint", {}, `as @${e.account} · ${plural(e.attempts, "attempt")} · ${e.id}`)),
    el("div.row-side", {}, chip(e.state), words(e, () => section.reload({ quiet: true }))));
  const section = panel({
    testid: "outbox-panel", signal, lines: 8,
    load: () => pages({ load: (cursor) => get("/outbox", { state, limit: 30, cursor }, signal), row, none: empty("Nothing here", state ? "No effect is in this state." : "No character has done anything to the world yet.") }),
  });
  const again = calmly(() => { if (scrollY < 400) section.reload({ quiet: true }); }, 1200);
  on(["agent.post", "agent.reply", "outbox.", "approval.", "system.reset"], again, signal);
  return [pageHead("Outbox", "What characters do to the world, the newest first."), choices, section];
}

function one(id, signal) {
  const section = panel({
    testid: "effect-panel", signal,
    load: async () => {
      const e = await get(`/outbox/${part(id)}`, {}, signal);
      return [
        el("header.approval-head", {}, agentLink(e.agent, { size: 32 }), el("span", {}, e.kind), chip(e.state), words(e, () => section.reload({ quiet: true }))),
        draft(e.kind, e.body, decisionTexts(e)), e.reason && el("p", {}, e.reason),
        e.in_doubt && el("div.notice.warn", {}, el("p.notice-title", {}, "It may have happened."), el("p", {}, "The attempt began ", when(e.in_doubt.begun), e.in_doubt.undecidable ? ". Nobody asks any more: look on the account, then try again or drop it." : ". The host asks the network about it by itself.")),
        e.behind && el("p", {}, "It stands behind ", el("a", { href: `#/outbox/${encodeURIComponent(e.behind.effect)}` }, e.behind.effect), ", which is tried next ", when(e.behind.until), "."),
        e.held && el("p", {}, "Its account is held", e.held.since ? [" since ", when(e.held.since)] : "", e.held.until ? ["; tried next ", when(e.held.until)] : "", "."),
        figures(figure("Account", `@${e.account}`), figure("Attempts", String(e.attempts)), figure("Not before", when(e.not_before)), figure("Known there as", e.provider_id || "–"), figure("Decided in", e.invocation ? el("a", { href: `#/journal/${encodeURIComponent(e.invocation)}` }, "this invocation") : "–")),
        el("details.fold", {}, el("summary", {}, "Exactly what leaves"), tree(e.body)),
      ];
    },
  });
  on(["agent.post", "agent.reply", "outbox.", "approval."], (m) => { if (m.data?.effect === id) section.reload({ quiet: true }); }, signal);
  return [pageHead("One effect", el("a", { href: "#/outbox" }, "Back to the outbox")), el("div.narrow", {}, section)];
}
