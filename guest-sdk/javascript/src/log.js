// Diagnostics for the people who operate the host. Never part of a result.

import { host } from './host.js';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'];

/** Writes one record. `fields` is an object: `log.write('info', 'read', { sections: 12 })`. */
export function write(level, message, fields) {
  if (!LEVELS.includes(level)) {
    throw new TypeError(`\`${level}\` is no level: use ${LEVELS.join(', ')}`);
  }
  host().log(level, String(message).toWellFormed(), fields === undefined || fields === null ? null : fieldsText(fields));
}

export const trace = (message, fields) => write('trace', message, fields);
export const debug = (message, fields) => write('debug', message, fields);
export const info = (message, fields) => write('info', message, fields);
export const warn = (message, fields) => write('warn', message, fields);
export const error = (message, fields) => write('error', message, fields);

// Logging never fails a call: fields that are not JSON are replaced by the reason.
function fieldsText(fields) {
  try {
    return JSON.stringify(fields, (_key, value) => (typeof value === 'bigint' ? String(value) : value)) ?? null;
  } catch (reason) {
    return JSON.stringify({ fields_error: String(reason) });
  }
}
