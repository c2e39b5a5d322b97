import assert from 'node:assert/strict';
import { test } from 'node:test';

import { invoke } from 'hap-guest/testing';

import wordCount from '../src/agent.js';

test('frequent words come first', async () => {
  const call = await invoke(wordCount, { text: 'the cat and the dog' }, { top: 1 });
  assert.deepEqual(call.output, { words: 5, frequent: ['the'] });
  assert.equal(call.records[0].message, '4 different words');
});

test('a text without words is refused', async () => {
  const call = await invoke(wordCount, { text: ' ' });
  assert.equal(call.error.kind, 'invalid-input');
});
