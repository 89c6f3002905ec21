// What it remembers, and how it finds it again.

import * as wit from 'puppet:memory/memory@0.1.0';
import { answer } from './errors.js';

const memory = (content, options) => {
  const { kind = 'general', importance = 0.5, valence = 0, associations = [], metadata = {}, author, trust = 'own' } =
    options ?? {};
  return { kind, content, importance, valence, associations, metadata: Object.entries(metadata), author, trust };
};

export const remember = (content, options) => answer(wit.remember, memory(content, options));
export const saidBy = (author, content, options) =>
  remember(content, { kind: 'interaction', ...options, author, trust: 'stranger' });
export const supersede = (id, content, options) => answer(wit.supersede, id, memory(content, options));
export const forget = (id) => answer(wit.forget, id);
export const pin = (id, pinned = true) => answer(wit.pin, id, pinned);
export const recall = (text, { kinds = [], limit = 5, method = 'blended', follow = false } = {}) =>
  answer(wit.recall, { text, kinds, limit, method, follow });
export const recent = (kinds = [], limit = 10) => answer(wit.recent, kinds, limit);
