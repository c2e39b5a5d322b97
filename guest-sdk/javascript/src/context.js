// The call that an agent serves: its params, and which call it is.

import { host } from './host.js';

/**
 * The call that is being served. Only `params` may shape the output; everything else is for correlation and for
 * stopping early, so that equal requests keep getting equal answers.
 */
export class Context {
  constructor(params) {
    this.params = params;
  }

  get runId() {
    return host().runId();
  }

  get node() {
    return host().node();
  }

  get operationId() {
    return host().operationId();
  }

  get attempt() {
    return host().attempt();
  }

  get remainingMs() {
    return host().remainingMs();
  }

  get isCancelled() {
    return host().isCancelled();
  }
}
