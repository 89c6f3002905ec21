// Events of the plugin's own making.

import * as wit from 'puppet:events/events@0.1.0';
import { answer } from './errors.js';

const target = (to) => {
  if (to === 'me' || to === 'all') return { tag: to };
  return { tag: 'agents', val: Array.isArray(to) ? to : [to] };
};

export const emit = (kind, payload = {}, { to = 'me', priority = 'normal', delayMs = 0 } = {}) =>
  answer(wit.emit, { kind, target: target(to), priority, payload: JSON.stringify(payload), delayMs });
