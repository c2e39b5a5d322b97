// `console`, whose lines become log records.

import { error, debug, info, trace, warn } from '../log.js';

const MAX_DEPTH = 4;

/** The functions that agents and their packages use. */
export const console = {
  log: (...values) => info(format(values)),
  info: (...values) => info(format(values)),
  debug: (...values) => debug(format(values)),
  warn: (...values) => warn(format(values)),
  error: (...values) => error(format(values)),
  trace: (...values) => trace(`${format(values)}\n${new Error().stack}`.trim()),
  dir: (value) => info(format([value])),
  assert: (condition, ...values) => {
    if (!condition) {
      error(`Assertion failed: ${format(values)}`);
    }
  },
};

/** One line of values as Node writes them: `%s %d %i %f %j %o %O %%` in a first text, texts as they are. */
export function format(values) {
  const rest = [...values];
  let text = '';
  if (typeof rest[0] === 'string') {
    text = rest.shift().replace(/%[sdifjoO%]/g, (directive) => {
      if (directive === '%%') {
        return '%';
      }
      return rest.length === 0 ? directive : directed(directive, rest.shift());
    });
  } else if (rest.length > 0) {
    text = inspect(rest.shift());
  }
  return [text, ...rest.map((value) => (typeof value === 'string' ? value : inspect(value)))].join(' ');
}

function directed(directive, value) {
  switch (directive) {
    case '%s':
      return typeof value === 'string' ? value : inspect(value);
    case '%d':
      return String(Number(value));
    case '%i':
      return String(Number.parseInt(value, 10));
    case '%f':
      return String(Number.parseFloat(value));
    case '%j':
      return JSON.stringify(value);
    default:
      return inspect(value);
  }
}

/** A value for people. */
export function inspect(value, depth = 0, above = []) {
  if (typeof value === 'string') {
    return JSON.stringify(value);
  }
  if (typeof value === 'bigint') {
    return `${value}n`;
  }
  if (typeof value === 'function') {
    return `[Function: ${value.name || '(anonymous)'}]`;
  }
  if (typeof value !== 'object' || value === null) {
    return String(value);
  }
  if (value instanceof Error) {
    return `${value.name}: ${value.message}${value.stack ? `\n${value.stack.trimEnd()}` : ''}`;
  }
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  }
  if (value instanceof RegExp) {
    return String(value);
  }
  if (above.includes(value)) {
    return '[Circular]';
  }
  if (depth === MAX_DEPTH) {
    return Array.isArray(value) ? '[Array]' : '[Object]';
  }
  return inspectParts(value, (part) => inspect(part, depth + 1, [...above, value]));
}

function inspectParts(value, show) {
  if (Array.isArray(value)) {
    return `[${value.map(show).join(', ')}]`;
  }
  if (value instanceof Map) {
    return `Map(${value.size}) {${[...value].map(([key, item]) => `${show(key)} => ${show(item)}`).join(', ')}}`;
  }
  if (value instanceof Set) {
    return `Set(${value.size}) {${[...value].map(show).join(', ')}}`;
  }
  if (ArrayBuffer.isView(value) && 'length' in value) {
    return `${value.constructor.name}(${value.length}) [${Array.from(value.slice(0, 100), show).join(', ')}]`;
  }
  const name = value.constructor?.name;
  const prefix = name === undefined || name === 'Object' ? '' : `${name} `;
  return `${prefix}{${Object.entries(value).map(([key, item]) => `${key}: ${show(item)}`).join(', ')}}`;
}
