// What the component exports. The build puts `export const agent = component(…)` behind it.

import { Agent } from '../agent.js';
import { failureOf } from '../failure.js';
import { setHost } from '../host.js';
import { seedMath } from './globals.js';
import { componentHost, now, sleep } from './host.js';
import { runUntil } from './loop.js';

/** The interface `agent` of the contract, for what the author's module exports. */
export function component(module) {
  const agent = module.default;
  if (!(agent instanceof Agent)) {
    throw new TypeError('the module has to `export default agent({…}, (input, context) => …)`');
  }
  const manifest = agent.manifest();
  return {
    describe: () => manifest,
    invoke(request) {
      setHost(componentHost);
      seedMath();
      return invoke(agent, request);
    },
  };
}

function invoke(agent, request) {
  let output = null;
  let failure = null;
  let isDone = false;
  agent.serve(request.context, request.params, (text, reason) => {
    output = text;
    failure = reason;
    isDone = true;
  });
  let settled;
  try {
    settled = runUntil(() => isDone, now, sleep);
  } catch (error) {
    // What a timer or `queueMicrotask` threw has no caller to catch it.
    throw contractError(failureOf(error));
  }
  if (!settled) {
    const message =
      'the agent waits for a promise that is never settled: no timer and no job is left that could settle it';
    throw contractError({ kind: 'failed', message, details: null, retryAfterMs: null });
  }
  if (failure !== null) {
    throw contractError(failure);
  }
  return output;
}

function contractError({ kind, message, details, retryAfterMs }) {
  const told = { message, details };
  return { tag: kind, val: kind === 'unavailable' ? { failure: told, retryAfterMs } : told };
}
