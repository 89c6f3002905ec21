// Pages of the web, of hosts that the operator granted: reads, answered at once. A plugin has no socket and sees no key: a
// request names a credential of the operator's, and the host adds it.

import * as wit from 'puppet:http/http@0.1.0';
import { CallError, answer } from './errors.js';
import { decoded, encoded } from './utf8.js';

/** What came back. `status` is of any kind: 404 is an answer, too. */
export class Page {
  constructor({ status, url, headers, body, isCached }) {
    this.status = status;
    this.url = url;
    this.headers = Object.fromEntries(headers);
    this.body = body;
    this.isCached = isCached;
  }

  get isOk() {
    return this.status >= 200 && this.status < 300;
  }

  get text() {
    return decoded(this.body);
  }

  json() {
    try {
      return JSON.parse(this.text);
    } catch (error) {
      throw new CallError('invalid-answer', `JSON: ${error.message}`);
    }
  }
}

export function fetch(method, url, { headers = {}, body, credential } = {}) {
  if (typeof url !== 'string') throw new CallError('invalid-input', `the address is ${url}, and no text`);
  const bytes = typeof body === 'string' ? encoded(body) : body;
  const request = { method, url, headers: Object.entries(headers), body: bytes, credential, extra: [] };
  return new Page(answer(wit.fetch, request));
}

export const get = (url, options) => fetch('GET', url, options);
export const postJson = (url, document, { credential } = {}) =>
  fetch('POST', url, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(document), credential });
