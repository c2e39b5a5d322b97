// A fake host, so that agents can be tested on Node with `node --test`.

import { setHost } from './src/host.js';

/** Invokes an agent through JSON, just as a real host does. */
export async function invoke(agent, context, params = {}, settings = {}) {
  const fake = fakeHost(settings);
  const before = setHost(fake.host);
  try {
    return await new Promise((resolve) => {
      agent.serve(JSON.stringify(context), JSON.stringify(params), (text, failure) => {
        const { records, updates } = fake;
        if (failure === null) {
          resolve({ output: JSON.parse(text), error: null, records, updates });
          return;
        }
        const details = failure.details === null ? null : JSON.parse(failure.details);
        resolve({ output: undefined, error: { ...failure, details }, records, updates });
      });
    });
  } finally {
    setHost(before);
  }
}

function fakeHost({ node = 'node', attempt = 1, remainingMs = null, isCancelled = false, resources = {} }) {
  const records = [];
  const updates = [];
  const bytesOf = (name) => {
    const content = resources[name];
    return typeof content === 'string' ? new TextEncoder().encode(content) : content;
  };
  const host = {
    runId: () => 'run',
    node: () => node,
    operationId: () => `run/${node}`,
    attempt: () => attempt,
    remainingMs: () => remainingMs,
    isCancelled: () => isCancelled,
    log: (level, message, fields) => {
      records.push({ level, message, fields: fields === null ? null : JSON.parse(fields) });
    },
    progress: (kind, value) => {
      updates.push({ [kind]: kind === 'partial' ? JSON.parse(value) : value });
    },
    listResources: () =>
      Object.keys(resources)
        .sort()
        .map((name) => ({ name, mediaType: null, size: bytesOf(name).length })),
    openResource(name) {
      if (!Object.hasOwn(resources, name)) {
        throw new Error(`resource \`${name}\` does not exist or is not granted`);
      }
      let rest = bytesOf(name);
      return {
        read(maxBytes) {
          const chunk = rest.slice(0, maxBytes);
          rest = rest.slice(maxBytes);
          return chunk;
        },
      };
    },
  };
  return { host, records, updates };
}
