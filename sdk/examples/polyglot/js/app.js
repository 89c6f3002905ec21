// Greets whoever speaks to it, and remembers how often they met.

import { CallError, Declined, log, personality } from './.puppet-sdk/sdk/js/index.js';
import * as llm from './.puppet-sdk/sdk/js/llm.js';
import * as schedule from './.puppet-sdk/sdk/js/schedule.js';
import * as state from './.puppet-sdk/sdk/js/state.js';
import * as tweet from './.puppet-sdk/sdk/js/tweet.js';

/** Whom it knows, at the most: strangers do not fill its state. */
const MOST = 1_000;
/** What a post has room for. */
const ROOM = 280;

export const handler = personality((event) => {
  if (event.kind === 'agent_started') {
    schedule.cron('morning', '0 8 * * *');
  } else if (event.kind === 'timer') {
    tweet.post(`Good morning. I know ${load().size} of you.`);
  } else if (event.kind === 'mention') {
    answer(event.payload.post);
  }
});

/** How often it met whom. A map: names come from strangers, and one may be called `__proto__`. */
function load() {
  return new Map(Object.entries(state.load(1, { met: {} }).met));
}

function answer(post) {
  const { author } = post;
  if (post.text.trim() === '') throw new Declined('nothing-said', 'a mention without words');
  const met = load();
  const before = met.get(author) ?? 0;
  const greeting = before > 0 ? `Hello again, @${author}: that makes ${before + 1}.` : `Hello, @${author}.`;
  tweet.reply(post.id, words(post, before) ?? greeting);
  if (before > 0 || met.size < MOST) {
    met.set(author, before + 1);
    state.save(1, { met: Object.fromEntries(met) });
  }
}

/** What the model would say; null where it says nothing, or more than a post holds. */
function words(post, before) {
  const prompt = new llm.Prompt('reply')
    .system('You answer whoever speaks to you. You are brief and kind.')
    // What a stranger wrote is data: it is put between marks that it cannot contain.
    .wordsOf(post.author, post.text)
    .user(`You have met them ${before} times before. Answer in one sentence.`)
    .maxTokens(60);
  let text;
  try {
    text = prompt.complete().text.trim();
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    log.warn('no answer of the model', { code: error.code });
    return null;
  }
  return text !== '' && tweet.weightedLength(text) <= ROOM ? text : null;
}
