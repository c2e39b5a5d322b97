// What a component brings along in the place of the engine's own: promises, timers, randomness, console, UTF-8.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { placesOf } from '../bin/source-map.js';
import { format } from '../src/component/console.js';
import { addTimer, removeTimer, runUntil } from '../src/component/loop.js';
import { Promise as OurPromise, runJobs } from '../src/component/promise.js';
import { generator } from '../src/component/random.js';
import { parse } from '../src/json.js';
import { originalStack } from '../src/stack.js';
import { decodeUtf8, encodeUtf8 } from '../src/utf8.js';

// What a promise has come to once its jobs have run.
function settled(promise) {
  let result = ['pending'];
  promise.then(
    (value) => (result = ['fulfilled', value]),
    (error) => (result = ['rejected', error.message ?? error]),
  );
  runJobs();
  return result;
}

test('a promise is settled once, by the first', () => {
  const both = (first, second) =>
    new OurPromise((resolve, reject) => {
      const settle = { resolve, reject };
      settle[first](1);
      settle[second](2);
    });
  assert.deepEqual(settled(both('resolve', 'reject')), ['fulfilled', 1]);
  assert.deepEqual(settled(both('reject', 'resolve')), ['rejected', 1]);
});

test('a handler runs later and in the order of the calls', () => {
  const order = [];
  OurPromise.resolve().then(() => order.push('a')).then(() => order.push('c'));
  OurPromise.resolve().then(() => order.push('b'));
  order.push('now');
  runJobs();
  assert.deepEqual(order, ['now', 'a', 'b', 'c']);
});

test('a thenable is followed, also one that throws', () => {
  assert.deepEqual(settled(OurPromise.resolve({ then: (resolve) => resolve(5) })), ['fulfilled', 5]);
  const throws = {
    get then() {
      throw new Error('no');
    },
  };
  assert.deepEqual(settled(OurPromise.resolve(throws)), ['rejected', 'no']);
  const itself = new OurPromise((resolve) => queueMicrotask(() => resolve(itself)));
  assert.deepEqual(settled(itself), ['pending']);
});

test('the functions over many promises', () => {
  const two = [OurPromise.resolve(1), OurPromise.reject(new Error('no'))];
  assert.deepEqual(settled(OurPromise.all([1, OurPromise.resolve(2)])), ['fulfilled', [1, 2]]);
  assert.deepEqual(settled(OurPromise.all(two)), ['rejected', 'no']);
  assert.deepEqual(settled(OurPromise.all([])), ['fulfilled', []]);
  assert.deepEqual(settled(OurPromise.any(two)), ['fulfilled', 1]);
  assert.deepEqual(settled(OurPromise.any([])), ['rejected', 'every promise was rejected']);
  assert.deepEqual(settled(OurPromise.race(two)), ['fulfilled', 1]);
  const [first, second] = settled(OurPromise.allSettled(two))[1];
  assert.deepEqual([first.status, second.status], ['fulfilled', 'rejected']);
});

test('finally keeps the value, and its own error wins', () => {
  assert.deepEqual(settled(OurPromise.resolve(1).finally(() => 2)), ['fulfilled', 1]);
  const fails = () => {
    throw new Error('late');
  };
  assert.deepEqual(settled(OurPromise.resolve(1).finally(fails)), ['rejected', 'late']);
});

test('ten thousand jobs in a chain run', () => {
  let promise = OurPromise.resolve(0);
  for (let index = 0; index < 10_000; index++) {
    promise = promise.then((value) => value + 1);
  }
  assert.deepEqual(settled(promise), ['fulfilled', 10_000]);
});

test('timers run in the order of their times, and a removed one does not', () => {
  let time = 0;
  const order = [];
  const now = () => time;
  const sleep = (ms) => (time += ms);
  addTimer(now, (name) => order.push(name), 20, false, ['late']);
  addTimer(now, (name) => order.push(name), 10, false, ['early']);
  removeTimer(addTimer(now, () => order.push('never'), 5, false, []));
  const every = addTimer(now, () => order.push('every') && time >= 16 && removeTimer(every), 8, true, []);
  assert.equal(runUntil(() => order.length === 4, now, sleep), true);
  assert.deepEqual(order, ['every', 'early', 'every', 'late']);
  assert.equal(runUntil(() => false, now, sleep), false);
});

test('the same seed gives the same numbers, from 0 to 1', () => {
  const draw = (byte) => Array.from({ length: 1000 }, generator(() => new Uint8Array(16).fill(byte)));
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
  const mean = draw(3).reduce((sum, number) => sum + number) / 1000;
  assert.ok(draw(0).every((number) => number >= 0 && number < 1));
  assert.ok(Math.abs(mean - 0.5) < 0.05, String(mean));
});

test('console writes values as Node does', () => {
  assert.equal(format(['a', 1, null, undefined, [1, 'b'], { c: { d: 1n } }]), 'a 1 null undefined [1, "b"] {c: {d: 1n}}');
  assert.equal(format(['%s has %d of %j, 100%%', 'x', '5', { a: 1 }, 'rest']), 'x has 5 of {"a":1}, 100% rest');
  assert.equal(format([new Map([['a', new Set([1])]])]), 'Map(1) {"a" => Set(1) {1}}');
  const circle = {};
  circle.self = circle;
  assert.equal(format([circle]), '{self: [Circular]}');
});

test('UTF-8 is read and written as the platform does', () => {
  const texts = ['', 'a', 'é日本😀\u0000', '\ufeffx', 'x'.repeat(10_000) + '😀'];
  for (const text of texts) {
    assert.deepEqual(encodeUtf8(text), new TextEncoder().encode(text));
    assert.equal(decodeUtf8(encodeUtf8(text)), text);
  }
  assert.deepEqual(encodeUtf8('\ud800'), new TextEncoder().encode('\ud800'));
  const broken = [[0xc3], [0xe2, 0x82], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x41], [0x80, 0x41], [0xf0, 0x9f, 0x98, 0x41]];
  for (const bytes of broken) {
    const platform = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
    assert.equal(decodeUtf8(Uint8Array.from(bytes)), platform, String(bytes));
    assert.throws(() => decodeUtf8(Uint8Array.from(bytes), () => new Error('broken')), /broken/);
  }
});

test('a number that is no large integer stays a number', () => {
  assert.deepEqual(parse('[1, 1e300, 100000000000000000000, 0.1, "12345678901234567890"]'), [
    1, 1e300, 100000000000000000000, 0.1, '12345678901234567890',
  ]);
});

test('a stack names the sources, without the frames of the SDK', () => {
  // The bundle's first line comes from line 3 of a.js, its second from the SDK.
  const places = placesOf({ sources: ['a.js', 'sdk.js'], mappings: 'AAEE;ACFA' }, (name) => (name === 'sdk.js' ? null : name));
  globalThis.__hap_source_map = places;
  try {
    const stack = '    at f (/agent.bundle.js:1:5)\n    at g (/agent.bundle.js:2:1)\n    at h (native)';
    assert.equal(originalStack(stack), '    at f (a.js:3:3)\n    at h (native)');
  } finally {
    delete globalThis.__hap_source_map;
  }
});
