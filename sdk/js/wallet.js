// The agent's purse: what is in it, and swaps. A swap is a decision; how it ended arrives as `swap_done` or `swap_failed`. There is
// no way to send anything to anybody. Amounts are whole numbers, in the smallest unit of their token.

import * as wit from 'puppet:wallet/wallet@0.1.0';
import { answer } from './errors.js';
import { exact, whole } from './exact.js';

export const balances = () => answer(wit.balances).map((held) => exact(held, held.symbol, ['amount']));
export const quote = (inMint, outMint, amount) =>
  exact(answer(wit.quote, inMint, outMint, whole('amount', amount)), `${inMint} to ${outMint}`, [
    'inAmount',
    'outAmount',
    'feeLamports',
  ]);

export function swap({ inMint, outMint, amount, maxSlippageBps, reason }) {
  whole('amount', amount);
  whole('maxSlippageBps', maxSlippageBps, 2 ** 32 - 1);
  return answer(wit.swap, { inMint, outMint, amount, maxSlippageBps, reason });
}
