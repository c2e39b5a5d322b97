// Does what its context says: the agent with which `hap conform` checks the JavaScript SDK.

import { Failed, InvalidInput, Unavailable, agent, log, progress, resources } from 'hap-guest';

let served = 0;

export default agent(
  {
    name: 'conformance',
    version: '0.1.0',
    description: 'Does what its context says, so that a host can be shown to carry it.',
    readOnly: true,
    idempotent: true,
    input: { type: 'object', properties: { do: { type: 'string' } }, required: ['do'] },
    output: { type: 'object', properties: { answer: true }, required: ['answer'] },
  },
  async (input, context) => {
    served++;
    const behaviour = input.do;
    if (typeof behaviour !== 'string') {
      throw new InvalidInput('`do` is missing, or no string: name a behaviour');
    }
    if (!Object.hasOwn(behaviours, behaviour)) {
      const known = Object.keys(behaviours).sort().join(', ');
      const message = `\`do\` names no behaviour of this agent: ${behaviour} (known: ${known})`;
      throw new InvalidInput(message, { details: { unsupported: behaviour } });
    }
    return { answer: await behaviours[behaviour](input, context) };
  },
);

const behaviours = {
  echo: ({ value }) => value,
  params: (_, context) => context.params,

  fail({ kind, message, details, retry_after_ms: retryAfterMs }) {
    switch (kind) {
      case 'invalid-input':
        throw new InvalidInput(message, { details });
      case 'unavailable':
        throw new Unavailable(message, { details, retryAfterMs });
      default:
        throw new Failed(message, { details });
    }
  },

  throw({ message }) {
    throw new TypeError(message);
  },

  log({ records }) {
    for (const { level, message, fields } of records) {
      log.write(level, message, fields);
    }
    return records.length;
  },

  print({ lines }) {
    lines.forEach((line) => console.log(line));
    return lines.length;
  },

  'print-error'({ lines }) {
    lines.forEach((line) => console.warn(line));
    return lines.length;
  },

  progress({ updates }) {
    for (const update of updates) {
      const [[kind, value]] = Object.entries(update);
      progress[kind](value);
    }
    return updates.length;
  },

  run: (_, context) => ({
    id: context.runId,
    node: context.node,
    operation_id: context.operationId,
    attempt: context.attempt,
    remaining_ms: context.remainingMs,
    is_cancelled: context.isCancelled,
  }),

  resources: () => resources.list().map(({ name, mediaType, size }) => ({ name, media_type: mediaType, size })),
  resource: ({ name }) => resources.readText(name),

  clock() {
    const start = performance.now();
    return { unix_ms: Date.now(), elapsed_ns: Math.round((performance.now() - start) * 1e6) };
  },

  random: () => Array.from({ length: 4 }, () => String(Math.random())),

  async sleep({ ms }) {
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, ms));
    return { elapsed_ms: Math.floor(performance.now() - start) };
  },

  spin() {
    for (;;) {}
  },

  allocate() {
    const held = [];
    for (;;) {
      held.push(new Uint8Array(1 << 20).fill(1));
    }
  },

  recurse: (input) => behaviours.recurse(input) + 1,

  async 'until-cancelled'(_, context) {
    while (!context.isCancelled) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    throw new Failed('stopped early, as asked');
  },

  output: ({ bytes }) => 'x'.repeat(bytes),

  // The language has no means to ask for any of it.
  ambient: () => ({ variables: 0, arguments: 0, reads_files: false, writes_files: false, connects: false }),

  twice: () => served,
  never: () => new Promise(() => {}),
  'bad-output': () => ({ numbers: [1, NaN] }),
};
