// JSON that keeps what it was given: an integer that a `number` would change is a `bigint`, and a number that JSON has no form for is an
// error and not `null`.

const INTEGER = /^-?\d+$/;

/** A value that JSON has no form for. The message names the place. */
export class NotJson extends Error {}

/** Parses JSON; an integer that a `number` would change becomes a `bigint`. */
export function parse(text) {
  const value = JSON.parse(text);
  // The reviver is slow, and few texts need it.
  return isRounded(value) ? JSON.parse(text, keepInteger) : value;
}

/** The JSON text of a value; a `bigint` becomes an integer. */
export function stringify(value) {
  let text;
  try {
    text = JSON.stringify(value);
  } catch {
    // A bigint, or an object that contains itself. The replacer is slow, so it comes second.
    text = stringifyBigInt(value);
  }
  if (text === undefined) {
    throw new NotJson(`${kindOf(value)} is no JSON value`);
  }
  // NaN and the infinities become `null`, without a word.
  if (text.includes('null')) {
    findNotJson(value, '');
  }
  return text;
}

// Whether a number somewhere may have been an integer that `number` cannot hold.
function isRounded(value) {
  if (typeof value === 'number') {
    return Number.isInteger(value) && !Number.isSafeInteger(value);
  }
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  return Array.isArray(value) ? value.some(isRounded) : Object.values(value).some(isRounded);
}

function keepInteger(_key, value, context) {
  // Engines without the source of a number (Node 20) keep the rounded one.
  const source = context?.source;
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined || !INTEGER.test(source)) {
    return value;
  }
  // 1e20 as JavaScript writes it: a `number` that gives the same text again has lost nothing.
  return String(value) === source ? value : BigInt(source);
}

function stringifyBigInt(value) {
  try {
    return JSON.stringify(value, writeBigInt);
  } catch (error) {
    throw new NotJson(error.message);
  }
}

function writeBigInt(_key, value) {
  if (typeof value !== 'bigint') {
    return value;
  }
  return JSON.rawJSON ? JSON.rawJSON(value.toString()) : Number(value);
}

function findNotJson(value, path) {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new NotJson(`${value}${path && ` at \`${path}\``} is no JSON number`);
  }
  if (Array.isArray(value)) {
    value.forEach((item, index) => findNotJson(item, `${path}[${index}]`));
  } else if (typeof value === 'object' && value !== null && typeof value.toJSON !== 'function') {
    for (const [key, item] of Object.entries(value)) {
      findNotJson(item, path ? `${path}.${key}` : key);
    }
  }
}

function kindOf(value) {
  return value === undefined ? '`undefined`' : `a ${typeof value}`;
}
