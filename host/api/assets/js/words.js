// Events, reads, decisions and states in plain words.
import { number, clock, dollars } from "./format.js";
import { named } from "./cast.js";

const quote = (text, most = 90) => (text ? `“${text.length > most ? `${text.slice(0, most)}…` : text}”` : "");
const signed = (n) => (n > 0 ? `+${n}` : String(n).replace("-", "−"));

const KINDS = {
  agent_started: () => "It was started",
  timer: (p) => (p.name ? `Its timer ${quote(p.name)} rang` : "A timer of it rang"),
  mention: (p) => (p.post ? `@${p.post.author} spoke to it` : "Somebody spoke to it"),
  timeline_post: (p) => (p.post ? `@${p.post.author} wrote something` : "Somebody wrote something"),
  post_published: (p) => `Its ${p.kind ?? "post"} went out`,
  post_failed: (p) => `Its ${p.kind ?? "post"} did not go out`,
  news: (p) => `News: ${p.headline ?? p.topic ?? ""}`,
  host_mood: () => "Its mood was nudged by an operator",
  mood_shift: (p) => `Its mood was nudged${p.reason ? `: ${p.reason}` : ""}`,
  interaction_prompt: (p) => `It was pointed to ${named(p.targetId ?? "another")}`,
  command_post: (p) => `You asked for a post${p.topic ? ` about ${p.topic}` : ""}`,
  command_reply: () => "You asked for a reply",
  swap_done: (p) => `A swap on ${p.market ?? "its purse"} was carried out`,
  swap_failed: (p) => `A swap on ${p.market ?? "its purse"} failed`,
};

export function eventWords({ kind, payload }) {
  return KINDS[kind]?.(payload ?? {}) ?? `${kind.replaceAll("_", " ")} happened`;
}

/** What an event quotes, where it quotes anything. */
export const eventText = ({ payload }) => payload?.post?.text ?? payload?.text ?? payload?.description ?? null;

const READS = {
  "agent.get-mood": () => "asked itself how it feels",
  "agent.get-relationship": (r) => `thought of ${named(String(r))}`,
  "llm.complete": (r) => `asked the model${r?.purpose ? ` for a ${r.purpose}` : ""}`,
  "memory.recall": (r) => `tried to remember ${quote(r?.text)}`,
  "tweet.own-posts": () => "reread its own posts",
  "tweet.thread-of": () => "read the thread",
  "tweet.posts-of": (r) => `read posts of @${r?.account ?? "somebody"}`,
  "state.get": () => "looked into its notes",
  "schedule.list": () => "looked at its timers",
};
export function readWords({ capability, operation, request }) {
  return READS[`${capability}.${operation}`]?.(request) ?? `asked ${capability}: ${operation.replaceAll("-", " ")}`;
}

const DECISIONS = {
  post: () => "Post this",
  thread: (b) => `Post a thread of ${b.parts?.length ?? 0}`,
  reply: () => "Reply with this",
  quote: () => "Quote a post, and say",
  like: () => "Like a post",
  delete: () => "Delete a post",
  remember: (b) => `Remember, as ${b.memory?.kind ?? "a memory"}`,
  forget: () => "Forget a memory",
  supersede: () => "Correct a memory",
  pin: () => "Keep a memory for good",
  shift_mood: (b) => `Feel otherwise: valence ${signed(b.valence ?? 0)}, arousal ${signed(b.arousal ?? 0)}, dominance ${signed(b.dominance ?? 0)}`,
  adjust_relationship: (b) => `See ${named(b.target ?? "somebody")} otherwise: sentiment ${signed(b.change?.sentiment ?? 0)}, trust ${signed(b.change?.trust ?? 0)}`,
  set_timer: (b) => `Set the timer ${quote(b.name)}${b.next ? ` for ${clock(b.next)}` : ""}`,
  cancel_timer: (b) => `Stop the timer ${quote(b.name)}`,
  put_state: () => "Write its notes",
  clear_state: () => "Clear its notes",
  emit: (b) => `Tell ${(b.target?.agents ?? []).map(named).join(", ") || "others"}: ${(b.event_kind ?? "an event").replaceAll("_", " ")}`,
  swap: (b) => `Swap${b.market ? ` on ${b.market}` : ""}`,
};
export const decisionWords = ({ kind, body }) => DECISIONS[kind]?.(body ?? {}) ?? kind.replaceAll("_", " ");

/** The texts a decision or an effect would put into the world or into the memory. */
export function decisionTexts({ kind, body }) {
  if (Array.isArray(body?.parts)) return body.parts.map((p) => (typeof p === "string" ? p : p.text));
  if (typeof body?.text === "string") return [body.text];
  if (kind === "remember" && body?.memory?.content) return [body.memory.content];
  if (kind === "adjust_relationship" && body?.change?.note) return [body.change.note];
  return [];
}

/** Words for states and outcomes, with the tone of their chip. */
const STATES = {
  ok: ["ok", "good"], declined: ["declined", "calm"], failed: ["failed", "bad"], breach: ["breach", "bad"],
  waiting: ["waiting to leave", "calm"], sent: ["sent, not confirmed", "calm"], done: ["done", "good"],
  "in-doubt": ["in doubt", "warn"], "waiting-for-approval": ["waits for you", "warn"], "dry-run": ["dry run", "calm"],
  rejected: ["rejected", "bad"], expired: ["expired", "calm"],
  installed: ["installed", "calm"], staged: ["staged", "calm"], verified: ["verified", "calm"], compiled: ["compiled", "calm"],
  shadow: ["shadow replay", "warn"], canary: ["canary", "warn"], live: ["live", "good"], settled: ["settled", "good"],
  "backed-off": ["backed off", "warn"], quarantined: ["quarantined", "bad"], refused: ["refused", "bad"],
  "rolled-back": ["rolled back", "bad"], current: ["runs", "good"], next: ["comes next", "calm"], watched: ["watched", "warn"],
  kept: ["kept", "calm"], denied: ["denied", "bad"], budget: ["no budget left", "warn"], error: ["failed", "bad"],
  near: ["near its end", "warn"], spent: ["spent", "bad"], active: ["active", "good"], approved: ["approved", "good"],
};
export const stateWords = (state) => STATES[state] ?? [String(state).replaceAll("-", " "), "calm"];

export const BREACHES = {
  "out-of-fuel": "It computed for longer than it may.", "out-of-memory": "It asked for more memory than it may have.",
  deadline: "It took longer than it may.", trap: "It crashed.", forbidden: "It called something that it was not given.",
};

export const cost = ({ tokens, usd_micros }) => (tokens ? `${number(tokens)} tokens${usd_micros ? `, ${dollars(usd_micros)}` : ""}` : "");
