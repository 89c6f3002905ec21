// What the types are held to: a plugin of each kind that uses a bit of every module. It is compiled, and never run.

import { personality, eventGenerator, random, Declined, CallError, log } from '../index.js';
import * as llm from '../llm.js';
import * as tweet from '../tweet.js';
import * as state from '../state.js';
import * as schedule from '../schedule.js';
import * as memory from '../memory.js';
import * as market from '../market.js';
import * as wallet from '../wallet.js';
import * as agent from '../agent.js';
import * as events from '../events.js';
import * as http from '../http.js';
import { tradingStrategy, buy } from '../trading.js';
export const handler = personality((event) => {
  if (tweet.conversation('1').length > tweet.weightedLength('x')) return;
  const n: number = tweet.post(new llm.Prompt('x').system('a').complete().text);
  state.save(1, { n }); schedule.cron('a', '* * * * *', { payload: {} });
  memory.saidBy('ada', 'x'); events.emit('a.b', {}, { to: 'all' });
  if (agent.mood().valence > 2) throw new Declined('x', 'y', { retryAt: 3 });
  const page = http.get('https://example.org/', { headers: { accept: 'text/html' }, credential: 'key' });
  if (page.isOk) log.info(page.text, { status: page.status });
  http.postJson('https://example.org/', { a: 1 }).json();
  const close: number = market.candles('SOL/USDC', 60, 1)[0].close + market.quote('SOL/USDC').price;
  const held: wallet.Balance | undefined = wallet.balances().find((held) => held.symbol === 'SOL');
  if (held && close > 0 && market.tokenInfo('SOL').isVerified && market.trending(5)[0].rank === 1) {
    const given: wallet.SwapQuote = wallet.quote(held.mint, 'x', held.amount);
    wallet.swap({ inMint: held.mint, outMint: given.outMint, amount: 5, maxSlippageBps: 50, reason: 'x' });
  }
  log.info('x', { n: random().below(3) });
});
export const generator = eventGenerator((t) => t.agents.map((a) => ({ kind: 'x.y', targets: [a.id] })));
export const strategy = tradingStrategy({ onCandles: (b) => [buy('x', 0, 1)] });
