// The host behind the component's imports.

import poll from 'wasi:io/poll@0.2.12';
import monotonicClock from 'wasi:clocks/monotonic-clock@0.2.12';
import random from 'wasi:random/random@0.2.12';
import log from 'hap:agent/log@0.1.0';
import progress from 'hap:agent/progress@0.1.0';
import resources from 'hap:agent/resources@0.1.0';
import run from 'hap:agent/run@0.1.0';

export const componentHost = {
  runId: () => run.id(),
  node: () => run.node(),
  operationId: () => run.operationId(),
  attempt: () => run.attempt(),
  remainingMs: () => run.remainingMs(),
  isCancelled: () => run.isCancelled(),
  log: (level, message, fields) => log.write(level, message, fields),
  progress: (tag, val) => progress.report({ tag, val }),
  listResources: () => resources.list(),
  openResource(name) {
    const reader = told(name, () => resources.open(name));
    return { read: (maxBytes) => told(name, () => reader.read(maxBytes)) };
  },
};

// What the contract throws is no `Error`.
function told(name, call) {
  try {
    return call();
  } catch (error) {
    const reason = error?.payload ?? error;
    if (reason?.tag === 'not-found') {
      throw new Error(`resource \`${name}\` does not exist or is not granted`);
    }
    if (reason?.tag === 'io') {
      throw new Error(`failed to read resource \`${name}\`: ${reason.val}`);
    }
    throw error;
  }
}

/** Milliseconds on the virtual monotonic clock. */
export function now() {
  return monotonicClock.now() / 1e6;
}

/** Waits in real time; the virtual clock advances by as much. */
export function sleep(ms) {
  monotonicClock.subscribeDuration(Math.ceil(ms * 1e6)).block();
}

/** Bytes from the run's seed. */
export function randomBytes(count) {
  return random.getRandomBytes(count);
}

void poll;
