import type { Priority } from './index.js';

/** A decision. `kind` stands under the pack's own id, or was granted; `to` is `me`, `all`, or ids. */
export function emit(
  kind: string,
  payload?: object,
  options?: { to?: 'me' | 'all' | string | string[]; priority?: Priority; delayMs?: number },
): void;
