// The event loop of one call: jobs of promises, then timers, until the agent has answered.

import { runJobs } from './promise.js';

const timers = new Map();
let lastId = 0;

/** `setTimeout` and `setInterval`. The loop is given the clock and the sleep, so that it can be tested. */
export function addTimer(now, callback, delayMs, repeats, values) {
  const delay = Math.max(0, Number(delayMs) || 0);
  const id = ++lastId;
  timers.set(id, { due: now() + delay, every: repeats ? Math.max(1, delay) : null, run: () => callback(...values) });
  return id;
}

/** `clearTimeout` and `clearInterval`. */
export function removeTimer(id) {
  timers.delete(id);
}

/**
 * Runs until `isDone`. Gives false where there is nothing left to run and it is still not done: a promise that
 * nothing will ever settle.
 */
export function runUntil(isDone, now, sleep) {
  for (;;) {
    runJobs();
    if (isDone()) {
      return true;
    }
    const next = earliest();
    if (next === undefined) {
      return false;
    }
    const [id, timer] = next;
    const wait = timer.due - now();
    if (wait > 0) {
      sleep(wait);
    }
    if (timer.every === null) {
      timers.delete(id);
    } else {
      timer.due += timer.every;
    }
    timer.run();
  }
}

// Of two that are due at one time, the one that was set first.
function earliest() {
  let found;
  for (const entry of timers) {
    if (found === undefined || entry[1].due < found[1].due) {
      found = entry;
    }
  }
  return found;
}
