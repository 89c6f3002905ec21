// A part of a page that loads by itself: a skeleton while it does, what to do where it cannot, and its content.
import { el, fill } from "./dom.js";

/** What a problem says, with its remedy, and a way to try again. */
export function trouble(problem, again) {
  if (problem.code === "scoped-key") {
    return empty("Not for this key", "Your key sees some agents only, and this is about the whole host.");
  }
  return el("div.notice.bad", { role: "alert" },
    el("p.notice-title", {}, problem.message),
    problem.remedy && el("p", {}, problem.remedy),
    again && el("button.button", { type: "button", onclick: again }, "Try again"));
}

export function empty(title, text, ...more) {
  return el("div.empty", {}, el("p.empty-title", {}, title), el("p", {}, text), more);
}

export function skeleton(lines = 3) {
  return el("div.skeleton", { "aria-hidden": "true" }, Array.from({ length: lines }, () => el("span")));
}

/** What tells one control or fold of a panel from the others, whatever else changes around it. */
function nameOf(node) {
  const owner = node.closest("[data-id], [data-pack], [data-agent], [data-key]");
  const own = node.getAttribute("href") ?? node.dataset.testid ?? node.getAttribute("aria-label") ?? (node.tagName === "DETAILS" ? node.firstElementChild : node).textContent;
  return JSON.stringify([node.tagName, own, owner && { ...owner.dataset, state: null }]);
}

/** New content in the place of old: folds that were open stay open, and whoever stood on a control stands on it again, or on the one that is there now. */
function renew(section, body, content) {
  const controls = () => [...body.querySelectorAll("a[href], button, input, select, textarea, summary")];
  const open = new Set([...body.querySelectorAll("details[open]")].map(nameOf));
  const held = document.activeElement;
  const at = controls().indexOf(held), name = at < 0 ? null : nameOf(held);
  fill(body, content);
  for (const fold of body.querySelectorAll("details")) if (open.has(nameOf(fold))) fold.open = true;
  if (at < 0) return;
  const now = controls();
  (now.find((c) => nameOf(c) === name) ?? now[Math.min(at, now.length - 1)] ?? standIn(section)).focus({ preventScroll: true });
}

/** A section without a control takes the focus itself. */
function standIn(section) {
  section.tabIndex = -1;
  return section;
}

/**
 * A section with a heading. `load(signal)` gives its content; `tools` stay while it loads anew. `section.reload({quiet})` loads anew; a quiet one keeps what is
 * there until the new is, and keeps it where there is none.
 */
export function panel({ title, testid, load, signal, actions, lines, level = 2, className = "", hint, tools }) {
  const body = el("div.panel-body");
  const heading = title && el("div.panel-head", {}, el(`h${level}`, {}, title), hint && el("p.hint", {}, hint), actions && el("div.actions", {}, actions));
  const section = el(`section.panel${className}`, { testid, "aria-label": title, "aria-busy": "true" }, heading, tools, body);
  let round = 0;
  section.reload = async ({ quiet = false } = {}) => {
    const mine = ++round;
    const held = !quiet && body.contains(document.activeElement);
    if (!quiet) {
      fill(body, skeleton(lines), el("p.visually-hidden", { role: "status" }, `${title ?? "It"} is loading.`));
      section.setAttribute("aria-busy", "true");
    }
    try {
      const content = await load(signal);
      if (mine === round && !signal?.aborted) renew(section, body, content);
      if (held && mine === round) standIn(section).focus({ preventScroll: true });
    } catch (problem) {
      if (problem.name === "AbortError" || mine !== round) return;
      if (!(quiet && body.childElementCount)) fill(body, trouble(problem, () => section.reload()));
    } finally {
      if (mine === round) section.setAttribute("aria-busy", "false");
    }
  };
  section.reload();
  return section;
}

/** Calls `f` at most once in `ms`, with the last call not lost. */
export function calmly(f, ms = 400) {
  let timer = 0;
  return () => { if (!timer) timer = setTimeout(() => { timer = 0; f(); }, ms); };
}

/** A list that grows by pages: `load(cursor)` answers `{items, next}`, `row(item)` makes an element. */
export async function pages({ load, row, none, list = el("ul.rows") }) {
  const more = el("button.button.more", { type: "button" }, "Show more");
  const grow = async (cursor) => {
    const page = await load(cursor);
    list.append(...page.items.map(row));
    more.hidden = !page.next;
    more.onclick = async () => {
      more.disabled = true;
      try { await grow(page.next); } catch (problem) { more.before(trouble(problem)); }
      more.disabled = false;
    };
    return page.items.length;
  };
  const n = await grow(undefined);
  return n === 0 ? none : [list, more];
}
