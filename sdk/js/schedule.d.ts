/** Decisions. Times are in milliseconds since 1970, UTC. */
export function once(name: string, at: number, payload?: object): void;
export function after(name: string, delayMs: number, payload?: object): void;
export function every(name: string, intervalMs: number, payload?: object): void;
/** `minute hour day month weekday`, in the character's time zone where none is named. */
export function cron(name: string, expression: string, options?: { timezone?: string; payload?: object }): void;
export function cancel(name: string): void;
/** Those that are set. */
export function timers(): { name: string; next: number; rule: string; payload: string }[];
