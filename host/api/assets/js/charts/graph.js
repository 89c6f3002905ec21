// Relationships of one agent: it in the middle, every other agent around it, people of outside further out.
import { el, svg } from "../dom.js";
import { avatar } from "../avatar.js";
import { named } from "../cast.js";

const FACE = 38;
/** Width, height, and how far from the middle agents and people stand: on a phone it is drawn narrower, not smaller. */
const WIDE = [560, 350, { x: 190, y: 120 }, { x: 245, y: 150 }], TALL = [340, 400, { x: 112, y: 118 }, { x: 142, y: 172 }];
const NARROW = matchMedia("(max-width: 760px)");
/** Agents without any tie are drawn too, up to so many nodes: a host of a thousand is no picture. */
const MOST = 24;
const cut = (text, most = 16) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

export const feeling = (s) => (s > 0.5 ? "very fond of" : s > 0.15 ? "fond of" : s >= -0.15 ? "neutral towards" : s >= -0.5 ? "cool towards" : "hostile to");
const tone = (s) => (s > 0.15 ? "warm" : s < -0.15 ? "cold" : "even");

function node(id, x, y, { agent, centre = false, faded = false, above = false }) {
  const face = agent ? avatar(id, centre ? FACE + 10 : FACE) : svg("circle.person", { r: 11, cx: 0, cy: 0 });
  const size = centre ? FACE + 10 : FACE;
  if (agent) { face.setAttribute("x", -size / 2); face.setAttribute("y", -size / 2); }
  const group = svg("g", {
    class: `node${centre ? " centre" : ""}${faded ? " faded" : ""}`, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
    data: { node: agent ? "agent" : "person", id },
  }, svg("title", {}, named(id)), face, svg("text", { y: above ? -size / 2 - 6 : size / 2 + (agent ? 14 : 2), "text-anchor": "middle" }, cut(named(id))));
  return agent && !centre ? svg("a", { href: `#/agents/${encodeURIComponent(id)}` }, group) : group;
}

export function relationshipsGraph(id, relations, agents) {
  const [W, H, INNER, OUTER] = NARROW.matches ? TALL : WIDE;
  const X = W / 2, Y = H / 2;
  const ties = new Map(relations.map((r) => [r.target_agent_id, r]));
  const known = new Set(agents.map((a) => a.id));
  const around = agents.map((a) => a.id).filter((a) => a !== id && (ties.has(a) || agents.length <= MOST)).slice(0, MOST * 2);
  const people = [...ties.keys()].filter((t) => !known.has(t)).slice(0, MOST);
  const edges = [], nodes = [];
  const place = (list, radius, turn) => list.forEach((other, n) => {
    const angle = turn + (n / list.length) * 2 * Math.PI;
    const x = X + radius.x * Math.cos(angle), y = Y + radius.y * Math.sin(angle);
    const tie = ties.get(other);
    if (tie) {
      edges.push(svg(`line.tie.${tone(tie.sentiment)}`, {
        x1: X, y1: Y, x2: x.toFixed(1), y2: y.toFixed(1),
        "stroke-width": (1 + tie.familiarity * 6).toFixed(2), "stroke-opacity": (0.35 + tie.trust * 0.65).toFixed(2),
      }));
    }
    nodes.push(node(other, x, y, { agent: known.has(other), faded: !tie, above: y < Y - 20 }));
  });
  place(around, INNER, (-5 * Math.PI) / 6);
  place(people, OUTER, -Math.PI / 3);
  return el("figure.graph", {},
    svg("svg.relationships", {
      viewBox: `0 0 ${W} ${H}`, role: "group", testid: "relationships-graph",
      "aria-label": `Relationships of ${named(id)}: ${relations.map((r) => `${feeling(r.sentiment)} ${named(r.target_agent_id)}`).join("; ") || "none yet"}.`,
    }, edges, nodes, node(id, X, Y, { agent: true, centre: true })),
    el("figcaption.legend", {}, el("span.key.warm", {}, el("i"), "fond"), el("span.key.even", {}, el("i"), "neutral"), el("span.key.cold", {}, el("i"), "cool"),
      el("span.hint", {}, "thicker: knows better; stronger: trusts more")));
}
