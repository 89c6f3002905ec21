// The memory of an agent: by kind and page, or searched, with the parts of every score.
import { el, fill } from "./dom.js";
import { get, post, remove, part, can } from "./api.js";
import { panel, pages, empty } from "./panel.js";
import { ask, field, toast, actionButton } from "./dialog.js";
import { when, ratio } from "./format.js";
import { prose } from "./posts.js";

const KINDS = ["core", "event", "interaction", "general", "post", "tweet"];
const PAUSE = 250;

export function memoryBrowser({ path, signal }) {
  let kind = "", text = "", timer = 0;
  const search = el("input", { type: "search", testid: "memory-search", placeholder: "Search its memory", "aria-label": "Search its memory" });
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => { text = search.value.trim(); section.reload({ quiet: true }); }, PAUSE);
  });
  const kinds = el("div.segments", { role: "group", "aria-label": "Kind of memory" });
  const choose = (next) => {
    kind = next;
    for (const b of kinds.children) b.setAttribute("aria-pressed", String(b.dataset.kind === kind));
    section.reload({ quiet: true });
  };
  fill(kinds, ["", ...KINDS].map((k) => el("button.segment", { type: "button", "aria-pressed": String(k === ""), data: { kind: k }, onclick: () => choose(k) }, k || "all")));

  const forget = (m) => can("operator") && actionButton("Forget", {
    kind: "quiet", work: async () => {
      const done = await ask({ title: "Forget this?", text: "It cannot be brought back. What it led to stays in the journal.", confirm: "Forget", danger: true, act: () => remove(`${path}/memory/${part(m.id)}`) });
      if (done) { toast("Forgotten."); section.reload({ quiet: true }); }
    },
  });
  const row = (m) => el("li.memory", { testid: m.score === undefined ? "memory" : "memory-result", data: { id: m.id, kind: m.kind, ...(m.score === undefined ? {} : { score: String(m.score) }) } },
    el("div.memory-head", {}, el("span.chip.calm", {}, m.kind), when(m.at), el("span.hint", {}, `importance ${ratio(m.importance)}`, m.pinned ? " · kept for good" : "", m.trust ? ` · ${m.trust}` : ""), forget(m)),
    prose(m.content), m.score !== undefined && score(m));

  const section = panel({
    title: "Memory", signal, lines: 5, testid: "memory-panel", actions: can("operator") && actionButton("Add", { work: () => add() }), tools: el("div.tools", {}, search, kinds), load: found,
  });
  async function found() {
    if (text) {
      const { items, method } = await get(`${path}/memory/search`, { text, kind, limit: 20 }, signal);
      return items.length ? [el("p.hint", {}, `The best first; vectors are ${method}.`), el("ul.memories", {}, items.map(row))] : empty("Nothing like it", "It does not remember anything of the kind.");
    }
    return pages({ load: (cursor) => get(`${path}/memory`, { kind, limit: 12, cursor }, signal), row, list: el("ul.memories"), none: empty("Nothing yet", "What it experiences is kept here.") });
  }
  async function add() {
    const done = await ask({
      title: "Add a memory", confirm: "Remember", fields: [
        field("What", el("textarea", { name: "content", rows: 3, required: true, maxlength: 4000 })),
        field("Kind", el("select", { name: "kind", value: "general" }, ["general", "core", "event"].map((k) => el("option", { value: k }, k)))),
        field("Importance, 0 to 1", el("input", { name: "importance", type: "number", min: 0, max: 1, step: 0.1, value: "0.5" }))],
      act: ({ content, kind: k, importance }) => post(`${path}/memory`, { content, kind: k, importance: Number(importance) }),
    });
    if (done) { toast("Remembered."); section.reload({ quiet: true }); }
  }
  return section;
}

/** The whole score and its parts, as bars with their numbers. */
function score(m) {
  const parts = Object.entries(m.parts ?? {});
  return el("div.score", {}, el("span.score-sum", {}, "score ", el("strong", {}, ratio(m.score))),
    parts.map(([name, value]) => el("span.score-part", { data: { part: name, value: String(value) } },
      el("span", {}, name.replaceAll("_", " ")), el("span.bar", { "aria-hidden": "true", vars: { "--part": `${Math.max(0, Math.min(1, value ?? 0)) * 100}%` } }, el("i")), el("span.num", {}, ratio(value)))));
}
