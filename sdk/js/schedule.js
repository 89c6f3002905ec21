// Timers. They fire as events of the kind `timer`, with `name` and `payload`.

import * as wit from 'puppet:schedule/schedule@0.1.0';
import { answer } from './errors.js';

const text = (payload) => JSON.stringify(payload ?? {});

export const once = (name, at, payload) => answer(wit.once, name, at, text(payload));
export const after = (name, delayMs, payload) => answer(wit.after, name, delayMs, text(payload));
export const every = (name, intervalMs, payload) => answer(wit.every, name, intervalMs, text(payload));
export const cron = (name, expression, { timezone, payload } = {}) =>
  answer(wit.cron, name, expression, timezone, text(payload));
export const cancel = (name) => answer(wit.cancel, name);
export const timers = () => answer(wit.list);
