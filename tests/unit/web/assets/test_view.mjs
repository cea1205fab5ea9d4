// What a wall's address tells, and the arithmetic of its tiles.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { arrange, feedWidth, fitColumns, fitWidth, matches, move, readView, writeView } from '../../../web/assets/view.js';

const roomOf = (width, height, captionHeight = 0) => ({ width, height, captionHeight });
const PLAIN = { layout: 'auto', filter: '', order: [], kiosk: false };

test('a plain wall has no query', () => {
  assert.deepEqual(readView(''), PLAIN);
  assert.equal(writeView(PLAIN), '');
});

test('a view survives its address', () => {
  const view = { layout: '9', filter: 'a&b=ü #1', order: ['b', 'a-1'], kiosk: true };
  assert.deepEqual(readView(writeView(view)), view);
  assert.equal(writeView({ ...PLAIN, order: ['b', 'a'], kiosk: true }), '?order=b,a&kiosk=1');
});

test('nonsense in the address means a plain wall', () => {
  assert.deepEqual(readView('?layout=7&order=,,&kiosk=yes&other=1'), PLAIN);
});

test('the order names who comes first, and nobody gets lost', () => {
  assert.deepEqual(arrange(['a', 'b', 'c', 'd'], ['c', 'gone', 'b', 'c']), ['c', 'b', 'a', 'd']);
  assert.deepEqual(arrange(['a', 'b'], []), ['a', 'b']);
});

test('a tile takes the place of another', () => {
  assert.deepEqual(move(['a', 'b', 'c', 'd'], 'a', 2), ['b', 'c', 'a', 'd']);
  assert.deepEqual(move(['a', 'b', 'c', 'd'], 'd', 0), ['d', 'a', 'b', 'c']);
  assert.deepEqual(move(['a', 'b'], 'a', 99), ['b', 'a']);
});

test('the filter finds names and ids in any case', () => {
  const camera = { id: 'front-door', name: 'Front Döor' };
  for (const filter of ['', ' ', 'FRONT', 'döor', 'front-']) assert.ok(matches(filter, camera), filter);
  assert.ok(!matches('back', camera));
});

test('all tiles fit, as large as can be', () => {
  assert.equal(fitColumns(1, roomOf(1920, 1080)), 1);
  assert.equal(fitColumns(64, roomOf(1920, 1080)), 8);
  assert.equal(fitColumns(2, roomOf(2400, 1000)), 2);
  assert.equal(fitColumns(2, roomOf(1080, 1920)), 1);
  assert.equal(fitColumns(0, roomOf(1920, 1080)), 1);
});

test('captions take their part of the height', () => {
  assert.equal(fitColumns(12, roomOf(1920, 1080)), 3);
  assert.equal(fitColumns(12, roomOf(1920, 1080, 30)), 4);
});

test('pictures are as wide as their column, or as their row is high', () => {
  assert.equal(fitWidth(4, 12, roomOf(1600, 2000)), 400);
  assert.equal(fitWidth(4, 12, roomOf(1600, 360, 30)), 160);
});

test('few widths are asked for, none below the tile unless it is huge', () => {
  assert.equal(feedWidth(1), 160);
  assert.equal(feedWidth(320), 320);
  assert.equal(feedWidth(321), 480);
  assert.equal(feedWidth(10000), 3840);
});
