// One conversation of the local timeline, the oldest post first.
import { el } from "../dom.js";
import { get, part, can } from "../api.js";
import { on } from "../live.js";
import { postsOf } from "../feed.js";
import { postCard } from "../posts.js";
import { composer } from "../composer.js";
import { panel, empty, calmly } from "../panel.js";
import { pageHead } from "../parts.js";

export function thread({ arg, signal }) {
  const writing = can("operator") && composer({ sent: () => list.reload({ quiet: true }) });
  const list = panel({
    testid: "thread-panel", signal, className: ".bare",
    load: async () => {
      const { items } = await get(`/timeline/${part(arg)}`, {}, signal);
      if (!items.length) return empty("Nothing is here", "The post is gone, or it was never on this timeline.");
      return el("div.feed-list", {}, items.map((p) => {
        const card = postCard(p, { reply: writing ? writing.answer : null });
        if (String(p.id) === arg) card.classList.add("chosen");
        return card;
      }));
    },
  });
  const again = calmly(() => list.reload({ quiet: true }));
  on(["agent.post", "agent.reply", "timeline.post"], (message) => { if (postsOf(message).some((p) => p.in_reply_to)) again(); }, signal);
  return [pageHead("Conversation", el("a", { href: "#/" }, "Back to the feed")), el("div.narrow", {}, list, writing && writing.node)];
}
