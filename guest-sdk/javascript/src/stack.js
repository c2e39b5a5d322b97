// Stacks in terms of the author's files: a component holds one bundle, and a map says where its lines come from.

/** A stack with the places of the sources, and without the frames of this package. */
export function originalStack(stack) {
  // The build appends it to the bundle; elsewhere there is none.
  const map = globalThis.__hap_source_map;
  if (map === undefined) {
    return stack;
  }
  const frames = [];
  for (const frame of stack.split('\n')) {
    const place = /[^\s(]*\/agent\.bundle\.js:(\d+):(\d+)/.exec(frame);
    if (place === null) {
      frames.push(frame);
      continue;
    }
    const original = lookUp(map, Number(place[1]), Number(place[2]));
    if (original !== undefined) {
      frames.push(frame.replace(place[0], original));
    }
  }
  return frames.join('\n');
}

// A line of the map is text, such as `0 1 34 2,10 1 34 12`: for each piece of the bundle's line the column where it
// begins, then the source's number, line and column. So only the lines that a stack names are ever read.
function lookUp(map, line, column) {
  let found;
  for (const piece of (map.lines[line - 1] ?? '').split(',')) {
    const numbers = piece.split(' ').map(Number);
    if (numbers[0] > column - 1) {
      break;
    }
    found = numbers;
  }
  return found?.length === 4 ? `${map.sources[found[1]]}:${found[2] + 1}:${found[3] + 1}` : undefined;
}
