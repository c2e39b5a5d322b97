// UTF-8, which QuickJS has no functions for.

/** The text of UTF-8 bytes. What is not UTF-8 is U+FFFD, or the error that `invalid` makes. */
export function decodeUtf8(bytes, invalid) {
  let text = '';
  let units = [];
  for (let at = 0; at < bytes.length; ) {
    const [point, length] = next(bytes, at);
    if (point === -1 && invalid) {
      throw invalid();
    }
    units.push(point === -1 ? 0xfffd : point);
    at += length;
    // `fromCodePoint` takes its arguments on the stack.
    if (units.length === 4096) {
      text += String.fromCodePoint(...units);
      units = [];
    }
  }
  return text + String.fromCodePoint(...units);
}

// The code point at a place and its length in bytes; -1 where there is none (Unicode 16, table 3-7).
function next(bytes, at) {
  const first = bytes[at];
  if (first < 0x80) {
    return [first, 1];
  }
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0) {
    return [-1, 1];
  }
  let point = first & (0xff >> (length + 1));
  for (let index = 1; index < length; index++) {
    const byte = bytes[at + index];
    const [low, high] = index === 1 ? secondByte(first) : [0x80, 0xbf];
    if (byte === undefined || byte < low || byte > high) {
      return [-1, index];
    }
    point = (point << 6) | (byte & 0x3f);
  }
  return [point, length];
}

// Narrower after four first bytes: no overlong forms, no surrogates, nothing beyond U+10FFFF.
function secondByte(first) {
  switch (first) {
    case 0xe0:
      return [0xa0, 0xbf];
    case 0xed:
      return [0x80, 0x9f];
    case 0xf0:
      return [0x90, 0xbf];
    case 0xf4:
      return [0x80, 0x8f];
    default:
      return [0x80, 0xbf];
  }
}

/** The UTF-8 bytes of a text; a lone surrogate is U+FFFD. */
export function encodeUtf8(text) {
  const bytes = [];
  for (const character of text.toWellFormed()) {
    const point = character.codePointAt(0);
    if (point < 0x80) {
      bytes.push(point);
    } else if (point < 0x800) {
      bytes.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
      bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    } else {
      bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    }
  }
  return new Uint8Array(bytes);
}
