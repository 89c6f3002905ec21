// Times, amounts and sizes as a person reads them. The exact value goes into the title.
import { el } from "./dom.js";

const language = "en";
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "long" });
const exact = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" });
const short = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
const count = new Intl.NumberFormat(language);
const compact = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });

const STEPS = [[60, 1, "second"], [3600, 60, "minute"], [86_400, 3600, "hour"], [604_800, 86_400, "day"]];

export function ago(time, now = Date.now()) {
  const seconds = Math.round((Date.parse(time) - now) / 1000);
  const size = Math.abs(seconds);
  if (size < 10) return seconds > 0 ? "in a moment" : "just now";
  for (const [below, unit, name] of STEPS) if (size < below) return relative.format(Math.round(seconds / unit), name);
  return short.format(new Date(time));
}

/** A `<time>` that says how long ago, and keeps saying it. */
export function when(time) {
  if (!time) return el("span.muted", {}, "never");
  return el("time", { datetime: time, title: exact.format(new Date(time)), data: { relative: "" } }, ago(time));
}

setInterval(() => {
  const now = Date.now();
  for (const node of document.querySelectorAll("time[data-relative]")) {
    const said = ago(node.dateTime, now);
    if (node.textContent !== said) node.textContent = said;
  }
}, 5_000);

export const clock = (time) => short.format(new Date(time));

const hour = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hour12: false });
const second = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(language, { month: "short", day: "numeric" });

/** How to say times that lie so many milliseconds apart, so that they differ and say no more than that. */
export function clockOver(span) {
  const form = span < 600_000 ? second : span < 86_400_000 ? hour : span < 7 * 86_400_000 ? short : day;
  return (time) => form.format(new Date(time));
}
export const number = (n) => (n === null || n === undefined ? "–" : count.format(n));
export const about = (n) => (n === null || n === undefined ? "–" : compact.format(n));
export const ratio = (n) => (n === null || n === undefined ? "–" : n.toFixed(2));
export const plural = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

export function bytes(n) {
  if (n < 1024) return `${n} B`;
  return n < 1024 ** 2 ? `${(n / 1024).toFixed(0)} KiB` : `${(n / 1024 ** 2).toFixed(1)} MiB`;
}

/** Micro-dollars as dollars, from the integer: no sum is a float. */
export function dollars(micros) {
  const whole = Math.trunc(micros / 1_000_000);
  const rest = String(Math.abs(micros) % 1_000_000).padStart(6, "0");
  return `$${count.format(whole)}.${rest.slice(0, 2)}${rest.slice(2).replace(/0+$/, "")}`;
}

export function amount(n, unit) {
  if (unit === "usd_micros") return dollars(n);
  if (unit === "bytes") return bytes(n);
  if (unit === "lamports") return `${count.format(n)} lamports`;
  return count.format(n);
}

export function micros(us) {
  if (us === null || us === undefined) return "–";
  if (us < 1000) return `${us} µs`;
  return us < 1_000_000 ? `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms` : `${(us / 1_000_000).toFixed(1)} s`;
}

export function duration(ms) {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return plural(minutes, "minute");
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? plural(hours, "hour") : plural(Math.floor(hours / 24), "day");
}

export const shortDigest = (digest) => (digest ? digest.replace(/^sha256:/, "").slice(0, 12) : "–");
