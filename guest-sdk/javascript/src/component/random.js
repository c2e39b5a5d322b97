// `Math.random` from the run's seed. QuickJS seeds its own when the component is built, the same for every run.

/** A generator of numbers from 0 to 1 (xoshiro128**, 53 bits a number), seeded with 16 bytes at its first use. */
export function generator(randomBytes) {
  let state;
  const rotate = (value, by) => (value << by) | (value >>> (32 - by));
  const next = () => {
    const result = Math.imul(rotate(Math.imul(state[1], 5), 7), 9) >>> 0;
    const shifted = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 11);
    return result;
  };
  return () => {
    if (state === undefined) {
      const bytes = Uint8Array.from(randomBytes(16));
      // All zeros would stay zeros.
      bytes[0] |= 1;
      state = new Uint32Array(bytes.buffer);
    }
    return ((next() >>> 5) * 0x4000000 + (next() >>> 6)) / 0x20000000000000;
  };
}
