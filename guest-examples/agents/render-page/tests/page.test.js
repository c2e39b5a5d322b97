import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { page } from '../build/page.js';

test('the brief of the review becomes a page with its title and tables', async () => {
  const html = await page(readFileSync(new URL('../../../expected/brief.md', import.meta.url), 'utf8'));
  const title = /<title>(.*)<\/title>/.exec(html)[1];
  assert.notEqual(title, 'Untitled');
  assert.match(html, new RegExp(`<h1>${title}</h1>`));
  assert.match(html, /<\/html>\n$/);
});

test('nothing in the Markdown is obeyed', async () => {
  const html = await page('# <b>a</b>\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![y](http://z) <i>');
  assert.doesNotMatch(html, /<script|<b>|<i>|<img|javascript:/);
  assert.match(html, /&lt;script&gt;/);
});

test('a style sheet cannot end its element', async () => {
  assert.doesNotMatch(await page('a', '</style><script>'), /<\/style><script>/);
});
