// Light, dark, or as the system has it. Kept in this browser.
import { el } from "./dom.js";

const KEY = "puppet-theme";
const NAMES = { system: "As the system", light: "Light", dark: "Dark" };

export function theme() {
  return document.documentElement.dataset.theme ?? "system";
}

export function setTheme(name) {
  if (name === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  try {
    if (name === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, name);
  } catch { /* it holds for this page then */ }
  tell();
}

function isDark() {
  const chosen = theme();
  return chosen === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
}

function dress(button) {
  button.textContent = isDark() ? "☀" : "☾";
  button.setAttribute("aria-label", isDark() ? "Use the light theme" : "Use the dark theme");
}

/** Every place that shows the theme shows the one that holds now. */
function tell() {
  document.querySelectorAll(".theme-toggle").forEach(dress);
  for (const choice of document.querySelectorAll("input[name=theme]")) choice.checked = choice.value === theme();
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);

/** One button that turns light into dark and back. */
export function themeToggle() {
  const button = el("button.icon-button.theme-toggle", { type: "button", testid: "theme-toggle", onclick: () => setTheme(isDark() ? "light" : "dark") });
  dress(button);
  return button;
}

/** The three choices, for the settings. */
export function themeChoice() {
  return el("fieldset.segments", {}, el("legend.visually-hidden", {}, "Theme"),
    Object.entries(NAMES).map(([name, label]) => el("label.segment", {},
      el("input", { type: "radio", name: "theme", value: name, checked: theme() === name, onchange: () => setTheme(name) }),
      el("span", {}, label))));
}
