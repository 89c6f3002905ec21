// The live stream: a WebSocket that takes up where it ended, server-sent events where no WebSocket goes through.

const listeners = new Set();
const states = new Set();
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** After so many attempts that never opened, server-sent events are tried. */
const GIVE_UP_SOCKET = 2;
/** Ids that are remembered, so that a message that comes twice is told once. */
const REMEMBERED = 512;

let after = null;
let seen = new Set();
let source = null;
let timer = 0;
let wait = FIRST_WAIT;
let failures = 0;
let state = "off";
let running = false;

function tellState(next) {
  if (next === state) return;
  state = next;
  for (const f of states) f(state);
}

function take(text) {
  let message;
  try { message = JSON.parse(text); } catch { return; }
  if (message.id) {
    if (seen.has(message.id)) return;
    seen.add(message.id);
    if (seen.size > REMEMBERED) seen = new Set([...seen].slice(REMEMBERED / 2));
    after = message.id;
  }
  if (message.topic === "system.reset") seen = new Set([message.id]);
  for (const { topics, f } of [...listeners]) {
    if (topics.some((t) => t === "*" || message.topic === t || (t.endsWith(".") && message.topic.startsWith(t)))) f(message);
  }
}

function again() {
  source = null;
  if (!running) return;
  tellState("waiting");
  clearTimeout(timer);
  timer = setTimeout(open, wait * (0.75 + Math.random() / 2));
  wait = Math.min(wait * 2, LONGEST_WAIT);
}

const query = () => (after ? `?after=${encodeURIComponent(after)}` : "");

function openSocket() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/ws${query()}`);
  let opened = false;
  source = socket;
  socket.onopen = () => { opened = true; failures = 0; wait = FIRST_WAIT; tellState("live"); };
  socket.onmessage = (event) => take(event.data);
  socket.onclose = () => { if (source !== socket) return; if (!opened) failures += 1; again(); };
}

function openEvents() {
  const events = new EventSource(`/api/v1/live${query()}`);
  source = events;
  events.onopen = () => { wait = FIRST_WAIT; tellState("live"); };
  events.onmessage = (event) => take(event.data);
  for (const topic of TOPICS) events.addEventListener(topic, (event) => take(event.data));
  events.onerror = () => {
    if (source !== events) return;
    events.close();
    // The next attempt may be a WebSocket again: what stood in its way may be gone.
    failures = GIVE_UP_SOCKET - 1;
    again();
  };
}

/** EventSource hears only names that it was told. */
const TOPICS = ["agent.post", "agent.reply", "agent.mood", "agent.paused", "agent.resumed", "agent.trade", "event.accepted",
  "event.dead", "invocation.done", "plugin.swap", "plugin.quarantined", "approval.waiting", "approval.ended", "budget.near",
  "budget.spent", "outbox.ended", "outbox.in-doubt", "outbox.unreached", "outbox.held", "system.status", "system.reset", "system.dropped",
  "timeline.post"];

function open() {
  if (state !== "live") tellState("opening");
  if (failures < GIVE_UP_SOCKET && "WebSocket" in window) openSocket();
  else openEvents();
}

export function start() {
  if (running) return;
  running = true;
  open();
}

export function stop() {
  running = false;
  clearTimeout(timer);
  source?.close();
  source = null;
  after = null;
  failures = 0;
  tellState("off");
}

/** Calls `f` with each message of `topics` ("agent.post", "agent.", "*") until `signal` ends. */
export function on(topics, f, signal) {
  if (signal?.aborted) return;
  const entry = { topics, f };
  listeners.add(entry);
  signal?.addEventListener("abort", () => listeners.delete(entry));
}

export function onState(f) {
  states.add(f);
  f(state);
}

// A machine that slept, or a network that came back, is not kept waiting.
addEventListener("online", () => { if (running && !source) { clearTimeout(timer); wait = FIRST_WAIT; open(); } });
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && running && !source) { clearTimeout(timer); wait = FIRST_WAIT; open(); }
});
