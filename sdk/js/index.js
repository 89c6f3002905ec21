// What plugins of Puppet Engine are written with. A plugin handles one event at a time, in a fresh instance. What it decides is
// carried out by the host when it returns; a plugin that fails has changed nothing.

import * as agent from 'puppet:agent/agent@0.1.0';
import * as log from './console.js';
import { Random } from './random.js';
import { guarded } from './errors.js';

export { CallError, Declined, Failed } from './errors.js';
export { Random } from './random.js';
export { log };

let stream = null;

/** The stream of this invocation. A call has one: pass it on. */
export function random() {
  stream ??= ofInvocation();
  return stream;
}

/** A stream from the invocation's seed: as in the other SDKs, of its first 53 bits. */
function ofInvocation() {
  // It comes as a number of 64 bits in a double: its first 53 bits are exact, and the last eleven are nought.
  return new Random(BigInt(agent.seed()) >> 11n);
}

function begin() {
  stream = null;
  Math.random = () => random().unit();
}

/** A character's behaviour: `export const handler = personality((event) => { … })`. */
export function personality(handle) {
  return {
    handle(raw) {
      begin();
      guarded(handle, { ...raw, payload: JSON.parse(raw.payload) });
    },
  };
}

/** Makes things happen to characters: `export const generator = eventGenerator((trigger) => [ … ])`. */
export function eventGenerator(generate) {
  return {
    generate(raw) {
      begin();
      const events = guarded(generate, { ...raw, payload: JSON.parse(raw.payload) });
      return (events ?? []).map(({ kind, targets = [], priority = 'normal', payload = {}, delayMs = 0 }) => ({
        kind,
        targets,
        priority,
        payload: JSON.stringify(payload),
        delayMs,
      }));
    },
  };
}
