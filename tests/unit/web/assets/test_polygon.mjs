// Polygons as the server takes them, and the text to paste.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { pathOfCells } from '../../../../web/assets/overlay.js';
import { configurationOf, faultOf, roundPoint } from '../../../../web/assets/polygon.js';

const SQUARE = [[0, 0], [0.2, 0], [0.2, 0.1], [0, 0.1]];

test('plain polygons are as the server takes them', () => {
  assert.equal(faultOf(SQUARE), '');
  assert.equal(faultOf([[0, 0], [1, 0], [1, 1], [0.5, 0.5], [0, 1]]), '');
  assert.equal(faultOf([[0, 0], [0.5, 0], [1, 0], [1, 1], [0, 1]]), '');
});

test('what the server refuses is named', () => {
  assert.match(faultOf([[0, 0], [1, 1]]), /3 points/);
  assert.match(faultOf([[0, 0], [1, 1], [1, 0], [0, 1]]), /crosses/);
  assert.match(faultOf([[0, 0], [1, 0], [1, 1], [0.5, 0], [0, 1]]), /crosses/);
  assert.match(faultOf([[0, 0], [1, 0], [0.5, 0]]), /crosses/);
  assert.match(faultOf([[0, 0], [0, 0], [1, 1]]), /same/);
});

test('points stay in the picture', () => {
  assert.deepEqual(roundPoint([-0.1, 0.12345]), [0, 0.123]);
});

test('the text is what stands in the configuration', () => {
  const text = configurationOf([
    { kind: 'mask', name: '', points: SQUARE },
    { kind: 'zone', name: 'the "door"', points: SQUARE },
    { kind: 'zone', name: 'path', points: SQUARE, sensitivity: 70 },
    { kind: 'privacy', name: '', points: SQUARE },
  ], true);
  assert.deepEqual(JSON.parse(`{${text}}`), {
    privacy_masks: [SQUARE],
    motion: { masks: [SQUARE], zones: [{ name: 'the "door"', polygon: SQUARE }, { name: 'path', polygon: SQUARE, sensitivity: 70 }] },
  });
  assert.equal(configurationOf([], false), '');
  assert.equal(configurationOf([], true), '"motion": {}');
});

test('cells become a rectangle for each run', () => {
  assert.equal(pathOfCells({ columns: 4, rows: 2, values: '03303000' }, '3'), 'M1 0h2v1h-2zM0 1h1v1h-1z');
});
