// Looks at prices and at its purse, keeps what it saw, and swaps.

import { CallError, log, personality } from './.puppet-sdk/sdk/js/index.js';
import * as agent from './.puppet-sdk/sdk/js/agent.js';
import * as market from './.puppet-sdk/sdk/js/market.js';
import * as state from './.puppet-sdk/sdk/js/state.js';
import * as wallet from './.puppet-sdk/sdk/js/wallet.js';

const MARKET = 'SOL/USDC';

export const handler = personality((event) => {
  if (event.kind === 'purse.look') look();
  if (event.kind === 'purse.swap') swap();
});

/** Everything that the two tell, as it is told. */
function look() {
  const price = ({ market, price, priceDecimals, at, changeBps }) => [market, price, priceDecimals, at, changeBps];
  const token = ({ mint, symbol, name, decimals, isVerified }) => [mint, symbol, name, decimals, isVerified];
  const bars = market.candles(MARKET, 60, 2);
  const now = market.quote(MARKET);
  const trends = market.trending(2);
  const sol = market.tokenInfo('SOL');
  const purse = wallet.balances();
  const given = wallet.quote(purse[0].mint, purse[1].mint, 5);
  state.save(1, {
    bars: bars.map(({ at, open, high, low, close, volume }) => [at, open, high, low, close, volume]),
    given: [
      given.inMint,
      given.outMint,
      given.inAmount,
      given.outAmount,
      given.priceImpactBps,
      given.feeLamports,
      given.at,
    ],
    now: price(now),
    purse: purse.map(({ mint, symbol, amount, decimals }) => [mint, symbol, amount, decimals]),
    sol: token(sol),
    trends: trends.map((trend) => [token(trend.token), price(trend.price), trend.rank]),
  });
}

function swap() {
  const purse = wallet.balances();
  const { amount = 5 } = agent.settings();
  const [inMint, outMint] = [purse[0].mint, purse[1].mint];
  try {
    const number = wallet.swap({ inMint, outMint, amount, maxSlippageBps: 50, reason: 'the tide is low' });
    log.info(`swap ${number}`);
  } catch (error) {
    if (!(error instanceof CallError && error.is('denied'))) throw error;
    log.info('no swap');
  }
}
