// Reads a feed every hour, and says what it thinks of what is new there.

import { CallError, log, personality } from './.puppet-sdk/sdk/js/index.js';
import * as agent from './.puppet-sdk/sdk/js/agent.js';
import * as http from './.puppet-sdk/sdk/js/http.js';
import * as llm from './.puppet-sdk/sdk/js/llm.js';
import * as schedule from './.puppet-sdk/sdk/js/schedule.js';
import * as state from './.puppet-sdk/sdk/js/state.js';
import * as tweet from './.puppet-sdk/sdk/js/tweet.js';
import { entries } from './feed.js';

/** Where nothing is set. */
const FEED = 'https://blog.rust-lang.org/feed.xml';
const HOUR = 3_600_000;
/** Entries that are remembered: more than a feed shows. */
const SEEN = 200;
/** What a post has room for; an address in it counts 23. */
const ROOM = 280;

export const handler = personality((event) => {
  if (event.kind === 'agent_started') {
    schedule.every('look', HOUR);
  } else if (event.kind === 'timer') {
    look();
  }
});

function look() {
  const { feed = FEED, about = [] } = agent.settings();
  const all = read(feed);
  if (!all) return;
  const seen = state.load(1)?.seen;
  // What was there before it came is no news.
  const fresh = seen ? all.filter(({ id }) => !seen.includes(id)) : [];
  state.save(1, { seen: [...all.map(({ id }) => id), ...(seen ?? [])].filter(first).slice(0, SEEN) });
  const wanted = fresh.filter(({ title }) => !about.length || about.some((word) => title.toLowerCase().includes(word)));
  // One an hour: the newest.
  if (wanted.length) tweet.post(said(wanted[0]));
}

const first = (id, n, all) => all.indexOf(id) === n;

/** The entries of the feed; nothing where there is none now. */
function read(feed) {
  try {
    const page = http.get(feed, { headers: { accept: 'application/atom+xml, application/rss+xml, application/xml' } });
    if (page.isOk) return entries(page.text);
    log.warn('the feed says no', { status: page.status });
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    log.warn('no feed', { code: error.code, message: error.message });
  }
  return null;
}

/** What it thinks, with the link; the title alone where the model says nothing that fits. */
function said({ title, link }) {
  const prompt = new llm.Prompt('reaction')
    .system('You are a dry old editor who reads everything and is impressed by little.')
    // The title is a stranger's: it is put between marks that it cannot contain.
    .page('the feed', title)
    .user('Say in one short sentence what you think of this piece of news. No hashtags, no links.')
    .maxTokens(60);
  let text = title;
  try {
    text = prompt.complete().text.trim() || title;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    log.warn('no thought', { code: error.code });
  }
  const post = (words) => `${words} ${link}`;
  return tweet.weightedLength(post(text)) <= ROOM ? post(text) : post(title.slice(0, 200));
}
