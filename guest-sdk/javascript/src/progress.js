// What a caller may see while a call is still running. Updates arrive in order and spend from the budget of `log`.

import { host } from './host.js';
import { stringify } from './json.js';

/** Publishes a short line that a person can read. */
export function status(line) {
  host().progress('status', String(line).toWellFormed());
}

/** Publishes how much is done, from 0 to 1. The host clamps values outside. */
export function fraction(done) {
  host().progress('fraction', Number(done));
}

/** Publishes a piece of the output to come. A preview: only the returned output counts. */
export function partial(piece) {
  host().progress('partial', stringify(piece));
}
