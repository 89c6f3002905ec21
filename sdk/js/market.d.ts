/** A token. Decimals are the host's word. */
export interface Token {
  readonly mint: string;
  readonly symbol: string;
  readonly name: string;
  readonly decimals: number;
  /** Whether the operator's list knows it. */
  readonly isVerified: boolean;
}

/** A closed bar; prices as in `quote`, the volume in the smallest unit of the base token. */
export interface Bar {
  readonly at: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

export interface Price {
  readonly market: string;
  /** What one whole base token costs, in quote tokens times ten to `priceDecimals`. */
  readonly price: number;
  readonly priceDecimals: number;
  readonly at: number;
  /** Change within 24 hours, in hundredths of a percent. */
  readonly changeBps: number;
}

export interface Trend {
  readonly token: Token;
  readonly price: Price;
  /** Place in the list, from 1. */
  readonly rank: number;
}

/** Reads. A number above 9,007,199,254,740,991 is an error `invalid-answer` where it is looked at. */

/** Closed bars of a market like `SOL/USDC`, the newest last, at most 1,000. A bar is 60 s to a day. */
export function candles(market: string, barSeconds: number, limit: number): Bar[];
/** The latest price. */
export function quote(market: string): Price;
/** What many trade now, at most 50. */
export function trending(limit: number): Trend[];
/** A token by mint or by symbol. */
export function tokenInfo(token: string): Token;
