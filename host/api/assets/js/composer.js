// Writing a mention: somebody of outside speaks on the local timeline.
import { el } from "./dom.js";
import { post as send } from "./api.js";
import { cast } from "./cast.js";
import { doing, toast } from "./dialog.js";

const LONGEST = 280;
const NAME = "puppet-mention-by";

function remembered() {
  try { return localStorage.getItem(NAME) ?? ""; } catch { return ""; }
}

/** `sent()` is called when the host has taken it. */
export function composer({ sent }) {
  let answers = null;
  const text = el("textarea", { name: "text", rows: 2, maxlength: 2000, required: true, testid: "mention-text", placeholder: "Say something to somebody: @name …", "aria-label": "What to say" });
  const by = el("input", { name: "by", type: "text", testid: "mention-by", value: remembered() || "visitor", required: true, maxlength: 15, pattern: "[A-Za-z0-9_]{1,15}", autocomplete: "nickname", "aria-label": "Your name on the timeline", title: "Letters, digits and _, at most 15" });
  const left = el("span.hint.count", {}, "");
  const about = el("p.answering", { hidden: true });
  const suggestions = el("div.suggestions", { role: "group", "aria-label": "Speak to" });
  const button = el("button.button.primary", { type: "submit", testid: "mention-send" }, "Send");
  const form = el("form.composer", { "aria-label": "Write a mention" }, about, text, suggestions,
    el("div.composer-foot", {}, el("label.by", {}, el("span", {}, "as @"), by), left, button));

  const counted = () => {
    const n = [...text.value].length;
    left.textContent = n > LONGEST - 60 ? `${LONGEST - n} left` : "";
    left.classList.toggle("over", n > LONGEST);
  };
  const grow = () => { text.rows = Math.min(8, Math.max(2, text.value.split("\n").length + Math.floor(text.value.length / 70))); };
  text.addEventListener("input", () => { counted(); grow(); });
  text.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(); });

  const insert = (handle) => {
    if (!text.value.includes(`@${handle}`)) text.value = `@${handle} ${text.value}`;
    text.focus();
    counted();
  };
  cast().then((agents) => suggestions.append(...agents.slice(0, 6).map((a) => el("button.tag", { type: "button", onclick: () => insert(a.handle) }, `@${a.handle}`)))).catch(() => {});

  const forget = () => { answers = null; about.hidden = true; };
  form.addEventListener("submit", doing(button, async () => {
    const body = { text: text.value.trim(), by: by.value.trim() };
    if (answers) body.in_reply_to = answers;
    if (!body.text) return;
    await send("/timeline", body);
    try { localStorage.setItem(NAME, body.by); } catch { /* typed anew next time */ }
    text.value = "";
    counted(); grow(); forget();
    toast("Said. Answers appear below by themselves.");
    await sent();
  }));

  return {
    node: form,
    /** Makes the next text an answer to a post. */
    answer(post, handle) {
      answers = post.id;
      about.replaceChildren(`Answering @${handle}. `, el("button.quiet", { type: "button", onclick: forget }, "Not an answer"));
      about.hidden = false;
      insert(handle);
      form.scrollIntoView({ block: "center" });
    },
  };
}
