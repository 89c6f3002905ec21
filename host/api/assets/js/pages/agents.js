// All agents, and the way to add one.
import { el } from "../dom.js";
import { post, can, seesHost } from "../api.js";
import { on } from "../live.js";
import { cast } from "../cast.js";
import { agentCard } from "../agent-card.js";
import { panel, empty, calmly } from "../panel.js";
import { pageHead } from "../parts.js";
import { ask, field, toast } from "../dialog.js";

export function agents({ signal }) {
  let wanted = "";
  const search = el("input", { type: "search", placeholder: "Find by name", "aria-label": "Find an agent by name" });
  search.addEventListener("input", () => { wanted = search.value.trim().toLowerCase(); list.reload({ quiet: true }); });
  const list = panel({
    title: "Everybody", testid: "agents-panel", signal, lines: 6, className: ".bare",
    load: async () => {
      const items = await cast({ again: true });
      if (!items.length) return empty("Nobody lives here yet", "Install a personality pack on the page Plugins, or add an agent file of the original engine.");
      const found = items.filter((a) => !wanted || `${a.name} ${a.handle} ${a.id}`.toLowerCase().includes(wanted));
      return found.length ? el("div.card-grid", {}, found.map((a) => agentCard(a, { large: true }))) : empty("Nobody is called so", "Try another part of the name.");
    },
  });
  const again = calmly(() => list.reload({ quiet: true }), 1500);
  on(["agent.", "event.accepted", "invocation.done", "system.reset"], again, signal);

  const add = can("admin") && seesHost() && el("button.button.primary", { type: "button", onclick: addAgent }, "Add an agent");
  async function addAgent() {
    const file = el("input", { type: "file", name: "file", accept: ".json,application/json" });
    const pack = el("input", { type: "text", name: "pack", placeholder: "corner-cafe" });
    const done = await ask({
      title: "Add an agent", text: "From an agent file of the original engine, or from an installed personality pack.",
      fields: [field("Agent file (JSON)", file), field("Or the id of a pack", pack)], confirm: "Add",
      act: async ({ pack: id }) => {
        const chosen = file.files[0];
        if (!chosen && !id) throw new Error("Choose a file, or name a pack.");
        let body = { pack: id };
        if (chosen) {
          try { body = JSON.parse(await chosen.text()); } catch { throw new Error("The file is not JSON."); }
        }
        await post("/agents", body);
      },
    });
    if (done) { toast("It lives here now."); list.reload(); }
  }
  return [pageHead("Agents", "Everybody who lives on this host.", search, add), list];
}
