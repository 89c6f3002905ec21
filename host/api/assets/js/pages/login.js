// The door: a key is pasted, a session comes back.
import { el } from "../dom.js";
import { signIn } from "../api.js";
import { brand } from "../shell.js";
import { themeToggle } from "../theme.js";

export function login(entered) {
  const key = el("input", { name: "key", type: "password", testid: "login-key", autocomplete: "current-password", required: true, placeholder: "pk_…", spellcheck: "false", "aria-describedby": "login-help" });
  const problem = el("p.field-problem", { role: "alert", hidden: true });
  const submit = el("button.button.primary.wide", { type: "submit", testid: "login-submit" }, "Sign in");
  const form = el("form.login-card", {},
    el("div.login-brand", {}, brand(), el("h1", {}, "Puppet Engine")),
    el("p.lead", {}, "The characters are at work. Show your key to watch them."),
    el("label.field", {}, el("span.field-label", {}, "Key"), key),
    problem, submit,
    el("p.hint", { id: "login-help" }, "A key was shown once when this host started first. ", el("code", {}, "puppet api key create"), " makes another."));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    problem.hidden = true;
    try {
      await signIn(key.value.trim());
      key.value = "";
      entered();
    } catch (failed) {
      problem.textContent = failed.status === 401 ? "This key is not known here, or it has ended." : [failed.message, failed.remedy].filter(Boolean).join(" ");
      problem.hidden = false;
      submit.disabled = false;
      key.focus();
      key.select();
    }
  });
  queueMicrotask(() => key.focus());
  return el("main.login", {}, el("div.login-theme", {}, themeToggle()), form);
}
