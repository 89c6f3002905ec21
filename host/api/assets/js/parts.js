// Small parts that many pages use: chips, digests, figures, and values of any shape as readable rows.
import { el } from "./dom.js";
import { stateWords } from "./words.js";
import { shortDigest, when } from "./format.js";
import { toast } from "./dialog.js";

export function chip(state, words) {
  const [text, tone] = stateWords(state);
  return el(`span.chip.${tone}`, { data: { state } }, words ?? text);
}

/** A digest, shortened; pressing it copies the whole. */
export function digest(value) {
  if (!value) return el("span.muted", {}, "none");
  return el("button.digest", {
    type: "button", title: `${value} (copy)`, "aria-label": `Copy the digest ${shortDigest(value)}`,
    onclick: async () => {
      try { await navigator.clipboard.writeText(value); toast("Copied."); } catch { toast(value); }
    },
  }, shortDigest(value));
}

export function figure(label, value, detail) {
  return el("div.figure", {}, el("dt", {}, label), el("dd", {}, value, detail && el("span.hint", {}, detail)));
}

export const figures = (...items) => el("dl.figures", {}, items);
export const tags = (items) => el("ul.tags", {}, (items ?? []).map((t) => el("li", {}, t)));

export function pageHead(title, lead, ...actions) {
  return el("header.page-head", {}, el("div", {}, el("h1", { tabindex: "-1" }, title), lead && el("p.lead", {}, lead)),
    actions.length > 0 && el("div.actions", {}, actions));
}

const LONGEST_LIST = 50;

/** Bytes that are text come as a list of numbers. */
function bytesAsText(list) {
  if (list.length < 2 || !list.every((n) => Number.isInteger(n) && n >= 0 && n < 256)) return null;
  try { return new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(list)); } catch { return null; }
}

/** A post, or another thing that somebody said: its words first, the rest behind them. */
function said({ text, author, at, ...rest }) {
  return el("div.said", {}, el("p", {}, el("strong", {}, typeof author === "string" ? `@${author}` : author.handle ?? author.name), " ", when(at)), el("p.value-text", {}, text),
    el("details", {}, el("summary", {}, "more of it"), tree(rest)));
}

/** Any JSON value as nested rows. */
export function tree(value) {
  if (value === null || value === undefined) return el("span.muted", {}, "nothing");
  if (typeof value === "string") return el("span.value-text", {}, value === "" ? "(empty)" : value);
  if (typeof value !== "object") return el("span.value-number", {}, String(value));
  if (Array.isArray(value)) {
    const text = bytesAsText(value);
    if (text !== null) return tree(text);
    if (value.length === 0) return el("span.muted", {}, "none");
    const left = value.length - LONGEST_LIST;
    return el("ol.tree", {}, value.slice(0, LONGEST_LIST).map((v) => el("li", {}, tree(v))), left > 0 && el("li.muted", {}, `and ${left} more`));
  }
  if (typeof value.text === "string" && value.author && value.at) return said(value);
  const entries = Object.entries(value);
  if (entries.length === 0) return el("span.muted", {}, "nothing");
  return el("dl.tree", {}, entries.map(([k, v]) => el("div", {}, el("dt", {}, k.replaceAll("_", " ")), el("dd", {}, tree(v)))));
}
