// The story of one decision: what happened, what it looked at, what it decided, what became of it.
import { el, fill } from "../dom.js";
import { all, get, post, part, can } from "../api.js";
import { on } from "../live.js";
import { panel, trouble } from "../panel.js";
import { actionButton } from "../dialog.js";
import { chip, digest, tree, figure, figures, pageHead } from "../parts.js";
import { eventWords, eventText, readWords, decisionWords, decisionTexts, cost, BREACHES } from "../words.js";
import { agentLink, named } from "../cast.js";
import { about, bytes, micros, number, when, plural } from "../format.js";
import { prose } from "../posts.js";

export function invocation({ arg: id, signal, title }) {
  const lead = el("span", {}, "");
  const story = panel({
    testid: "invocation-story", signal, lines: 8, className: ".bare",
    load: async () => {
      const [told, plugins] = await Promise.all([get(`/journal/${part(id)}`, {}, signal), all("/plugins", {}, 1000, signal).catch(() => null)]);
      title(`${eventWords(told.event)}, ${named(told.agent)}`);
      fill(lead, agentLink(told.agent), " · ", when(told.at), " · ", el("span.muted", {}, told.id));
      const usual = plugins?.find((p) => p.digest === told.plugin.digest)?.fuel ?? null;
      return [el("ol.story", {}, happened(told), looked(told), decided(told), ended(told)), el("div.measures", {}, fuelBar(told, usual), timeBar(told)), replay(told), details(told)];
    },
  });
  // An effect of this one may end while somebody reads.
  on(["agent.post", "agent.reply", "approval.ended", "outbox."], (message) => {
    if (message.data?.effect && story.textContent.includes(message.data.effect)) story.reload({ quiet: true });
  }, signal);
  return [pageHead("One decision", lead), el("div.narrow", {}, story)];
}

const step = (kind, label, heading, ...body) => el(`li.step.at-${kind}`, {}, el("p.step-label", {}, label), el("div.step-body", {}, el("h2", {}, heading), body));

function happened({ event }) {
  const text = eventText(event);
  return step("event", "It happened", eventWords(event),
    text && el("blockquote.draft", {}, prose(text)),
    el("p.hint", {}, `From ${event.source}`, event.author ? ` (@${event.author})` : "", `, ${event.priority} priority, `, when(event.at),
      event.hops > 0 ? `; ${plural(event.hops, "step")} away from the outside` : "", "."),
    fold("The event", { id: event.id, kind: event.kind, cause: event.cause, payload: event.payload }));
}

function looked({ reads }) {
  if (!reads.length) return step("reads", "It looked", "It did not look at anything");
  return step("reads", "It looked", `It looked at ${plural(reads.length, "thing")}`, el("ol.reads", {}, reads.map((r) => el("li.read", { data: { status: r.status } },
    el("details", {}, el("summary", {}, el("span.read-words", {}, readWords(r)), r.status !== "ok" && chip(r.status), el("span.hint", {}, cost(r.cost))),
      el("div.qa", {}, el("h3", {}, "Asked"), tree(r.request), el("h3", {}, "Answered"), tree(r.answer)))))));
}

function decided(told) {
  const { outcome, decisions, declined, breach, error } = told;
  if (outcome === "declined") {
    return step("decisions", "It decided", "It declined", el("p", {}, declined?.message || declined?.code), declined?.retry_at && el("p.hint", {}, "It comes back to it ", when(declined.retry_at), "."));
  }
  if (outcome !== "ok") {
    return step("decisions.bad", "It ended", outcome === "breach" ? "It was stopped" : "It failed",
      el("p", {}, BREACHES[breach] ?? error ?? "", breach ? ` (${breach})` : ""), el("p.hint", {}, "Nothing of what it had decided was kept.", told.strikes > 0 ? ` ${plural(told.strikes, "strike")} for this version.` : ""));
  }
  if (!decisions.length) return step("decisions", "It decided", "It let it pass");
  return step("decisions", "It decided", `It decided ${plural(decisions.length, "thing")}`, el("ol.decisions", {}, decisions.map((d) => el("li.decision", { data: { kind: d.kind } },
    el("p.decision-words", {}, decisionWords(d)),
    decisionTexts(d).map((t) => el("blockquote.draft", {}, prose(t))),
    fold("Exactly", d.body)))));
}

function ended({ decisions }) {
  const effects = decisions.filter((d) => d.effect?.id);
  const kept = decisions.filter((d) => d.effect && !d.effect.id).length;
  if (!effects.length && !kept) return step("effects", "And then", "Nothing was left to do");
  return step("effects", "And then", effects.length ? `${plural(effects.length, "effect")} on the world` : "It stayed with itself",
    effects.length > 0 && el("ul.effects", {}, effects.map(({ kind, effect }) => el("li", {},
      el("a", { href: `#/outbox/${encodeURIComponent(effect.id)}` }, kind), " ", chip(effect.state),
      effect.provider_id && el("span", {}, " as ", effect.provider_id.split(",").map((p) => el("a", { href: `#/thread/${encodeURIComponent(p)}` }, `post ${p} `))),
      effect.attempts > 1 && el("span.hint", {}, ` after ${effect.attempts} attempts`), effect.reason && el("p.hint", {}, effect.reason)))),
    kept > 0 && el("p.hint", {}, `${plural(kept, "change")} of its own (memory, mood, timers, notes) took effect with the commit itself.`));
}

function fold(label, value) {
  return el("details.fold", {}, el("summary", {}, label), tree(value));
}

/** Fuel beside what this version usually takes. */
function fuelBar({ fuel }, usual) {
  const most = Math.max(fuel, usual?.p99 ?? 0, 1);
  return el("figure.measure", {}, el("figcaption", {}, el("strong", {}, "Fuel "), `${about(fuel)} units`, usual?.p50 ? `; usually at most ${about(usual.p50)}, rarely over ${about(usual.p99)}` : ""),
    el("div.measure-bar", { testid: "fuel-bar", role: "img", "aria-label": `${number(fuel)} units of fuel${usual?.p50 ? `, usually at most ${number(usual.p50)}` : ""}`, data: { fuel: String(fuel) }, vars: { "--part": `${(fuel / most) * 100}%`, "--usual": usual?.p50 ? `${(usual.p50 / most) * 100}%` : "-9%" } }, el("i"), el("b")));
}

function timeBar({ timing_us: t }) {
  if (!t) return el("figure.measure", {}, el("figcaption", {}, el("strong", {}, "Time "), "not measured: it ran in virtual time"), el("div.measure-bar.off", { testid: "time-bar", role: "img", "aria-label": "Time was not measured" }));
  const sum = Math.max(1, t.sandbox + t.reads + t.commit);
  return el("figure.measure", {}, el("figcaption", {}, el("strong", {}, "Time "), micros(sum), ["sandbox", "reads", "commit"].map((k) => el(`span.key.${k}`, {}, el("i"), `${k} ${micros(t[k])}`))),
    el("div.measure-bar.stack", { testid: "time-bar", role: "img", "aria-label": `Sandbox ${micros(t.sandbox)}, reads ${micros(t.reads)}, commit ${micros(t.commit)}` },
      ["sandbox", "reads", "commit"].map((k) => el(`i.${k}`, { vars: { "--part": `${(t[k] / sum) * 100}%` } }))));
}

function replay(told) {
  const result = el("div.replay-result", { testid: "replay-result", role: "status", "aria-live": "polite" });
  if (told.unreplayable) return el("section.panel.replay", {}, el("h2", {}, "Replay"), el("p.muted", {}, `It cannot be run again: ${told.unreplayable}`));
  const button = can("operator") && actionButton("Run it again", { testid: "replay-button", work: async () => {
    fill(result, el("p.muted", {}, "Running …"));
    try {
      fill(result, verdict((await post(`/journal/${part(told.id)}/replay`, {})).items[0]));
    } catch (problem) {
      fill(result, trouble(problem));
    }
  } });
  return el("section.panel.replay", {}, el("div.panel-head", {}, el("h2", {}, "Replay"), el("p.hint", {}, "The same version, with the recorded answers. Nothing is committed."), button), result);
}

function verdict(item) {
  if (item.same === null) return el("div.notice.warn", {}, el("p.notice-title", {}, "It could not be run again."), el("p", {}, item.unreplayable));
  if (item.same) return el("div.notice.good", { data: { same: "true" } }, el("p.notice-title", {}, "The same, to the last unit."), el("p", {}, `Fuel ${number(item.fuel.replayed)}, as recorded; the same reads, decisions and end.`));
  const d = item.divergence;
  return el("div.notice.bad", { data: { same: "false" } }, el("p.notice-title", {}, `It came out differently: ${d?.part ?? "end"}${d?.n !== null && d?.n !== undefined ? ` ${d.n}` : ""}.`),
    el("div.side-by-side", {}, el("div", {}, el("h3", {}, "Recorded"), tree(d?.recorded)), el("div", {}, el("h3", {}, "Now"), tree(d?.replayed))));
}

function details(told) {
  return el("details.panel.fold", {}, el("summary", {}, "Everything else"),
    figures(figure("Plugin", `${told.plugin.id} ${told.plugin.version}`), figure("Component", digest(told.plugin.digest)), figure("Peak memory", bytes(told.peak_memory_bytes)),
      figure("Host calls", Object.entries(told.host_calls).map(([k, n]) => `${k} ${n}`).join(", ") || "none"), figure("Number", number(told.seq)), figure("Seed", told.seed ?? "–")),
    told.log.length > 0 && [el("h3", {}, "What the plugin logged"), el("ul.log", {}, told.log.map((l) => el("li", { data: { level: l.level } }, el("span.log-level", {}, l.level), " ", l.message,
      l.fields.length > 0 && el("span.hint", {}, " ", l.fields.map(([k, v]) => `${k}=${v}`).join(" ")))))]);
}
