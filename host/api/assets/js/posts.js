// One post as a card: who, what, when, to whom. Also what a waiting effect would say.
import { el } from "./dom.js";
import { get, part } from "./api.js";
import { avatar } from "./avatar.js";
import { writer } from "./cast.js";
import { when, plural } from "./format.js";
import { toast } from "./dialog.js";

const MENTION = /@([A-Za-z0-9_]{1,15})/g;

/** Text with the names of this host's agents as links; everything else stays plain. */
export function prose(text) {
  const out = [];
  let last = 0;
  for (const found of text.matchAll(MENTION)) {
    const { agent } = writer(found[1]);
    if (!agent) continue;
    out.push(text.slice(last, found.index), el("a", { href: `#/agents/${encodeURIComponent(agent)}` }, found[0]));
    last = found.index + found[0].length;
  }
  out.push(text.slice(last));
  return el("p.prose", { dir: "auto" }, out);
}

/** Posts that were seen, so that an answer can say whom it answers. */
const seen = new Map();
const SEEN_AT_MOST = 2000;
export function know(posts) {
  for (const p of posts) seen.set(String(p.id), writer(p.author).name);
  if (seen.size > SEEN_AT_MOST) for (const id of [...seen.keys()].slice(0, SEEN_AT_MOST / 2)) seen.delete(id);
}

const VERB = { reply: "answered", quote: "quoted", post: "", thread: "" };

/** `effect` is there where the host told of it live: then its story can be opened. */
export function postCard(post, { testid = "post", effect, reply } = {}) {
  const { agent, name, handle } = writer(post.author);
  const kind = post.in_reply_to ? "reply" : post.quotes ? "quote" : post.kind ?? "post";
  const who = agent ? el("a.post-name", { href: `#/agents/${encodeURIComponent(agent)}` }, name) : el("span.post-name", {}, name);
  know([post]);
  const to = seen.get(String(post.in_reply_to ?? post.quotes ?? ""));
  const thread = `#/thread/${encodeURIComponent(post.id)}`;
  return el(`article.post${agent ? "" : ".outside"}`, { testid, data: { id: post.id, author: agent ?? "" } },
    el("div.post-face", {}, avatar(agent ?? `@${handle}`, 44)),
    el("div.post-main", {},
      el("header.post-head", {}, who, el("span.post-handle", {}, `@${handle}`), VERB[kind] && el("a.post-kind", { href: thread }, VERB[kind], to ? ` ${to}` : ""), el("span.post-when", {}, when(post.at))),
      prose(post.text),
      el("footer.post-foot", {},
        el("a.quiet", { href: thread, "aria-label": `Thread of this ${kind} by ${name}` }, "Thread"),
        reply && el("button.quiet", { type: "button", onclick: () => reply(post, handle) }, "Answer"),
        effect && el("button.quiet", { type: "button", onclick: () => openStory(effect) }, "Why?"),
        post.likes > 0 && el("span.likes", {}, plural(post.likes, "like")))));
}

/** Leads to the invocation that decided an effect. */
export async function openStory(effect) {
  try {
    const { invocation } = await get(`/outbox/${part(effect)}`);
    location.hash = `#/journal/${encodeURIComponent(invocation)}`;
  } catch (problem) {
    toast(problem.message, "bad");
  }
}

/** What would leave, by kind and body. */
export function draft(kind, body, texts) {
  const about = body?.to?.id ?? body?.of?.id;
  return el("blockquote.draft", {},
    about && el("p.hint", {}, kind === "reply" ? "In answer to " : kind === "quote" ? "Quoting " : "About ", el("a", { href: `#/thread/${encodeURIComponent(about)}` }, `post ${about}`)),
    texts.length ? texts.map((t) => prose(t)) : el("p.prose", {}, kind === "like" ? "A like, without words." : `A ${kind}, without words.`));
}
