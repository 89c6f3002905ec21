// Amounts of 64 bits. The engine hands them over as doubles: what is above 2^53 − 1 has lost its last digits, and is refused by
// name before anybody reckons with it.

import { CallError } from './errors.js';

const MOST = Number.MAX_SAFE_INTEGER;

/** What goes to the host: a whole number, or an error that names it. */
export function whole(name, value, most = MOST) {
  if (!Number.isSafeInteger(value) || value < 0 || value > most) {
    throw new CallError('invalid-input', `${name} is ${value}: a whole number from 0 up to ${most}`);
  }
  return value;
}

/**
 * What came from the host, `about` something. A number that is too large is an error where it is looked at, and no sooner: one
 * odd token in a purse does not keep the others from being seen.
 */
export function exact(record, about, names) {
  for (const name of names) {
    if (Number.isSafeInteger(record[name])) continue;
    const refuse = () => {
      throw new CallError('invalid-answer', `${name} of \`${about}\` is above ${MOST}, and not exact here`);
    };
    Object.defineProperty(record, name, { enumerable: true, get: refuse });
  }
  return record;
}
