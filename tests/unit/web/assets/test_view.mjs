// What a wall's address means, and the arithmetic of its tiles.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  arrange, feedWidth, matches, move, readIds, readView, writeIds, writeView,
} from '../../../../web/assets/view.js';

const PLAIN = {
  layout: 'auto', filter: '', order: [], cameras: null, name: '', sort: '', kiosk: false, rotate: null,
};

test('a plain wall has no query', () => {
  assert.deepEqual(readView(''), PLAIN);
  assert.equal(writeView(PLAIN), '');
});

test('a view survives its address', () => {
  const view = {
    layout: '9', filter: 'a&b=ü #1', order: ['b', 'a-1'], cameras: ['a-1'], name: 'Ground floor', sort: 'trouble',
    kiosk: true, rotate: 10,
  };
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

test('the filter finds states, trouble and groups', () => {
  const camera = { id: 'a', name: 'Yard', state: 'stale', groups: ['Ground floor'] };
  for (const filter of ['stale', 'Trouble', 'ground']) assert.ok(matches(filter, camera), filter);
  for (const filter of ['offline', 'first floor', 'sta']) assert.ok(!matches(filter, camera), filter);
});

test('300 cameras with long ids make a short address', () => {
  const ids = Array.from({ length: 300 }, (_, index) => `building-${index % 7}-floor-${index % 11}-camera-${index}`);
  const order = ids.toReversed();
  const query = writeView({ ...PLAIN, order, cameras: ids });
  assert.ok(query.length < 2600, `${query.length} characters`);
  assert.deepEqual(readView(query, ids), { ...PLAIN, order, cameras: ids });
  assert.equal(writeIds(['a', 'b']), 'a,b');
  assert.deepEqual(readIds(writeIds(ids), ids.slice(5)), ids.slice(5)); // the others are no longer there
});

test('few widths are asked for, none below the tile unless it is huge', () => {
  assert.equal(feedWidth(1), 160);
  assert.equal(feedWidth(320), 320);
  assert.equal(feedWidth(321), 480);
  assert.equal(feedWidth(10000), 3840);
});
