// Begins: takes up the session or asks for a key, then shows the page that the address names.
import { fill, el } from "./dom.js";
import { resume, signOut, whenSessionEnds } from "./api.js";
import * as live from "./live.js";
import { shell } from "./shell.js";
import { cast, forgetCast } from "./cast.js";
import { trouble } from "./panel.js";
import { login } from "./pages/login.js";
import { overview } from "./pages/overview.js";
import { agents } from "./pages/agents.js";
import { agent } from "./pages/agent.js";
import { invocation } from "./pages/invocation.js";
import { journal } from "./pages/journal.js";
import { plugins } from "./pages/plugins.js";
import { grants } from "./pages/grants.js";
import { approvals } from "./pages/approvals.js";
import { outbox } from "./pages/outbox.js";
import { settings } from "./pages/settings.js";
import { thread } from "./pages/thread.js";

const ROUTES = [
  [/^\/$/, overview, "overview", "Overview"],
  [/^\/agents$/, agents, "agents", "Agents"],
  [/^\/agents\/([^/]+)$/, agent, "agents", "Agent"],
  [/^\/journal$/, journal, "journal", "Journal"],
  [/^\/journal\/([^/]+)$/, invocation, "journal", "One decision"],
  [/^\/thread\/([^/]+)$/, thread, "overview", "Thread"],
  [/^\/plugins$/, plugins, "plugins", "Plugins"],
  [/^\/grants$/, grants, "grants", "Grants"],
  [/^\/approvals$/, approvals, "approvals", "Approvals"],
  [/^\/outbox(?:\/([^/]+))?$/, outbox, "outbox", "Outbox"],
  [/^\/settings$/, settings, "settings", "Settings"],
];

const app = document.getElementById("app");
let frame = null;
let leaving = new AbortController();
const places = new Map();
let here = null;

function parse() {
  const [path, query = ""] = location.hash.replace(/^#/, "").split("?");
  return { path: path || "/", query: new URLSearchParams(query) };
}

/** Shows the page of the address. Each page gets a signal that ends when it is left. */
async function route() {
  if (!frame) return;
  if (here) places.set(here, scrollY);
  leaving.abort();
  leaving = new AbortController();
  const { path, query } = parse();
  const found = ROUTES.map(([pattern, page, name, title]) => ({ match: path.match(pattern), page, name, title })).find((r) => r.match);
  const first = here === null;
  here = location.hash;
  if (!found) {
    fill(frame.main, el("div.empty", {}, el("h1", {}, "There is no such page"), el("p", {}, el("a", { href: "#/" }, "Back to the overview"))));
    return;
  }
  document.title = `${found.title} · Puppet Engine`;
  frame.at(found.name);
  // Names of agents are wanted everywhere; a host that cannot tell them still shows its pages.
  await cast().catch(() => {});
  const signal = leaving.signal;
  if (signal.aborted) return;
  let arg;
  try { arg = found.match[1] && decodeURIComponent(found.match[1]); } catch { arg = found.match[1]; }
  try {
    fill(frame.main, found.page({ arg, query, signal, title: (t) => { document.title = `${t} · Puppet Engine`; } }));
  } catch (problem) {
    fill(frame.main, trouble(problem, route));
  }
  scrollTo(0, places.get(here) ?? 0);
  if (!first) (frame.main.querySelector("h1") ?? frame.main).focus({ preventScroll: true });
}

function leave() {
  leaving.abort();
  live.stop();
  forgetCast();
  frame = null;
  here = null;
  places.clear();
  document.title = "Sign in · Puppet Engine";
  fill(app, login(enter));
}

function enter() {
  frame = shell({ signOut: async () => { await signOut(); leave(); } });
  fill(app, frame.root);
  live.start();
  route();
}

async function begin() {
  try {
    if (await resume()) enter(); else leave();
  } catch (problem) {
    fill(app, el("main.boot", {}, trouble(problem, begin)));
  }
}

// Agents come, go and are renamed: the names are asked for anew where the stream says that it lost the thread.
live.on(["system.reset"], () => { cast({ again: true }).catch(() => {}); });
whenSessionEnds(leave);
addEventListener("hashchange", route);
begin();
