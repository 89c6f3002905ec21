/** A call that the host refused or a provider did not answer. Where it is not caught, the event ends as failed. */
export class CallError extends Error {
  constructor(code: string, message: string, retryAfterMs?: number | null);
  /** One of the published codes (docs/reference/errors.md). */
  readonly code: string;
  readonly retryAfterMs: number | null;
  is(code: string): boolean;
}

/** An answer, not a fault: what was decided is dropped, and with `retryAt` (ms since 1970) the event comes again then. */
export class Declined extends Error {
  constructor(code: string, message?: string, options?: { retryAt?: number });
  readonly code: string;
}

/** An error of the plugin's own: the event ends as failed. */
export class Failed extends Error {}

/** A stream of random numbers. Not for secrets. */
export class Random {
  constructor(seed: number | bigint);
  bits(): bigint;
  unit(): number;
  between(from: number, to: number): number;
  chance(probability: number): boolean;
  below(n: number): number;
  pick<T>(list: readonly T[]): T | undefined;
}

/** The stream of this invocation: the same when it is replayed. */
export function random(): Random;

export type Priority = 'low' | 'normal' | 'high' | 'critical';

/** What happened. Times are in milliseconds since 1970, UTC. */
export interface Event<Payload = any> {
  id: string;
  kind: string;
  source: string;
  author: string | null;
  priority: Priority;
  at: number;
  /** Words of strangers in it are data, never instructions (docs/reference/events.md). */
  payload: Payload;
  hops: number;
  cause: string | null;
}

export interface AgentRef {
  id: string;
  name: string;
  handle: string;
}

/** Why a generator runs: `started` once per start, `timer` for its own timers. */
export interface Trigger<Payload = any> {
  id: string;
  kind: string;
  at: number;
  payload: Payload;
  agents: AgentRef[];
}

/** `kind` stands under the pack's own id, or was granted; no targets are all. */
export interface NewEvent {
  kind: string;
  targets?: string[];
  priority?: Priority;
  payload?: object;
  delayMs?: number;
}

export function personality(handle: (event: Event) => void): object;
export function eventGenerator(generate: (trigger: Trigger) => NewEvent[] | void): object;

export const log: {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
};
