// Plugins: what runs, what comes next, what was stopped; versions of packs, swaps, what would change; install, rollback, release.
import { el, fill } from "../dom.js";
import { all, post, part, can } from "../api.js";
import { on } from "../live.js";
import { panel, empty, calmly, trouble } from "../panel.js";
import { chip, digest, pageHead, figure, figures } from "../parts.js";
import { when, about, number, bytes, plural } from "../format.js";
import { ask, field, toast, actionButton } from "../dialog.js";
import { swapHistory, behaviourDiff, stages } from "../swaps.js";

const HOSTILE = new Set(["quarantined", "backed-off", "refused"]);

export function plugins({ signal }) {
  const running = panel({
    testid: "plugins-panel", signal, lines: 8, className: ".bare",
    load: async () => {
      const [items, packs] = await Promise.all([all("/plugins", {}, 1000, signal), all("/packs", {}, 1000, signal).catch(() => [])]);
      if (!items.length && !packs.length) return empty("Nothing is installed", "Install a pack from a file.");
      const seen = new Set(items.map((p) => p.pack));
      items.sort((a, b) => Number(HOSTILE.has(b.state)) - Number(HOSTILE.has(a.state)) || Number(Boolean(b.swap)) - Number(Boolean(a.swap)) || b.agents.length - a.agents.length || a.pack.localeCompare(b.pack));
      return [el("div.plugins", {}, items.map((p) => card(p, packs.filter((k) => k.pack === p.pack)))), others(packs.filter((k) => !seen.has(k.pack)))];
    },
  });
  const again = calmly(() => running.reload({ quiet: true }), 800);
  on(["plugin.", "system.reset"], again, signal);

  // What is open below a pack stays open when the list is renewed.
  const details = new Map();

  function card(p, versions) {
    const detail = details.get(p.pack) ?? el("div.plugin-detail");
    details.set(p.pack, detail);
    const show = async (testid, load) => {
      const content = await load().catch((problem) => trouble(problem));
      if (detail.dataset.open === testid) fill(detail, content);
    };
    const history = () => swapHistory(p.pack, signal);
    const open = (label, testid, load) => actionButton(label, { testid: `${testid}-open`, kind: "quiet", work: async () => {
      if (detail.dataset.open === testid) { fill(detail); detail.dataset.open = ""; return; }
      detail.dataset.open = testid;
      fill(detail, el("p.muted", { role: "status" }, "Loading …"));
      await show(testid, load);
    } });
    if (detail.dataset.open === "swap-history") show("swap-history", history);
    return el("article.panel.plugin", { testid: "plugin-row", data: { pack: p.pack, version: p.version, state: p.state } },
      el("header.plugin-head", {}, el("div", {}, el("h2", {}, p.pack, " ", el("span.version", {}, p.version)),
        el("p.hint", {}, p.world.replaceAll("-", " "), " · ", digest(p.digest), p.signer ? " · signed" : " · not signed", p.agents.length ? ` · ${plural(p.agents.length, "agent")}` : "")), chip(p.state)),
      HOSTILE.has(p.state) && el("div.notice.bad", {}, el("p.notice-title", {}, p.state === "quarantined" ? "It was stopped and does not run." : p.state === "refused" ? "It was refused." : "It rests for a while."),
        el("p", {}, [p.reason, p.last_breach && `last breach: ${p.last_breach}`, p.strikes && plural(p.strikes, "strike")].filter(Boolean).join("; "), p.backoff_until && [". Tried again ", when(p.backoff_until)], ".")),
      !HOSTILE.has(p.state) && p.reason && el("p", {}, p.reason),
      p.swap && stages(p),
      figures(figure("Invocations", about(p.invocations)), figure("Fuel, usually", p.fuel.p50 ? `at most ${about(p.fuel.p50)}` : "–", p.fuel.p99 ? `rarely over ${about(p.fuel.p99)}` : ""), figure("Strikes", number(p.strikes)), figure("May use", p.imports.join(", ") || "nothing")),
      versions.length > 0 && el("ul.versions", { "aria-label": `Versions of ${p.pack}` }, versions.map((k) => el("li", {}, el("strong", {}, k.version), " ", chip(k.state), " ", el("span.hint", {}, "since ", when(k.since), ` · ${bytes(k.bytes)}`, k.reason ? ` · ${k.reason}` : "")))),
      el("footer.plugin-foot", {},
        open("Swap history", "swap-history", history),
        open("What would change", "behaviour-diff", () => behaviourDiff(p.pack, signal)),
        el("a.quiet", { href: "#/grants" }, "Grants"),
        el("span.spring"),
        HOSTILE.has(p.state) && p.state !== "refused" && can("operator") && actionButton("Release", { testid: "release-button", work: async () => {
          const done = await ask({ title: `Release ${p.pack}?`, testid: "release-confirm", text: "Its strikes are forgiven and it runs again. It is stopped again should it go on.", confirm: "Release", act: () => post(`/plugins/${part(p.pack)}/release`, {}) });
          if (done) { toast("Released."); running.reload({ quiet: true }); }
        } }),
        can("admin") && versions.length > 1 && actionButton("Roll back", { testid: "rollback-button", work: () => rollBack(p.pack, versions) })),
      detail);
  }

  async function rollBack(pack, versions) {
    const earlier = versions.filter((v) => !["current", "next"].includes(v.state));
    const done = await ask({ title: `Bring an earlier ${pack} back?`, testid: "rollback-confirm", text: "Running calls end on the version they began on. No event is lost.", confirm: "Roll back",
      fields: [field("Version", el("select", { name: "version" }, el("option", { value: "" }, "the one that ran last"), earlier.map((v) => el("option", { value: v.version }, v.version))))],
      act: async ({ version }) => { const r = await post(`/packs/${part(pack)}/rollback`, version ? { version } : {}); toast(`${pack} ${r.to} comes back.`); } });
    if (done) running.reload({ quiet: true });
  }

  function others(packs) {
    if (!packs.length) return null;
    return el("section.panel", { "aria-label": "Other packs" }, el("h2", {}, "Other packs"), el("ul.rows", {}, packs.map((k) => el("li.row", { testid: "pack-row", data: { pack: k.pack, version: k.version, state: k.state } },
      el("div.row-main", {}, el("p.row-title", {}, `${k.pack} ${k.version}`), el("p.hint", {}, `${k.source} · ${bytes(k.bytes)} · since `, when(k.since), k.reason ? ` · ${k.reason}` : "")),
      el("div.row-side", {}, chip(k.state), can("admin") && k.state === "current" && actionButton("Roll back", { testid: "rollback-button", work: () => rollBack(k.pack, packs.filter((o) => o.pack === k.pack)) }))))));
  }

  return [pageHead("Plugins", "What makes the characters behave. Every version is strange until it has shown itself."), can("admin") && installer(() => running.reload({ quiet: true })), running];
}

/** An archive is chosen or dropped; what came of it is said. */
function installer(changed) {
  const file = el("input.visually-hidden", { type: "file", id: "install-file", testid: "install-file", accept: ".tar,.pack,.puppet,application/x-tar" });
  const result = el("div", { role: "status", "aria-live": "polite" });
  const unsigned = el("input", { type: "checkbox", testid: "install-unsigned" });
  const older = el("input", { type: "checkbox", testid: "install-older" });
  const zone = el("label.drop", { for: "install-file" }, el("strong", {}, "Install a pack"), el("span", {}, "Choose an archive, or drop one here. It is looked at, tried on recorded events, and asks for your yes where it wants more."));
  async function take(chosen) {
    if (!chosen) return;
    fill(result, el("p.muted", {}, `${chosen.name} is looked at …`));
    try {
      fill(result, installed(await post("/packs", chosen, { query: { allow_unsigned: unsigned.checked || null, force_downgrade: older.checked || null }, headers: { "content-type": "application/x-tar" } })));
      changed();
    } catch (problem) {
      fill(result, trouble(problem));
    }
    file.value = "";
  }
  file.addEventListener("change", () => take(file.files[0]));
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => { event.preventDefault(); zone.classList.remove("over"); take(event.dataTransfer.files[0]); });
  return el("div.install", {}, file, zone, el("details", {}, el("summary", {}, "What is refused otherwise"), el("label.check", {}, unsigned, "Also if nobody signed it"), el("label.check", {}, older, "Also if it is older than the version that runs")), result);
}

function installed(answer) {
  const tone = { installed: "good", waiting: "warn", refused: "bad" }[answer.status];
  const title = { installed: "is installed", waiting: "waits for you", refused: "was refused" }[answer.status];
  return el(`div.notice.${tone}`, { testid: "install-result", data: { status: answer.status } }, el("p.notice-title", {}, `${answer.pack} ${answer.version} ${title}.`),
    answer.reasons.map((r) => el("p", {}, `${r.message}. ${r.remedy}.`)),
    answer.diff.widened.length > 0 && el("ul.plain.widened", {}, answer.diff.widened.map((w) => el("li", {}, el("span.sign", { "aria-hidden": "true" }, "+"), w))),
    answer.status === "waiting" && el("p", {}, el("a", { href: "#/grants" }, "To its grants")));
}
