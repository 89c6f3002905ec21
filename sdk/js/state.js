// A blob of the plugin's own: each event gets a fresh instance, and this is what stays.

import * as wit from 'puppet:state/state@0.1.0';
import { CallError, answer } from './errors.js';
import { decoded, encoded } from './utf8.js';

// Keys in order: the same value is the same bytes.
const ordered = (_, value) =>
  value && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

export function load(version, fallback = null) {
  const blob = answer(wit.get);
  if (blob === null || blob === undefined) return fallback;
  if (blob.version !== version) {
    throw new CallError('invalid-input', `the state is of version ${blob.version}, not ${version}`);
  }
  return JSON.parse(decoded(blob.data));
}

export function save(version, value) {
  answer(wit.put, { version, data: encoded(JSON.stringify(value, ordered)) });
}

export const get = () => answer(wit.get);
export const put = (version, data) => answer(wit.put, { version, data });
export const clear = () => answer(wit.clear);
