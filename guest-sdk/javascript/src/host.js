// The functions the host offers. In a component it is `component/host.js`, in a test the fake of `testing.js`; while a
// component is built there is none, and what a module logs at its top level is dropped.

let current = {
  log() {},
};

/** The host of this call. */
export function host() {
  return current;
}

/** Makes another host the current one, and gives back the one before. */
export function setHost(next) {
  const before = current;
  current = next;
  return before;
}
