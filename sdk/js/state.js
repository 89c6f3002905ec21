// A blob of the plugin's own: each event gets a fresh instance, and this is what stays.

import * as wit from 'puppet:state/state@0.1.0';
import { CallError, answer } from './errors.js';

// Keys in order: the same value is the same bytes.
const ordered = (_, value) =>
  value && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

// The engine has no TextEncoder.
const encode = (text) => Uint8Array.from(unescape(encodeURIComponent(text)), (c) => c.charCodeAt(0));
const decode = (bytes) => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return decodeURIComponent(escape(text));
};

export function load(version, fallback = null) {
  const blob = answer(wit.get);
  if (blob === null || blob === undefined) return fallback;
  if (blob.version !== version) {
    throw new CallError('invalid-input', `the state is of version ${blob.version}, not ${version}`);
  }
  return JSON.parse(decode(blob.data));
}

export function save(version, value) {
  answer(wit.put, { version, data: encode(JSON.stringify(value, ordered)) });
}

export const get = () => answer(wit.get);
export const put = (version, data) => answer(wit.put, { version, data });
export const clear = () => answer(wit.clear);
