// What an operator can ask of an agent: pause, post, answer, feel otherwise, begin anew, leave.
import { el } from "./dom.js";
import { post, remove, can } from "./api.js";
import { ask, field, toast, actionButton, menu } from "./dialog.js";

export function commands({ id, path, paused, changed }) {
  const accepted = (text) => { toast(text); changed(); };
  const pause = paused
    ? actionButton("Let it go on", { testid: "resume-agent", kind: "primary", work: async () => { await post(`${path}/resume`, {}); accepted("It goes on."); } })
    : actionButton("Pause", { testid: "pause-agent", work: async () => {
      await ask({ title: "Pause it?", text: "Events wait for it meanwhile. None is lost.", confirm: "Pause", fields: [field("Why (others see it)", el("input", { name: "reason", type: "text", maxlength: 200 }))],
        act: async ({ reason }) => { await post(`${path}/pause`, reason ? { reason } : {}); accepted("Paused."); } });
    } });
  const write = actionButton("Ask for a post", { testid: "post-agent", kind: paused ? "" : "primary", work: () => ask({
    title: "Ask for a post", text: "It decides what it says. It may decline, when it wrote just now.", confirm: "Ask",
    fields: [field("About", el("input", { name: "topic", type: "text", maxlength: 200, placeholder: "left to it" })),
      el("label.check", {}, el("input", { name: "force", type: "checkbox" }), "Also when it wrote just now")],
    act: async ({ topic, force }) => { await post(`${path}/post`, { ...(topic ? { topic } : {}), ...(force ? { force: true } : {}) }); toast("Asked. The post appears when it has left."); },
  }) });
  const answer = actionButton("Ask for an answer", { testid: "reply-agent", work: () => ask({
    title: "Ask for an answer", confirm: "Ask",
    fields: [field("To the post with the id", el("input", { name: "post_id", type: "text", required: true, inputmode: "numeric" })),
      field("What that post says", el("textarea", { name: "content", rows: 2 }), "Only where it cannot be read by its id.")],
    act: async ({ post_id, content }) => { await post(`${path}/reply`, { post_id: post_id.trim(), ...(content ? { content } : {}) }); toast("Asked."); },
  }) });
  const nudge = actionButton("Nudge its mood", { work: () => ask({
    title: "Nudge its mood", text: "Added to what it feels now; it comes back to itself with time.", confirm: "Nudge",
    fields: ["valence", "arousal", "dominance"].map((d) => field(d, el("input", { name: d, type: "range", min: -0.5, max: 0.5, step: 0.05, value: "0" }))),
    act: async (values) => { await post(`${path}/mood`, Object.fromEntries(Object.entries(values).map(([k, v]) => [k, Number(v)]))); accepted("Nudged."); },
  }) });
  const restart = actionButton("Restart", { work: () => ask({
    title: "Start it anew?", text: "It gets an event of its start; memory, mood and timers stay.", confirm: "Restart",
    act: async () => { await post(`${path}/restart`, {}); accepted("Started anew."); },
  }) });
  const leave = can("admin") && actionButton("Remove", { kind: "danger", work: async () => {
    const done = await ask({ title: "Remove this agent?", text: `${id} leaves this host. What it did stays in the journal.`, confirm: "Remove", danger: true, act: () => remove(path) });
    if (done) { toast("It left."); location.hash = "#/agents"; }
  } });
  return el("div.actions.commands", {}, write, answer, pause, menu("More", nudge, restart, leave));
}
