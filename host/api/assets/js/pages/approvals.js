// What waits for the operator: texts that would be posted, swaps that would be signed.
import { el } from "../dom.js";
import { all, get, post, part, can, seesHost } from "../api.js";
import { on } from "../live.js";
import { agentLink } from "../cast.js";
import { draft } from "../posts.js";
import { panel, empty, calmly } from "../panel.js";
import { digest, figure, figures, pageHead, tree } from "../parts.js";
import { decisionTexts } from "../words.js";
import { when, number, shortDigest } from "../format.js";
import { ask, field, toast, actionButton } from "../dialog.js";

export function approvals({ signal }) {
  const list = panel({
    testid: "approvals-panel", signal, lines: 4, className: ".bare",
    load: async () => {
      const { items } = await get("/approvals", {}, signal);
      return items.length ? el("div.inbox", {}, items.map(item)) : empty("Nothing waits for you", "Packs with the mode “approve” bring their posts here first. What you let through leaves in its turn.");
    },
  });

  function item(a) {
    const path = `/approvals/${part(a.id)}`;
    const approve = actionButton("Approve", { testid: "approve-button", kind: "primary", work: async () => {
      await post(path, { verdict: "approve", digest: a.digest });
      toast("Approved. It leaves in its turn.");
      await list.reload({ quiet: true });
    } });
    const reject = actionButton("Reject", { testid: "reject-button", work: async () => {
      const done = await ask({ title: "Reject it?", text: "It is never sent, and the character hears why.", confirm: "Reject", danger: true, testid: "reject-confirm",
        fields: [field("Why", el("input", { name: "reason", type: "text", maxlength: 200 }))], act: ({ reason }) => post(path, { verdict: "reject", digest: a.digest, ...(reason ? { reason } : {}) }) });
      if (done) { toast("Rejected."); await list.reload({ quiet: true }); }
    } });
    return el("article.panel.approval", { testid: "approval-item", data: { id: a.id, digest: a.digest } },
      el("header.approval-head", {}, agentLink(a.agent, { size: 32 }), el("span", {}, ` wants to ${a.kind === "swap" ? "swap" : a.kind}`), el("span.hint", {}, "runs out ", when(a.expires_at))),
      draft(a.kind, a.body, decisionTexts(a)),
      el("details.fold", {}, el("summary", {}, "Exactly what leaves"), tree(a.body)),
      el("footer.approval-foot", {}, el("span.hint", {}, "Digest ", digest(a.digest)), can("operator") && el("div.actions", {}, reject, approve)));
  }

  const swaps = seesHost() && panel({
    title: "Swaps to sign", testid: "swap-approvals", signal, lines: 2,
    load: async () => {
      const items = await all("/trading/approvals", {}, 1000, signal);
      return items.length ? el("div.inbox", {}, items.map(swap)) : el("p.muted", {}, "No swap waits.");
    },
  });
  function swap(s) {
    const speak = (verdict, label, kind) => actionButton(label, { kind, work: async () => {
      const done = await ask({ title: `${label} this swap?`, text: verdict === "approve" ? "It is signed as it stands here, and sent." : "It is not signed.", confirm: label, danger: verdict === "reject",
        act: () => post(`/trading/approvals/${part(s.hash)}`, { verdict }) });
      if (done) { toast(verdict === "approve" ? "Approved." : "Rejected."); swaps.reload({ quiet: true }); }
    } });
    const b = s.body;
    return el("article.approval", { testid: "swap-approval", data: { hash: s.hash } },
      el("header.approval-head", {}, el("strong", {}, s.name ?? shortDigest(b.wallet)), el("span.hint", {}, s.state === "waiting" ? ["runs out ", when(s.expires_at)] : [s.state, s.why ? `: ${s.why}` : ""])),
      figures(figure("Gives", number(b.amount), `of ${b.gives}`), figure("Takes at least", number(b.least_out), `of ${b.takes}; now ${number(b.out_amount)}`), figure("Fee at most", `${number(b.fee_lamports)} lamports`)),
      el("details.fold", {}, el("summary", {}, "Exactly"), tree(b)),
      s.state === "waiting" && can("operator") && el("footer.approval-foot", {}, el("span.hint", {}, "Message ", digest(s.hash)), el("div.actions", {}, speak("reject", "Reject", ""), speak("approve", "Approve", "primary"))));
  }
  const again = calmly(() => list.reload({ quiet: true }));
  on(["approval.", "system.reset"], () => { again(); if (swaps) swaps.reload({ quiet: true }); }, signal);
  return [pageHead("Approvals", "Nothing on this page leaves without your yes."), el("div.narrow", {}, list, swaps)];
}
