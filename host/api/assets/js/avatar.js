// A face for an id: the same id has the same one everywhere. Drawn, not fetched.
import { svg } from "./dom.js";

function draw(id) {
  let hash = 2166136261;
  for (const c of id) hash = Math.imul(hash ^ c.codePointAt(0), 16777619) >>> 0;
  return () => { hash = Math.imul(hash ^ (hash >>> 15), 2246822507) >>> 0; hash ^= hash >>> 13; return (hash >>> 0) / 2 ** 32; };
}

const PALETTES = [
  ["#12545a", "#f2b95e", "#f7ede0"], ["#5b2a4e", "#f0917f", "#fbeee6"], ["#27406e", "#8fd0c8", "#f0f3ea"],
  ["#7a3b1d", "#f3cf7a", "#faf0df"], ["#2f4f2f", "#c9d978", "#f4f3e3"], ["#44337a", "#f5a8c0", "#f6eef5"],
  ["#0f4c75", "#f6c48b", "#eef4f6"], ["#6b2737", "#9fd3b9", "#f8efe9"],
];

/** An SVG of `size` pixels; decoration, since the name always stands beside it. */
export function avatar(id, size = 40) {
  const next = draw(id);
  const [ground, accent, light] = PALETTES[Math.floor(next() * PALETTES.length)];
  const tilt = Math.round(next() * 40 - 20);
  const eyes = 13 + Math.round(next() * 3);
  const gap = 5 + Math.round(next() * 2);
  const mouth = Math.round(next() * 4);
  const hat = Math.floor(next() * 3);
  const face = svg("g", { transform: `rotate(${tilt / 3} 20 20)` },
    svg("circle", { cx: 20, cy: 22, r: 11.5, fill: light }),
    hat === 0 && svg("path", { d: "M8.5 19a11.5 11.5 0 0 1 23 0z", fill: accent }),
    hat === 1 && svg("path", { d: "M9 18c4-9 18-9 22 0-7-3-15-3-22 0z", fill: accent }),
    hat === 2 && svg("path", { d: "M8 20L20 6l12 14c-7-4-17-4-24 0z", fill: accent }),
    svg("circle", { cx: 20 - gap, cy: eyes + 9, r: 1.5, fill: ground }),
    svg("circle", { cx: 20 + gap, cy: eyes + 9, r: 1.5, fill: ground }),
    svg("path", { d: `M16.5 28q3.5 ${mouth} 7 0`, fill: "none", stroke: ground, "stroke-width": 1.4, "stroke-linecap": "round" }));
  return svg("svg.avatar", { viewBox: "0 0 40 40", width: size, height: size, "aria-hidden": "true", focusable: "false" },
    svg("rect", { width: 40, height: 40, rx: 12, fill: ground }),
    svg("path", { d: `M${8 + next() * 8} 0V12M${24 + next() * 8} 0V12`, stroke: accent, "stroke-width": 0.8, opacity: 0.7 }), face);
}
