// Counts the words of a text.

import { InvalidInput, agent, log } from 'hap-guest';

export default agent(
  {
    name: 'word-count',
    version: '0.1.0',
    description: 'Counts the words of a text.',
    readOnly: true,
    idempotent: true,
    input: {
      type: 'object',
      properties: { text: { type: 'string', description: 'Plain text.' } },
      required: ['text'],
    },
    output: {
      type: 'object',
      properties: {
        words: { type: 'integer', description: 'How many words the text has.' },
        frequent: { type: 'array', items: { type: 'string' }, description: 'The most frequent words.' },
      },
      required: ['words', 'frequent'],
    },
  },
  (input, context) => {
    const { top = 10 } = context.params;
    const words = input.text.toLowerCase().split(/\s+/).filter((word) => word !== '');
    if (words.length === 0) {
      throw new InvalidInput('`text` has no words: pass some text');
    }
    const counts = new Map();
    for (const word of words) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    log.debug(`${counts.size} different words`);
    const frequent = [...counts].sort(([, a], [, b]) => b - a).map(([word]) => word);
    return { words: words.length, frequent: frequent.slice(0, top) };
  },
);
