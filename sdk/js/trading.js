// Trading strategies: closed bars in, orders out. Whole numbers throughout (docs/trading/strategies.md says of what).

import './console.js';

/** A strategy: `export const strategy = tradingStrategy({ describe, init, onCandles, … })`. */
export function tradingStrategy(own) {
  return {
    describe() {
      const { parameters = [], warmUp = 0, minMarkets = 1, maxMarkets = 1, barSeconds = 0 } = own.describe?.() ?? {};
      return { parameters, warmUp, minMarkets, maxMarkets, barSeconds };
    },
    init(setup) {
      try {
        own.init?.({ ...setup, parameters: Object.fromEntries(setup.parameters) });
      } catch (error) {
        throw Object.assign(new Error(String(error?.message ?? error)), { payload: String(error?.message ?? error) });
      }
    },
    onCandles: (batch) => (own.onCandles(batch) ?? []).map(whole),
    onFill: (fill) => own.onFill?.(fill),
    onDenied: (denial) => own.onDenied?.(denial),
    save: () => own.save?.() ?? new Uint8Array(),
  };
}

/** A purchase at what is to be had. */
export const buy = (clientId, market, quantity, more = {}) => ({ clientId, market, side: 'buy', quantity, ...more });
/** A sale at what is to be had. */
export const sell = (clientId, market, quantity, more = {}) => ({ clientId, market, side: 'sell', quantity, ...more });

function whole(order) {
  for (const key of ['quantity', 'price']) {
    const value = order[key];
    if (value !== undefined && value !== null && !Number.isSafeInteger(value)) {
      throw new RangeError(`${key} of \`${order.clientId}\` is ${value}: a whole number up to ${Number.MAX_SAFE_INTEGER}`);
    }
  }
  return { kind: 'market', reduceOnly: false, timeInForce: 'gtc', reason: '', ...order };
}
