// Source maps, revision 3, as `src/stack.js` reads them.

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * `{ sources, lines }`: what `src/stack.js` looks places up in. `nameOf` gives a source's name for people, or null
 * where its places are to be left out.
 */
export function placesOf({ sources, mappings }, nameOf) {
  const names = sources.map(nameOf);
  const lines = decode(mappings).map((segments) => {
    const pieces = segments.map(({ from, source, line, column }) =>
      names[source] === null ? `${from}` : `${from} ${source} ${line} ${column}`,
    );
    return pieces.filter((piece, index) => piece.includes(' ') || pieces[index - 1]?.includes(' ')).join(',');
  });
  return { sources: names, lines };
}

// Lines of segments, each of numbers relative to the ones before.
function decode(mappings) {
  let source = 0;
  let line = 0;
  let column = 0;
  return mappings.split(';').map((text) => {
    let from = 0;
    const segments = [];
    for (const part of text.split(',')) {
      const numbers = decodeNumbers(part);
      from += numbers[0] ?? 0;
      if (numbers.length < 4) {
        continue;
      }
      source += numbers[1];
      line += numbers[2];
      column += numbers[3];
      segments.push({ from, source, line, column });
    }
    return segments;
  });
}

// Base64 digits of five bits each, the lowest first; the lowest bit of a number is its sign.
function decodeNumbers(text) {
  const numbers = [];
  let value = 0;
  let shift = 0;
  for (const character of text) {
    const digit = DIGITS.indexOf(character);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit < 32) {
      numbers.push(value & 1 ? -(value >> 1) : value >> 1);
      value = 0;
      shift = 0;
    }
  }
  return numbers;
}
