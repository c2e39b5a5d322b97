// Read-only documents that the graph grants to this node.

import { host } from './host.js';
import { decodeUtf8 } from './utf8.js';

// Few calls for a large document, little memory for a small one.
const CHUNK_BYTES = 64 * 1024;

/** The granted documents, sorted by name: `{ name, mediaType, size }`. */
export function list() {
  return host().listResources();
}

/** Opens a document by the name that `list` gives; iterates over its pieces, each a `Uint8Array`. */
export function* open(name) {
  const reader = host().openResource(name);
  for (;;) {
    const chunk = reader.read(CHUNK_BYTES);
    if (chunk.length === 0) {
      return;
    }
    yield chunk;
  }
}

/** Reads a whole document as a `Uint8Array`. */
export function readBytes(name) {
  const chunks = [...open(name)];
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Reads a whole document as text in UTF-8. */
export function readText(name) {
  return decodeUtf8(readBytes(name), () => new Error(`resource \`${name}\` is not UTF-8`));
}
