// The frame around every page: navigation, live state, halt banner, what waits for the operator.
import { el, svg, fill } from "./dom.js";
import { get, post, can, seesHost, who } from "./api.js";
import { on, onState } from "./live.js";
import { themeToggle } from "./theme.js";
import { calmly } from "./panel.js";
import { when } from "./format.js";
import { doing, toast } from "./dialog.js";

const ICONS = {
  overview: "M4 11l8-7 8 7M6 10v10h12V10M10 20v-6h4v6", agents: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.6-4 3.2-6 6.5-6s5.9 2 6.5 6M16 4.6a3.5 3.5 0 0 1 0 6M18 14.5c2 .8 3.2 2.7 3.5 5.5",
  approvals: "M4 12l5 5L20 6", journal: "M6 3h12v18H6zM9 8h6M9 12h6M9 16h4", plugins: "M9 3v4M15 3v4M6 7h12v5a6 6 0 0 1-12 0zM12 18v3",
  grants: "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6z", outbox: "M4 13v7h16v-7M12 15V4M8 8l4-4 4 4",
  settings: "M4 7h10M18 7h2M4 17h2M10 17h10M14 4.5v5M6 14.5v5", more: "M5 12h.01M12 12h.01M19 12h.01",
};
const icon = (name) => svg("svg.icon", { viewBox: "0 0 24 24", width: 20, height: 20, "aria-hidden": "true", focusable: "false" }, svg("path", { d: ICONS[name] }));

/** The first four stand in the bar of a phone; the rest is behind "More". */
const PAGES = [
  ["overview", "Overview", "#/"], ["agents", "Agents", "#/agents"], ["approvals", "Approvals", "#/approvals"], ["journal", "Journal", "#/journal"],
  ["plugins", "Plugins", "#/plugins"], ["grants", "Grants", "#/grants"], ["outbox", "Outbox", "#/outbox"], ["settings", "Settings", "#/settings"],
];
const IN_BAR = 4;
/** A short break is not worth a word. */
const NOTICE_AFTER = 2_000;
const STATES = { off: "not connected", opening: "connecting", live: "live", waiting: "connection lost, trying again" };

export function shell({ signOut }) {
  const marks = {};
  const nav = el("nav.nav", { id: "nav", "aria-label": "Pages" });
  const more = el("button.nav-item.nav-more", { type: "button", "aria-expanded": "false", "aria-controls": "nav" }, icon("more"), el("span", {}, "More"));
  const open = (is) => { nav.classList.toggle("open", is); more.setAttribute("aria-expanded", String(is)); };
  more.addEventListener("click", () => open(!nav.classList.contains("open")));
  nav.append(...PAGES.map(([name, label, href], n) => {
    marks[name] = el("b.badge", { hidden: true });
    return el(`a.nav-item${n < IN_BAR ? "" : ".rest"}`, { href, testid: `nav-${name}`, data: { page: name } }, icon(name), el("span", {}, label), marks[name]);
  }), more);

  const live = el("p.live-state", { testid: "live-state", role: "status" });
  const lost = el("div.banner.lost", { role: "status", testid: "connection-lost", hidden: true });
  let overdue = 0, wasLive = false;
  onState((state) => {
    live.dataset.state = state;
    fill(live, el("i"), el("span", {}, STATES[state]));
    if (state === "live" || state === "off") {
      clearTimeout(overdue);
      overdue = 0;
      lost.hidden = true;
      wasLive = state === "live";
    } else if (wasLive && !overdue) {
      overdue = setTimeout(() => {
        fill(lost, el("p", {}, el("strong", {}, "The connection is lost. "), "What you see is how it was. It is tried again by itself, and nothing is missed."));
        lost.hidden = false;
      }, NOTICE_AFTER);
    }
  });

  const banner = el("div.banner", { role: "alert", hidden: true });
  const main = el("main.page", { id: "page", tabindex: "-1" });
  const me = who();
  const root = el("div.shell", {},
    el("a.skip", { href: "#page", onclick: (event) => { event.preventDefault(); main.focus(); } }, "Skip to the page"),
    el("header.side", {},
      el("a.brand", { href: "#/" }, brand(), el("span", {}, "Puppet Engine")),
      nav,
      el("div.side-foot", {}, live,
        el("div.me", {}, el("span.me-name", { title: `role: ${me.role}` }, me.name || me.principal, el("span.hint", {}, me.role)),
          themeToggle(), el("button.icon-button", { type: "button", testid: "sign-out", "aria-label": "Sign out", title: "Sign out", onclick: signOut }, "⏻")))),
    el("div.stage", {}, banner, lost, main));

  /** What the whole host says: the banner, and the numbers beside the pages. */
  async function look() {
    const [status, approvals] = await Promise.allSettled([get("/status"), get("/approvals")]);
    const mark = (name, n, words) => {
      marks[name].hidden = !n;
      marks[name].textContent = String(n);
      marks[name].setAttribute("title", words);
    };
    if (approvals.status === "fulfilled") mark("approvals", approvals.value.items.length, "wait for you");
    if (status.status !== "fulfilled") return;
    const { halt, queue, disk } = status.value;
    mark("outbox", queue?.in_doubt ?? 0, "in doubt");
    banner.hidden = !halt && !disk;
    if (halt) {
      const button = el("button.button", { type: "button", testid: "resume-button" }, "Let effects leave again");
      button.addEventListener("click", doing(button, async () => { await post("/resume", {}); toast("Effects leave again."); await look(); }));
      fill(banner, el("p", {}, el("strong", {}, "Halted. "), "Nothing leaves: agents go on, and what they decide waits. ", halt.reason ? `“${halt.reason}”, ` : "Since ", halt.since ? when(halt.since) : "now", "."),
        can("operator") && seesHost() && button);
    } else if (disk) {
      fill(banner, el("p", {}, el("strong", {}, "The disk. "), typeof disk === "string" ? disk : disk.reason ?? disk.message ?? "The store cannot write. See `puppet doctor`."));
    }
  }
  const again = calmly(() => { look().catch(() => {}); }, 500);
  on(["approval.", "outbox.", "system."], again);
  again();

  return {
    root, main, look,
    /** Marks where the reader is. */
    at(page) {
      for (const item of nav.querySelectorAll("a")) {
        if (item.dataset.page === page) item.setAttribute("aria-current", "page");
        else item.removeAttribute("aria-current");
      }
      open(false);
    },
  };
}

export function brand() {
  return svg("svg.logo", { viewBox: "0 0 32 32", width: 30, height: 30, "aria-hidden": "true", focusable: "false" },
    svg("path", { d: "M16 5v8M9 5v5M23 5v5M9 10l3.4 13M23 10l-3.4 13M16 20v6" }), svg("path.bar", { d: "M7 5h18" }), svg("circle", { cx: 16, cy: 16.5, r: 3.6 }));
}
