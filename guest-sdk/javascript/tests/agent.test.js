// What an agent does, against the fake host.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Failed, InvalidInput, Unavailable, agent, log, progress, resources } from 'hap-guest';
import { invoke } from 'hap-guest/testing';

const make = (run, options = {}) => agent({ name: 'test', version: '0.1.0', description: 'A test.', ...options }, run);

test('an output comes back from a plain and from an async function', async () => {
  assert.deepEqual((await invoke(make(({ a }) => ({ b: a })), { a: 1 })).output, { b: 1 });
  assert.deepEqual((await invoke(make(async ({ a }) => ({ b: a })), { a: 1 })).output, { b: 1 });
});

test('the class of an error is its kind', async () => {
  const errors = [
    [new InvalidInput('no', { details: { a: 1 } }), 'invalid-input', { a: 1 }, null],
    [new Unavailable('busy', { retryAfterMs: 1500 }), 'unavailable', null, 1500],
    [new Failed('broken'), 'failed', null, null],
  ];
  for (const [thrown, kind, details, retryAfterMs] of errors) {
    const run = () => {
      throw thrown;
    };
    const { error } = await invoke(make(run), {});
    assert.deepEqual(error, { kind, message: thrown.message, details, retryAfterMs });
  }
});

test('any other error is a failure with its place and its stack', async () => {
  const run = async () => {
    throw new RangeError('no paper left', { cause: new Error('the tray is empty') });
  };
  const { error } = await invoke(make(run), {});
  assert.equal(error.kind, 'failed');
  assert.match(error.message, /^RangeError: no paper left \(agent\.test\.js:\d+\)$/);
  assert.equal(error.details.exception, 'RangeError');
  assert.match(error.details.traceback, /agent\.test\.js:\d+:\d+[\s\S]*caused by Error: the tray is empty/);
});

test('what is thrown and no error is told as it is', async () => {
  const { error } = await invoke(
    make(() => {
      throw { code: 7 };
    }),
    {},
  );
  assert.equal(error.message, 'a value that is no Error was thrown: {"code":7}');
});

test('a value that JSON has no form for is a failure that names the place', async () => {
  const messages = {
    'the output is not JSON: NaN at `a[1].b` is no JSON number': () => ({ a: [null, { b: NaN }] }),
    'the output is not JSON: `undefined` is no JSON value': () => {},
    'the output is not JSON: a function is no JSON value': () => () => {},
  };
  for (const [message, run] of Object.entries(messages)) {
    assert.equal((await invoke(make(run), {})).error.message, message);
  }
  const circle = {};
  circle.self = circle;
  assert.match((await invoke(make(() => circle), {})).error.message, /^the output is not JSON: .*circular/);
});

test('log, progress and documents reach the host', async () => {
  const run = (_, context) => {
    log.info('read', { n: 1n, attempt: context.attempt });
    progress.status('half');
    progress.fraction(0.5);
    progress.partial({ a: [1] });
    return { list: resources.list(), text: resources.readText('a.md') };
  };
  const call = await invoke(make(run), {}, {}, { attempt: 2, resources: { 'a.md': 'é'.repeat(70_000) } });
  assert.deepEqual(call.output.list, [{ name: 'a.md', mediaType: null, size: 140_000 }]);
  assert.equal(call.output.text, 'é'.repeat(70_000));
  assert.deepEqual(call.records, [{ level: 'info', message: 'read', fields: { n: '1', attempt: 2 } }]);
  assert.deepEqual(call.updates, [{ status: 'half' }, { fraction: 0.5 }, { partial: { a: [1] } }]);
});

test('a document that is not there is an error that names it', async () => {
  const { error } = await invoke(make(() => resources.readText('b.md')), {});
  assert.match(error.message, /resource `b\.md` does not exist or is not granted/);
});

test('an agent that no host accepts is refused where it is made', () => {
  assert.throws(() => make(() => null, { name: 'Find_Terms' }), /kebab-case/);
  assert.throws(() => make(() => null, { version: '1' }), /three numbers/);
  assert.throws(() => make(() => null, { description: undefined }), /description/);
  assert.throws(() => make(() => null, { readonly: true }), /`readonly` is no option/);
  assert.throws(() => agent({ name: 'a', version: '0.1.0', description: 'A.' }), /`run` is the function/);
});
