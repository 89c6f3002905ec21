// The journal: every invocation, the newest first, with filters that live in the address.
import { el } from "../dom.js";
import { get } from "../api.js";
import { on } from "../live.js";
import { cast, named } from "../cast.js";
import { avatar } from "../avatar.js";
import { panel, pages, empty } from "../panel.js";
import { chip, pageHead } from "../parts.js";
import { eventWords, eventText, decisionTexts } from "../words.js";
import { when, about } from "../format.js";

const OUTCOMES = ["ok", "declined", "failed", "breach"];
const KINDS = ["mention", "timeline_post", "timer", "news", "mood_shift", "interaction_prompt", "post_published", "post_failed", "command_post", "command_reply", "agent_started", "swap_done", "swap_failed"];
const SINCE = [["", "any time"], [3_600_000, "the last hour"], [86_400_000, "the last day"], [604_800_000, "the last week"]];

export function journal({ query, signal }) {
  const given = (name) => query.get(name) ?? "";
  const select = (name, label, options) => el("select", { name, "aria-label": label, value: given(name) }, options.map(([value, text]) => el("option", { value }, text)));
  const who = select("agent", "Agent", [["", "everybody"]]);
  cast().then((items) => { who.append(...items.map((a) => el("option", { value: a.id }, a.name))); who.value = given("agent"); }).catch(() => {});
  const form = el("form.tools", { role: "search", "aria-label": "Filter the journal" }, who,
    select("kind", "Event", [["", "any event"], ...KINDS.map((k) => [k, k.replaceAll("_", " ")])]),
    select("outcome", "End", [["", "any end"], ...OUTCOMES.map((o) => [o, o])]),
    select("since", "Since", SINCE),
    el("input", { type: "search", name: "text", value: given("text"), placeholder: "Holds this text", "aria-label": "Holds this text" }),
    el("button.button", { type: "submit" }, "Filter"));
  const apply = () => {
    const wanted = new URLSearchParams([...new FormData(form)].filter(([, v]) => v));
    location.hash = `#/journal${wanted.size ? `?${wanted}` : ""}`;
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); apply(); });
  for (const s of form.querySelectorAll("select")) s.addEventListener("change", apply);

  const since = given("since") && new Date(Date.now() - Number(given("since"))).toISOString();
  const list = panel({
    testid: "journal-panel", signal, lines: 8,
    load: () => pages({
      load: (cursor) => get("/journal", { agent: given("agent"), kind: given("kind"), outcome: given("outcome"), text: given("text"), since, limit: 25, cursor }, signal),
      row, none: empty("Nothing fits", query.size ? "Take a filter away." : "Nothing has been decided yet."),
    }),
  });
  const fresh = el("button.new-pill", { type: "button", hidden: true, onclick: () => { fresh.hidden = true; n = 0; list.reload({ quiet: true }); scrollTo({ top: 0 }); } });
  let n = 0;
  on(["invocation.done"], ({ agent, data }) => {
    if ((given("agent") && agent !== given("agent")) || (given("outcome") && data.outcome !== given("outcome")) || (given("kind") && data.kind !== given("kind"))) return;
    n += 1;
    fresh.textContent = `${n} new`;
    fresh.hidden = false;
  }, signal);
  return [pageHead("Journal", "Every event that was handled: what happened, what was looked at, what was decided."), form, fresh, list];
}

function row(i) {
  const said = i.decisions.flatMap((d) => (["post", "thread", "reply", "quote"].includes(d.kind) ? decisionTexts(d) : []))[0] ?? eventText(i.event);
  return el("li.row.journal-row", { testid: "journal-row", data: { id: i.id, outcome: i.outcome } }, avatar(i.agent, 36),
    el("div.row-main", {}, el("p.row-title", {}, el("a.stretch", { href: `#/journal/${encodeURIComponent(i.id)}` }, named(i.agent), ": ", eventWords(i.event))),
      said && el("p.row-text", {}, said),
      el("p.hint", {}, i.decisions.length ? i.decisions.map((d) => d.kind.replaceAll("_", " ")).join(", ") : i.declined ? i.declined.message : i.breach ?? i.error ?? "let it pass", ` · ${about(i.fuel)} fuel · ${i.plugin.id} ${i.plugin.version}`)),
    el("div.row-side", {}, chip(i.outcome), when(i.at)));
}
