// Mood over time: three lines whose points are exactly those of the API. The y axis is −1 to 1 for all.
import { el, svg } from "../dom.js";
import { clock, clockOver, ratio, when } from "../format.js";

export const DIMENSIONS = ["valence", "arousal", "dominance"];
export const MEANING = { valence: "how pleasant", arousal: "how awake", dominance: "how much in charge" };
const W = 720, LEFT = 34, RIGHT = 14, TOP = 12;
/** It is drawn as wide as its place: a phone shows it smaller, so it is higher there, and its words larger. */
const NARROW = matchMedia("(max-width: 760px)");
const TICKS = 4;

export function moodChart(points) {
  const [H, BOTTOM] = NARROW.matches ? [420, 40] : [240, 26];
  const times = points.map((p) => Date.parse(p.at));
  const from = times[0], to = times.at(-1);
  const x = (t) => (to === from ? (LEFT + W - RIGHT) / 2 : LEFT + ((t - from) / (to - from)) * (W - LEFT - RIGHT));
  const y = (v) => TOP + ((1 - v) / 2) * (H - TOP - BOTTOM);
  const grid = [-1, -0.5, 0, 0.5, 1].map((v) => svg("g", {},
    svg(v === 0 ? "line.zero" : "line.grid", { x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v) }),
    svg(`text.axis${Math.abs(v) === 0.5 ? ".minor" : ""}`, { x: LEFT - 8, y: y(v) + 3.5, "text-anchor": "end" }, v === 0 ? "0" : String(v).replace("-", "−"))));
  const tick = clockOver(to - from);
  const ticks = to === from ? [from] : Array.from({ length: TICKS }, (_, n) => from + ((to - from) * n) / (TICKS - 1));
  const axis = ticks.map((t, n) => svg(`text.axis${n > 0 && n < TICKS - 1 ? ".minor" : ""}`, {
    x: x(t), y: H - 6, "text-anchor": ticks.length === 1 ? "middle" : n === 0 ? "start" : n === TICKS - 1 ? "end" : "middle",
  }, tick(t)));
  const series = DIMENSIONS.map((d) => svg(`g.series.${d}`, {},
    svg("polyline", { points: points.map((p, n) => `${x(times[n]).toFixed(2)},${y(p[d]).toFixed(2)}`).join(" "), data: { series: d } }),
    points.map((p, n) => svg("circle", {
      cx: x(times[n]).toFixed(2), cy: y(p[d]).toFixed(2), r: points.length > 60 ? 1.6 : 2.6,
      data: { at: p.at, value: String(p[d]), series: d },
    }))));
  const cursor = svg("line.cursor", { y1: TOP, y2: H - BOTTOM, x1: -9, x2: -9 });
  const last = points.at(-1);
  const chart = svg("svg.mood-chart", {
    viewBox: `0 0 ${W} ${H}`, role: "img", testid: "mood-chart",
    "aria-label": `Mood from ${clock(from)} to ${clock(to)}. Last: ${DIMENSIONS.map((d) => `${d} ${ratio(last[d])}`).join(", ")}.`,
  }, grid, axis, cursor, series);

  const values = Object.fromEntries(DIMENSIONS.map((d) => [d, el("strong", {}, ratio(last[d]))]));
  const at = el("span.hint", {}, `as of ${clock(to)}`);
  const say = (n) => {
    for (const d of DIMENSIONS) values[d].textContent = ratio(points[n][d]);
    const cause = points[n].cause?.kind;
    at.textContent = `${n === points.length - 1 ? "as of " : ""}${clock(times[n])}${cause ? `, by ${cause.replaceAll("_", " ")}` : ""}`;
  };
  chart.addEventListener("pointermove", (event) => {
    const box = chart.getBoundingClientRect();
    const px = ((event.clientX - box.left) / box.width) * W;
    let best = 0;
    times.forEach((t, n) => { if (Math.abs(x(t) - px) < Math.abs(x(times[best]) - px)) best = n; });
    cursor.setAttribute("x1", x(times[best]));
    cursor.setAttribute("x2", x(times[best]));
    say(best);
  });
  chart.addEventListener("pointerleave", () => { cursor.setAttribute("x1", -9); cursor.setAttribute("x2", -9); say(points.length - 1); });

  return el("figure.mood", {},
    el("figcaption.legend", {}, DIMENSIONS.map((d) => el(`span.key.${d}`, { title: MEANING[d] }, el("i"), `${d} `, values[d])), at),
    chart,
    el("details.as-table", {}, el("summary", {}, "The same as a table"), table(points)));
}

function table(points) {
  return el("div.table-wrap", { tabindex: "0", role: "region", "aria-label": "Mood as a table" }, el("table", {},
    el("thead", {}, el("tr", {}, ["When", ...DIMENSIONS, "By"].map((h) => el("th", { scope: "col" }, h)))),
    el("tbody", {}, [...points].reverse().map((p) => el("tr", {}, el("td", {}, when(p.at)), DIMENSIONS.map((d) => el("td.num", {}, String(p[d]))),
      el("td", {}, p.cause?.invocation
        ? el("a", { href: `#/journal/${encodeURIComponent(p.cause.invocation)}` }, p.cause.kind.replaceAll("_", " "))
        : p.cause?.kind?.replaceAll("_", " ") ?? "–"))))));
}

/** Three small bars, for a card. */
export function moodBars(mood) {
  return el("div.mood-bars", { role: "img", "aria-label": DIMENSIONS.map((d) => `${d} ${ratio(mood[d])}`).join(", ") },
    DIMENSIONS.map((d) => {
      const low = d === "valence" ? -1 : 0;
      return el(`span.mood-bar.${d}`, { title: `${d} ${ratio(mood[d])}: ${MEANING[d]}`, vars: { "--part": `${((mood[d] - low) / (1 - low)) * 100}%` } }, el("i"));
    }));
}
