/** So much of a token is there, in its smallest unit. */
export interface Balance {
  readonly mint: string;
  readonly symbol: string;
  readonly amount: number;
  readonly decimals: number;
}

/** What a swap would give now. */
export interface SwapQuote {
  readonly inMint: string;
  readonly outMint: string;
  readonly inAmount: number;
  readonly outAmount: number;
  /** What the trade itself moves the price, in hundredths of a percent. */
  readonly priceImpactBps: number;
  /** The network's. */
  readonly feeLamports: number;
  readonly at: number;
}

export interface SwapIntent {
  inMint: string;
  outMint: string;
  /** In the smallest unit of `inMint`: a whole number up to 9,007,199,254,740,991. */
  amount: number;
  maxSlippageBps: number;
  /** For people: why. */
  reason: string;
}

/** What is there. An amount above 9,007,199,254,740,991 is an error `invalid-answer` where it is looked at. */
export function balances(): Balance[];
/** What a swap would give now. `amount` is in the smallest unit of `inMint`. */
export function quote(inMint: string, outMint: string, amount: number): SwapQuote;
/**
 * A decision. Where the risk engine says no, the error is `denied`, and its message begins with the rule's code. Answers the
 * decision's number.
 */
export function swap(intent: SwapIntent): number;
