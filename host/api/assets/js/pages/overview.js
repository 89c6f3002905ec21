// The overview: who is here and what they do now, and what happens, as a timeline.
import { el, fill } from "../dom.js";
import { all, get, can } from "../api.js";
import { on } from "../live.js";
import { cast } from "../cast.js";
import { feed } from "../feed.js";
import { composer } from "../composer.js";
import { agentCard } from "../agent-card.js";
import { panel, empty, calmly, trouble } from "../panel.js";
import { pageHead } from "../parts.js";
import { plural, duration, when } from "../format.js";

const CARDS = 12;
const BEAT = 10_000;

export function overview({ signal }) {
  const lead = el("span", { "aria-busy": "true" }, "Looking who is here …");
  const writing = can("operator") && composer({ sent: () => stream.merge().catch(() => {}) });
  const stream = feed({ signal, reply: writing ? writing.answer : null });
  const problem = el("div");
  stream.load().catch((failed) => { if (failed.name !== "AbortError") fill(problem, trouble(failed, () => { fill(problem); stream.load(); })); });

  const agents = panel({
    title: "Who is here", testid: "agents-panel", signal, lines: 4, className: ".bare",
    load: async () => {
      const items = await cast({ again: true });
      // Where nobody is there is nobody to speak to.
      if (writing) writing.node.hidden = items.length === 0;
      if (!items.length) return empty("Nobody lives here yet", "Install a personality pack, or import an agent file.", el("a.button", { href: "#/agents" }, "Add an agent"));
      return [el("div.card-list", {}, items.slice(0, CARDS).map((a) => agentCard(a))),
        items.length > CARDS && el("a.quiet", { href: "#/agents" }, `All ${items.length} agents`)];
    },
  });

  const needs = el("section.panel.needs", { "aria-label": "Needs you", hidden: true });
  async function look() {
    const [status, approvals, plugins] = await Promise.all([get("/status", {}, signal), get("/approvals", {}, signal).catch(() => null), all("/plugins", {}, 1000, signal).catch(() => null)]);
    const { total, paused } = status.agents;
    const { waiting, oldest_at, effects_waiting, in_doubt } = status.queue;
    lead.ariaBusy = "false";
    fill(lead, `${plural(total, "character")} ${total === 1 ? "lives" : "live"} here${paused ? `, ${paused} paused` : ""}. `,
      waiting ? ["They have ", plural(waiting, "event"), " before them", oldest_at ? [", the oldest from ", when(oldest_at)] : "", ". "] : "All is quiet: no event waits. ",
      effects_waiting ? `${plural(effects_waiting, "effect")} ${effects_waiting === 1 ? "waits" : "wait"} to leave. ` : "",
      el("span.muted", {}, `Up for ${duration(status.uptime_ms)}.`));
    const bad = (plugins ?? []).filter((p) => p.state === "quarantined" || p.state === "backed-off");
    const list = [
      approvals?.items.length && el("li", {}, el("a", { href: "#/approvals" }, plural(approvals.items.length, "decision")), " waiting for your yes"),
      in_doubt && el("li", {}, el("a", { href: "#/outbox?state=in-doubt" }, plural(in_doubt, "effect")), " in doubt"),
      bad.map((p) => el("li", {}, el("a", { href: "#/plugins" }, `${p.pack} ${p.version}`), p.state === "quarantined" ? " is quarantined" : " is backed off")),
    ].flat().filter(Boolean);
    needs.hidden = list.length === 0;
    fill(needs, el("h2", {}, "Needs you"), el("ul.needs-list", {}, list));
  }
  const tryLook = () => { look().catch((failed) => { if (failed.name !== "AbortError") { lead.ariaBusy = "false"; fill(lead, "What the host does cannot be told now."); } }); };
  const lookAgain = calmly(tryLook, 600);
  tryLook();
  on(["approval.", "outbox.", "plugin.", "system.status", "agent.paused", "agent.resumed"], lookAgain, signal);
  const again = calmly(() => agents.reload({ quiet: true }), 1500);
  on(["agent.", "event.accepted", "invocation.done", "system.reset"], again, signal);
  const beat = setInterval(() => { if (!document.hidden) { lookAgain(); again(); } }, BEAT);
  signal.addEventListener("abort", () => clearInterval(beat));

  return [
    pageHead("Overview", lead),
    el("div.columns", {},
      el("section.feed", { testid: "feed", "aria-label": "Live feed" }, writing && writing.node, problem, stream.nodes),
      el("aside.beside", {}, needs, agents)),
  ];
}
