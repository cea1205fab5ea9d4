// The arithmetic of tiles.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { capacityOf, neighbour, packPage, packScreen, packScreens } from '../../../../web/assets/pack.js';

const room = (width, height) => ({ width, height, gap: 4 });
const alike = (count, ratio = 16 / 9) => Array(count).fill(ratio);
const mixed = Array.from({ length: 64 }, (_, index) => [16 / 9, 4 / 3, 3 / 4, 16 / 9][index % 4]);
const columnsOf = (boxes) => boxes.filter(({ y }) => Math.abs(y - boxes[0].y) < 1).length;
const shareOf = (boxes, { width, height }) =>
  boxes.reduce((sum, box) => sum + box.width * box.height, 0) / width / height;

function assertApart(boxes, { width }) {
  for (const [index, a] of boxes.entries()) {
    assert.ok(a.x >= -0.5 && a.x + a.width <= width + 0.5, `box ${index} is within`);
    for (const b of boxes.slice(index + 1)) {
      assert.ok(a.x + a.width <= b.x + 0.5 || b.x + b.width <= a.x + 0.5 || a.y + a.height <= b.y + 0.5 ||
        b.y + b.height <= a.y + 0.5, 'no box on another');
    }
  }
}

test('pictures that are alike stand in the grid that shows them largest', () => {
  for (const [count, width, height, columns] of [
    [1, 1920, 1080, 1], [2, 2400, 1000, 2], [2, 1080, 1920, 1], [16, 1440, 840, 4], [64, 1920, 1080, 8]]) {
    const boxes = packScreen(alike(count), room(width, height));
    assert.equal(columnsOf(boxes), columns, `${count} on ${width}x${height}`);
    assertApart(boxes, room(width, height));
  }
});

test('most of the screen is picture', () => {
  assert.ok(shareOf(packScreen(alike(16), room(1432, 844)), { width: 1440, height: 900 }) > 0.77);
  assert.ok(shareOf(packScreen(mixed, room(1432, 844)), { width: 1440, height: 900 }) > 0.65);
  assertApart(packScreen(mixed, room(1432, 844)), room(1432, 844));
});

test('pictures keep their ratios, and all are on the screen', () => {
  const boxes = packScreen(mixed, room(1000, 700));
  for (const [index, { y, width, height }] of boxes.entries()) {
    assert.ok(Math.abs(width / height - mixed[index]) < 0.01);
    assert.ok(y >= -0.5 && y + height <= 700.5);
  }
});

test('the last screen of a layout is packed like the others', () => {
  const boxes = packScreens(alike(6), 4, room(800, 450));
  assert.equal(boxes[4].y, boxes[0].y + 454);
  assert.ok(Math.abs(boxes[5].width - boxes[1].width) < 1);
});

test('a long page has legible pictures, and the last row begins on the left', () => {
  const boxes = packPage(mixed.slice(0, 61), 240, room(1000, 700));
  assertApart(boxes, room(1000, 700));
  assert.equal(boxes.filter(({ x }) => x < 1).length, new Set(boxes.map(({ y }) => Math.round(y))).size);
});

test('a kiosk has as many tiles as are not too small', () => {
  assert.equal(capacityOf(alike(300), 200, room(1920, 1080)), 81);
  assert.equal(capacityOf([], 200, room(100, 50)), 1);
});

test('arrow keys go to the neighbour, also between rows of different tiles', () => {
  const boxes = packScreen(alike(5), room(1272, 744)); // three, and two below
  assert.equal(neighbour(boxes, 1, 'ArrowDown'), 4);
  assert.equal(neighbour(boxes, 4, 'ArrowUp'), 1);
  assert.equal(neighbour(boxes, 0, 'ArrowLeft'), -1);
  assert.equal(neighbour(boxes, 4, 'ArrowRight'), -1);
  assert.equal(neighbour(boxes, 0, 'ArrowUp'), -1);
  assert.equal(neighbour(boxes, 3, 'ArrowDown'), -1);
});
