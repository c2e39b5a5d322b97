// What people expect to be there: loaded before the author's modules.

import { decodeUtf8, encodeUtf8 } from '../utf8.js';
import { console } from './console.js';
import { now, randomBytes } from './host.js';
import { addTimer, removeTimer } from './loop.js';
import { Promise, enqueue } from './promise.js';
import { generator } from './random.js';

class TextEncoder {
  encoding = 'utf-8';

  encode(text = '') {
    return encodeUtf8(String(text));
  }
}

class TextDecoder {
  encoding = 'utf-8';
  #fatal;

  constructor(label = 'utf-8', { fatal = false } = {}) {
    if (!/^utf-?8$/i.test(label)) {
      throw new RangeError(`TextDecoder knows utf-8 alone, not ${label}`);
    }
    this.#fatal = fatal;
  }

  decode(bytes = new Uint8Array()) {
    const view = ArrayBuffer.isView(bytes)
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : new Uint8Array(bytes);
    const text = decodeUtf8(view, this.#fatal ? () => new TypeError('the bytes are not UTF-8') : undefined);
    return text.startsWith('\ufeff') ? text.slice(1) : text;
  }
}

const crypto = {
  getRandomValues(array) {
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(randomBytes(array.byteLength));
    return array;
  },
  randomUUID() {
    const bytes = Uint8Array.from(randomBytes(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  },
};

// The engine's own measures from when the component was built.
const performance = {
  timeOrigin: 0,
  now,
};

Object.assign(globalThis, {
  Promise,
  TextDecoder,
  TextEncoder,
  clearInterval: removeTimer,
  clearTimeout: removeTimer,
  console,
  crypto,
  performance,
  queueMicrotask: enqueue,
  setInterval: (callback, delay, ...values) => addTimer(now, callback, delay, true, values),
  setTimeout: (callback, delay, ...values) => addTimer(now, callback, delay, false, values),
});
// Its promises would be the engine's own, which nothing settles in time.
delete Array.fromAsync;

/** Called once a call begins: while a component is built, there is no seed. */
export function seedMath() {
  Math.random = generator(randomBytes);
}
