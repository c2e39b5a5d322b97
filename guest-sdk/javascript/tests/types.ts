// Checked by tsc, never run: the types that an author meets.

import { agent, InvalidInput, log, type Context, type Json } from 'hap-guest';
import { invoke } from 'hap-guest/testing';

// Input and output follow from the schemas.
const counting = agent(
  {
    name: 'count',
    version: '0.1.0',
    description: 'Counts.',
    input: {
      type: 'object',
      properties: {
        text: { type: 'string' },
        limit: { type: 'integer' },
        kind: { enum: ['words', 'lines'] },
        tags: { type: 'array', items: { type: ['string', 'null'] } },
      },
      required: ['text', 'tags'],
    },
    output: { type: 'object', properties: { count: { type: 'integer' } }, required: ['count'] },
  },
  async (input, context) => {
    const text: string = input.text;
    const limit: number | undefined = input.limit;
    const kind: 'words' | 'lines' | undefined = input.kind;
    const tag: string | null | undefined = input.tags[0];
    const setting: Json | undefined = context.params.top;
    // @ts-expect-error The schema has no such key.
    log.info(input.title);
    if (limit === 0) {
      throw new InvalidInput('`limit` is 0', { details: { tag, kind, setting } });
    }
    return { count: text.length };
  },
);

// An output that the schema does not allow does not compile.
agent(
  {
    name: 'wrong',
    version: '0.1.0',
    description: 'Wrong.',
    output: { type: 'object', properties: { count: { type: 'integer' } }, required: ['count'] },
  },
  // @ts-expect-error `count` is no number.
  () => ({ count: 'one' }),
);

// Types of one's own, without schemas.
interface Note {
  title: string;
}

agent(
  { name: 'own', version: '0.1.0', description: 'Types of its own.' },
  (note: Note, context: Context<{ top?: number }>) => ({ title: note.title, top: context.params.top ?? 3 }),
);

// @ts-expect-error A misspelt option does not compile.
agent({ name: 'a', version: '0.1.0', description: 'A.', readonly: true }, () => null);

const call = await invoke(counting, { text: 'a' }, { top: 2 }, { attempt: 2 });
const count: number = call.output.count;
const kind: string | undefined = call.error?.kind;
console.log(count, kind);
