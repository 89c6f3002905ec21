// The data of a character, as one would introduce it.
import { el } from "./dom.js";
import { tags } from "./parts.js";

const sentence = (label, text) => text && el("div.trait", {}, el("dt", {}, label), el("dd", {}, text));
const many = (label, items) => items?.length > 0 && el("div.trait", {}, el("dt", {}, label), el("dd", {}, tags(items)));
const hours = (list) => (list?.length ? list.map((h) => `${h}:00`).join(", ") : null);
const share = (p) => (p === undefined || p === null ? null : `${Math.round(p * 100)} %`);

export function persona(agent) {
  const p = agent.persona ?? {};
  const who = p.personality ?? {}, style = p.style_guide ?? {}, does = p.behavior ?? {};
  const often = does.post_frequency ?? {}, pattern = does.interaction_patterns ?? {};
  const lines = p.sample_lines ?? [];
  const kept = Object.entries(agent.memory ?? {}).filter(([, n]) => n > 0);
  return [
    el("h2", {}, "Persona"),
    lines.length > 0 && el("blockquote.voice", {}, lines[0]),
    el("dl.traits", {},
      many("Is", who.traits), many("Values", who.values), many("Cares about", who.interests), many("Wants", p.goals),
      sentence("Speaks", who.speaking_style), sentence("Voice", [style.voice, style.tone].filter(Boolean).join(", ")),
      many("Keeps away from", style.topics_to_avoid),
      often.min_hours_between_posts !== undefined && sentence("Posts", `every ${often.min_hours_between_posts} to ${often.max_hours_between_posts} hours${hours(often.peak_posting_hours) ? `, most at ${hours(often.peak_posting_hours)}` : ""}`),
      share(pattern.reply_probability) && sentence("Answers", `${share(pattern.reply_probability)} of what it sees; likes ${share(pattern.like_probability)}`),
      kept.length > 0 && sentence("Remembers", kept.map(([kind, n]) => `${n} ${kind}`).join(", "))),
    lines.length > 1 && el("details.as-table", {}, el("summary", {}, "More of its voice"), el("ul.samples", {}, lines.slice(1).map((l) => el("li", {}, l)))),
  ];
}
