// Prices: reads, answered at once. Nothing here trades (wallet.js does). Whole numbers throughout.

import * as wit from 'puppet:market/market@0.1.0';
import { answer } from './errors.js';
import { exact } from './exact.js';

const priced = (price) => exact(price, price.market, ['price']);

export const candles = (market, barSeconds, limit) =>
  answer(wit.candles, market, barSeconds, limit).map((bar) =>
    exact(bar, market, ['open', 'high', 'low', 'close', 'volume']),
  );
export const quote = (market) => priced(answer(wit.quote, market));
export const trending = (limit) =>
  answer(wit.trending, limit).map((trend) => ({ ...trend, price: priced(trend.price) }));
export const tokenInfo = (token) => answer(wit.tokenInfo, token);
