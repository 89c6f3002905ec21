// How calls fail, and how a plugin says no.

/** A call that the host refused or a provider did not answer. Where it is not caught, the event ends as failed. */
export class CallError extends Error {
  constructor(code, message, retryAfterMs) {
    super(`${code}: ${message}`);
    this.name = 'CallError';
    this.code = code;
    this.retryAfterMs = retryAfterMs ?? null;
  }

  is(code) {
    return this.code === code;
  }
}

/** An answer, not a fault: what was decided is dropped, and with `retryAt` the event comes again then. */
export class Declined extends Error {
  constructor(code, message = '', { retryAt } = {}) {
    super(`${code}: ${message}`);
    this.name = 'Declined';
    this.code = code;
    this.said = message;
    this.retryAt = retryAt;
  }
}

/** An error of the plugin's own: the event ends as failed, with this message. */
export class Failed extends Error {
  constructor(message) {
    super(message);
    this.name = 'Failed';
  }
}

/** Calls the host. Throws a CallError where it says no. */
export function answer(call, ...args) {
  try {
    return call(...args);
  } catch (error) {
    const payload = error?.payload;
    if (payload && typeof payload.code === 'string') {
      throw new CallError(payload.code, payload.message, payload.retryAfterMs);
    }
    throw error;
  }
}

/** Calls the plugin's own code. What is none of the three goes through: a trap, with its trace in the log. */
export function guarded(call, ...args) {
  try {
    return call(...args);
  } catch (error) {
    if (error instanceof Declined) {
      const val = { code: error.code, message: error.said, retryAt: error.retryAt };
      throw Object.assign(new Error(error.message), { payload: { tag: 'declined', val } });
    }
    if (error instanceof CallError || error instanceof Failed) {
      throw Object.assign(new Error(error.message), { payload: { tag: 'failed', val: error.message } });
    }
    throw error;
  }
}
