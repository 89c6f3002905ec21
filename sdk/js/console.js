// The engine has no console: this one writes to the plugin's log.

import * as wit from 'puppet:log/log@0.2.0';

const word = (value) => {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return value.stack ? `${value}\n${value.stack}` : String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
};
const line = (level) => (...values) => wit.log(level, values.map(word).join(' '), []);

/** A line with what it is about, by name. */
export function log(level, message, fields = {}) {
  wit.log(level, message, Object.entries(fields).map(([name, value]) => [name, word(value)]));
}

export const debug = (message, fields) => log('debug', message, fields);
export const info = (message, fields) => log('info', message, fields);
export const warn = (message, fields) => log('warn', message, fields);
export const error = (message, fields) => log('error', message, fields);

globalThis.console = {
  debug: line('debug'),
  trace: line('debug'),
  log: line('info'),
  info: line('info'),
  warn: line('warn'),
  error: line('error'),
};
