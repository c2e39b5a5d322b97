// Why a call produced no output. The class decides what the host does next; the text never does.

/** The base of the three errors that the contract knows. */
export class AgentError extends Error {
  constructor(message, { details, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.kind = 'failed';
    this.details = details;
  }
}

/** The context or params are not what this agent accepts. Never retried. */
export class InvalidInput extends AgentError {
  constructor(message, options) {
    super(message, options);
    this.name = 'InvalidInput';
    this.kind = 'invalid-input';
  }
}

/** Something the agent depends on was unavailable; the same request may succeed later. */
export class Unavailable extends AgentError {
  constructor(message, { retryAfterMs, ...options } = {}) {
    super(message, options);
    this.name = 'Unavailable';
    this.kind = 'unavailable';
    if (retryAfterMs !== undefined && !(retryAfterMs >= 0)) {
      throw new RangeError('`retryAfterMs` is no number of milliseconds');
    }
    this.retryAfterMs = retryAfterMs;
  }
}

/** The call failed, and a retry would not help. Any other value that is thrown does the same. */
export class Failed extends AgentError {
  constructor(message, options) {
    super(message, options);
    this.name = 'Failed';
  }
}
