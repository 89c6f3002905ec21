// Settings: stop and go, how it looks, the configuration with its origins, keys, and who changed what.
import { el } from "../dom.js";
import { get, post, patch, remove, part, can, seesHost, who } from "../api.js";
import { on } from "../live.js";
import { panel, pages, empty } from "../panel.js";
import { pageHead, chip, tree } from "../parts.js";
import { themeChoice } from "../theme.js";
import { when } from "../format.js";
import { ask, field, toast, actionButton, show } from "../dialog.js";

export function settings({ signal }) {
  const me = who();
  return [
    pageHead("Settings", `You are ${me.name || me.principal}, with the role ${me.role}${me.agents ? `, for ${me.agents.join(", ")}` : ""}.`),
    el("div.settings", { testid: "settings-panel" },
      el("section.panel", { "aria-label": "Appearance" }, el("h2", {}, "Appearance"), themeChoice()),
      can("operator") && seesHost() && halting(signal),
      can("admin") && seesHost() && keys(signal),
      seesHost() && configuration(signal),
      can("admin") && seesHost() && audit(signal)),
  ];
}

function halting(signal) {
  const section = panel({
    title: "Stop everything", signal, lines: 1, testid: "halt-panel",
    load: async () => {
      const { halt } = await get("/status", {}, signal);
      if (halt) return el("p", {}, "Nothing leaves", halt.since ? [" since ", when(halt.since)] : "", halt.reason ? `: ${halt.reason}` : "", ". The banner above lets effects leave again.");
      return [el("p", {}, "Nothing leaves any more, at once and until you say so. Agents go on, and what they decide waits."),
        actionButton("Halt", { testid: "halt-button", kind: "danger", work: () => ask({ title: "Halt every effect?", testid: "halt-confirm", confirm: "Halt", danger: true, fields: [field("Why (others see it)", el("input", { name: "reason", type: "text", maxlength: 200 }))],
          act: async ({ reason }) => { await post("/halt", reason ? { reason } : {}); toast("Halted."); section.reload({ quiet: true }); } }) })];
    },
  });
  on(["system.status"], (m) => { if (m.data?.state !== "beat") section.reload({ quiet: true }); }, signal);
  return section;
}

function keys(signal) {
  const section = panel({
    title: "Keys", hint: "who may come in", signal, testid: "keys-panel", actions: actionButton("New key", { testid: "key-create", work: create }),
    load: async () => {
      const { items } = await get("/keys", {}, signal);
      return items.length ? el("ul.rows", {}, items.map(row)) : empty("No key", "Make one.");
    },
  });
  function row(k) {
    const ended = k.revoked_at || (k.expires_at && Date.parse(k.expires_at) < Date.now());
    return el("li.row", { testid: "key-row", data: { key: k.id } },
      el("div.row-main", {}, el("p.row-title", {}, k.name, " ", el("span.hint", {}, `pk_${k.id}_…`)),
        el("p.hint", {}, "Made ", when(k.created_at), ", used ", when(k.last_used_at), k.expires_at ? [", runs out ", when(k.expires_at)] : "", k.agents ? ` · only ${k.agents.join(", ")}` : "")),
      el("div.row-side", {}, chip(ended ? "expired" : "active", ended ? (k.revoked_at ? "revoked" : "expired") : k.role),
        !ended && actionButton("Revoke", { testid: "key-revoke", kind: "quiet", work: async () => {
          const done = await ask({ title: `Revoke “${k.name}”?`, testid: "key-revoke-confirm", text: "Whoever uses it is out at once, with every session of it.", confirm: "Revoke", danger: true, act: () => remove(`/keys/${part(k.id)}`) });
          if (done) { toast("Revoked."); section.reload({ quiet: true }); }
        } })));
  }
  async function create() {
    let made = null;
    await ask({
      title: "New key", confirm: "Make it", testid: "key-create-confirm", fields: [
        field("Name", el("input", { name: "name", type: "text", required: true, maxlength: 64 })),
        field("Role", el("select", { name: "role", value: "viewer" }, ["viewer", "operator", "admin"].map((r) => el("option", { value: r }, r)))),
        field("Only for these agents", el("input", { name: "agents", type: "text", placeholder: "all" }), "Ids, with commas between."),
        field("Ends in", el("select", { name: "days", value: "90" }, [["30", "30 days"], ["90", "90 days"], ["365", "a year"], ["", "never"]].map(([v, t]) => el("option", { value: v }, t))))],
      act: async ({ name, role, agents, days }) => {
        const ids = agents.split(",").map((a) => a.trim()).filter(Boolean);
        made = await post("/keys", { name, role, ...(ids.length ? { agents: ids } : {}), ...(days ? { expires_at: new Date(Date.now() + Number(days) * 86_400_000).toISOString() } : {}) });
      },
    });
    if (!made) return;
    section.reload({ quiet: true });
    show("Your new key", el("p", {}, "It is shown this once. Keep it where secrets are kept."), el("output.secret", { testid: "key-secret" }, made.key));
  }
  return section;
}

/** As the file would have it: a number, true or false, a list, else a text. */
function typed(text) {
  const value = text.trim();
  if (/^-?\d{1,15}$/.test(value)) return Number(value);
  if (value === "true" || value === "false") return value === "true";
  if (value.startsWith("[")) {
    try { return JSON.parse(value); } catch { return text; }
  }
  return text;
}

function configuration(signal) {
  let wanted = "";
  const find = el("input", { type: "search", placeholder: "Find a setting", "aria-label": "Find a setting" });
  find.addEventListener("input", () => { wanted = find.value.trim().toLowerCase(); section.reload({ quiet: true }); });
  const section = panel({
    title: "Configuration", hint: "in effect, with where it comes from", signal, testid: "config-panel", actions: find,
    load: async () => {
      const { items, warnings } = await get("/config", {}, signal);
      const found = items.filter((i) => !wanted || `${i.key} ${i.value}`.toLowerCase().includes(wanted));
      const groups = new Map();
      for (const i of found) { const g = i.key.split(".")[0]; groups.set(g, [...(groups.get(g) ?? []), i]); }
      return [warnings?.length > 0 && el("div.notice.warn", {}, warnings.map((w) => el("p", {}, w))),
        found.length === 0 && empty("No setting is called so", "Try another word."),
        el("div", {}, [...groups].map(([name, list]) => el("details.config-group", { open: Boolean(wanted) }, el("summary", {}, name, " ", el("span.hint", {}, String(list.length))),
          el("dl.config", {}, list.map((i) => el("div", { data: { key: i.key } }, el("dt", {}, i.key), el("dd", {}, el("span.config-value", {}, i.value || "(empty)"), el("span.hint", {}, i.origin),
            can("admin") && actionButton("Change", { kind: "quiet", work: () => change(i) }))))))))];
    },
  });
  async function change(i) {
    let answer = null;
    const done = await ask({ title: i.key, text: `Now from: ${i.origin}`, confirm: "Change", fields: [field("Value", el("input", { name: "value", type: "text", value: i.value }))],
      act: async ({ value }) => { answer = await patch("/config", { changes: { [i.key]: typed(value) } }); } });
    if (!done) return;
    toast(answer?.notes?.[0] ?? "Changed. Some settings count from the next start.");
    section.reload({ quiet: true });
  }
  return section;
}

function audit(signal) {
  return panel({
    title: "Changes", hint: "who changed what", signal, testid: "audit-panel",
    load: () => pages({
      load: (cursor) => get("/audit", { limit: 15, cursor }, signal), none: empty("Nobody has changed anything", "Every change by the API is written down here."),
      row: (a) => el("li.row", { testid: "audit-row" }, el("div.row-main", {}, el("p.row-title", {}, a.what ?? `${a.method} ${a.path}`), el("p.hint", {}, `${a.principal} (${a.role}) from ${a.address ?? "?"} · ${a.method} ${a.path} · `, when(a.at)),
        (a.before || a.after) && el("details.fold", {}, el("summary", {}, "Before and after"), el("div.side-by-side", {}, el("div", {}, el("h4", {}, "Before"), tree(a.before)), el("div", {}, el("h4", {}, "After"), tree(a.after))))),
      el("div.row-side", {}, chip(a.status < 400 ? "ok" : "failed", String(a.status)))),
    }),
  });
}
