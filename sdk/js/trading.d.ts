export interface Parameter {
  name: string;
  description: string;
  unit: string;
  default: number;
  min: number;
  max: number;
}

export interface Market {
  id: string;
  baseMint: string;
  quoteMint: string;
  baseDecimals: number;
  quoteDecimals: number;
  priceDecimals: number;
  minQuantity: number;
}

export interface Candle {
  market: number;
  at: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

export interface Batch {
  at: number;
  isWarmUp: boolean;
  candles: Candle[];
}

export interface Order {
  clientId: string;
  market: number;
  side: 'buy' | 'sell';
  /** In the smallest unit of the base token: a whole number up to 9,007,199,254,740,991. */
  quantity: number;
  kind?: 'market' | 'limit' | 'stop' | 'take-profit' | 'trailing' | 'cancel';
  price?: number;
  trailBps?: number;
  reduceOnly?: boolean;
  timeInForce?: 'gtc' | 'ioc' | 'fok';
  expiresAt?: number;
  maxSlippageBps?: number;
  reason?: string;
}

export interface Setup {
  parameters: Record<string, number>;
  markets: Market[];
  barSeconds: number;
  seed: number;
  saved: Uint8Array | null;
}

export interface Strategy {
  describe?(): {
    parameters?: Parameter[];
    warmUp?: number;
    minMarkets?: number;
    maxMarkets?: number;
    barSeconds?: number;
  };
  /** An error that is thrown ends the run and is told to the operator. */
  init?(setup: Setup): void;
  onCandles(batch: Batch): Order[] | void;
  onFill?(fill: { clientId: string; market: number; quantity: number; price: number; remaining: number }): void;
  onDenied?(denial: { clientId: string; rule: string; detail: string }): void;
  save?(): Uint8Array;
}

export function tradingStrategy(own: Strategy): object;
export function buy(clientId: string, market: number, quantity: number, more?: Partial<Order>): Order;
export function sell(clientId: string, market: number, quantity: number, more?: Partial<Order>): Order;
