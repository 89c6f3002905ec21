// Questions in a dialog (the browser's own, which traps the focus and gives it back), and short messages.
import { el } from "./dom.js";

/**
 * Asks before something is done. `fields` are elements with a `name`; `act(values)` does it; the dialog stays open with the
 * problem where it fails. Answers true when it was done.
 */
export function ask({ title, text, fields = [], confirm = "Do it", danger = false, testid, act }) {
  return new Promise((resolve) => {
    const message = el("p.field-problem", { role: "alert", hidden: true });
    const yes = el(`button.button.${danger ? "danger" : "primary"}`, { type: "submit", testid: testid ?? "dialog-confirm" }, confirm);
    const form = el("form.dialog-form", { method: "dialog" },
      el("h2", { id: "dialog-title" }, title),
      text && (typeof text === "string" ? el("p", {}, text) : text), fields, message,
      el("div.actions.end", {}, el("button.button", { type: "button", onclick: () => dialog.close() }, "Cancel"), yes));
    const dialog = el("dialog.dialog", { "aria-labelledby": "dialog-title" }, form);
    let done = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      yes.disabled = true;
      message.hidden = true;
      try {
        await act(Object.fromEntries(new FormData(form)));
        done = true;
        dialog.close();
      } catch (problem) {
        message.textContent = [problem.message, problem.remedy].filter(Boolean).join(" ");
        message.hidden = false;
        yes.disabled = false;
        yes.focus();
      }
    });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener("close", () => { dialog.remove(); resolve(done); });
    document.body.append(dialog);
    dialog.showModal();
    (form.querySelector("input, select, textarea") ?? yes).focus();
  });
}

/** A dialog that only shows. */
export function show(title, ...content) {
  const close = el("button.button.primary", { type: "button", onclick: () => dialog.close() }, "Close");
  const dialog = el("dialog.dialog.wide", { "aria-labelledby": "dialog-title" },
    el("div.dialog-form", {}, el("h2", { id: "dialog-title" }, title), content, el("div.actions.end", {}, close)));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

export function field(label, input, hint) {
  return el("label.field", {}, el("span.field-label", {}, label), input, hint && el("span.hint", {}, hint));
}

/** Buttons behind a button. It closes with Escape, with the choice of one, and when the focus goes elsewhere. */
export function menu(label, ...items) {
  const summary = el("summary.button", {}, label);
  // It takes the focus where a browser gives a pressed button none.
  const list = el("div.menu-list", { tabindex: "-1" }, items);
  const all = el("details.menu", {}, summary, list);
  const close = () => { all.open = false; summary.focus(); };
  all.addEventListener("keydown", (event) => { if (event.key === "Escape" && all.open) close(); });
  // Before the button hears of it: a dialog gives the focus back to whoever had it.
  list.addEventListener("click", close, true);
  all.addEventListener("focusout", (event) => { if (!all.contains(event.relatedTarget)) all.open = false; });
  return all;
}

const TOAST_MS = 6_000;
export function toast(text, kind = "good") {
  let place = document.getElementById("toasts");
  if (!place) {
    place = el("div.toasts", { id: "toasts", role: "status", "aria-live": "polite" });
    document.body.append(place);
  }
  const node = el(`p.toast.${kind}`, {}, text);
  place.append(node);
  setTimeout(() => node.remove(), TOAST_MS);
}

/** Runs what a button does: it cannot be pressed twice, and a problem is told. */
export function doing(button, work) {
  return async (event) => {
    event?.preventDefault();
    // Not `disabled`: it keeps the focus, and a dialog gives it back to it.
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    try { await work(); } catch (problem) { toast([problem.message, problem.remedy].filter(Boolean).join(" "), "bad"); }
    button.ariaDisabled = null;
  };
}

export function actionButton(label, { testid, kind, work }) {
  const button = el(`button.button${kind ? `.${kind}` : ""}`, { type: "button", testid }, label);
  button.addEventListener("click", doing(button, work));
  return button;
}
