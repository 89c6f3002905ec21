// Buys when the price rises above its average, and sells when it falls below.

import { buy, sell, tradingStrategy } from './.puppet-sdk/sdk/js/trading.js';

let length;
let quantity;
let state = { closes: [], held: 0, orders: 0 };

const encode = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const decode = (bytes) => String.fromCharCode(...bytes);

export const strategy = tradingStrategy({
  describe: () => ({
    parameters: [
      { name: 'length', description: 'Bars of the average.', unit: 'bars', default: 20, min: 2, max: 500 },
      { name: 'quantity', description: 'How much is bought.', unit: 'milli', default: 1_000, min: 1, max: 1_000_000 },
    ],
    warmUp: 20,
  }),

  init(setup) {
    length = setup.parameters.length;
    quantity = Math.floor(10 ** setup.markets[0].baseDecimals / 1_000) * setup.parameters.quantity;
    if (setup.saved) state = JSON.parse(decode(setup.saved));
  },

  onCandles(batch) {
    const orders = [];
    for (const { market, close } of batch.candles) {
      state.closes.push(close);
      if (state.closes.length > length) state.closes.shift();
      if (state.closes.length < length || batch.isWarmUp) continue;
      // Whole numbers: close × length beside the sum. Products of prices need more than 53 bits.
      const sum = state.closes.reduce((sum, close) => sum + BigInt(close), 0n);
      const isAbove = BigInt(close) * BigInt(length) > sum;
      if (isAbove && state.held === 0) {
        orders.push(buy(`b${state.orders++}`, market, quantity, { reason: 'above its average' }));
      } else if (!isAbove && state.held > 0) {
        orders.push(sell(`s${state.orders++}`, market, state.held, { reason: 'below its average' }));
      }
    }
    return orders;
  },

  onFill(fill) {
    state.held += fill.side === 'buy' ? fill.quantity : -fill.quantity;
  },

  save: () => encode(JSON.stringify(state)),
});
