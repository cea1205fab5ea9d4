// What administrators see of motion: cells, boxes and the score, and areas drawn with the mouse, a finger and the keyboard.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import {
  browsers, openPage, pattern, plainPicture, screenshot, startBrowser, startServer, TIME_SCALE, waitUntil,
} from './harness.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const DOOR = [[0.1, 0.5], [0.4, 0.5], [0.4, 1], [0.1, 1]];

let server, browser;
before(async () => {
  server = await startServer({
    cameras: [
      pattern('yard', { width: 640, height: 360, fps: 15 }, {
        name: 'Yard', motion: { masks: [[[0, 0], [0.2, 0], [0.2, 0.2], [0, 0.2]]], zones: [{ name: 'road', polygon: [[0.3, 0.2], [1, 0.2], [1, 1], [0.3, 1]] }] },
      }),
      { id: 'still', motion: {}, source: { type: 'emulated', files: [plainPicture('blue')], fps: 5 } },
      pattern('plain', { width: 640, height: 360 }),
      pattern('masked', { width: 640, height: 360 }, { privacy_masks: [DOOR] }),
    ],
  });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function openCamera(id, options = { viewport: { width: 1440, height: 1000 } }) {
  const page = await openPage(browser, options);
  await page.goto(`${server.url}/camera/${id}`, { waitUntil: 'domcontentloaded' });
  await page.locator('main[data-state="live"]').waitFor();
  return page;
}

async function close(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`), []);
  assert.deepEqual(page.complaints, []);
}

const pasted = async (page) =>
  JSON.parse(`{${await page.evaluate(() => document.querySelector('.setup-areas textarea').value)}}`);
const rows = (page) => page.locator('.areas-list li');
const drawn = (page) => page.locator('.overlay .areas polygon');
const focused = (page) => page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent);
const press = async (page, ...keys) => { for (const key of keys) await page.keyboard.press(key); };

function assertPolygon(polygon, expected, tolerance) {
  assert.equal(polygon.length, expected.length, `${polygon}`);
  polygon.forEach((point, index) => point.forEach((value, axis) =>
    assert.ok(Math.abs(value - expected[index][axis]) < tolerance, `${polygon}`)));
}

// Draws a triangle with the keyboard, 0.1 wide and high, from the middle of the picture.
async function draw(page, kind) {
  await page.getByRole('button', { name: kind, exact: true }).click();
  await press(page, 'Enter', 'Shift+ArrowRight', 'Shift+ArrowRight', 'Enter');
  await press(page, 'Shift+ArrowDown', 'Shift+ArrowDown', 'Enter', 'Escape');
}

const motionOf = async (id) => (await fetch(`${server.url}/api/cameras/${id}/motion`)).json();

test('the page shows what the detector sees, where the picture is', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openCamera('yard');
  assert.equal(await page.locator('.overlay .box').count(), 0);
  await page.getByText('Motion', { exact: true }).click();
  await page.locator('.overlay .box').first().waitFor({ state: 'attached' });
  await waitUntil(() => page.evaluate(() => document.querySelector('.still-moving').getAttribute('d') !== ''), 'cells that move');
  assert.equal(await page.locator('.overlay polygon.mask').count(), 1);
  assert.equal(await page.locator('.overlay .name').textContent(), 'road');
  await waitUntil(async () => /[1-9]\d* of 100/.test(await page.locator('.setup .now').textContent()), 'a score');
  const { threshold } = await motionOf('yard');
  const span = new RegExp(` in the last \\d+ s, threshold ${threshold}$`);
  assert.match(await page.locator('.setup .chart .span').textContent(), span);
  assert.match(await page.locator('.setup .chart svg').getAttribute('aria-label'), span);
  assert.match(await page.locator('.setup .mark').getAttribute('d'), /^M0 [\d.]+H300$/);
  assert.match(await page.locator('.words').textContent(), /^Something moves\..* events? so far\.$/);
  const [overlay, picture] = await page.evaluate(() => ['.overlay', '.picture'].map((name) => {
    const { left, top, width, height } = document.querySelector(name).getBoundingClientRect();
    return { left, top, width, height };
  }));
  for (const [name, value] of Object.entries(overlay)) assert.ok(Math.abs(value - picture[name]) < 1.5, `${name}: ${value}`);
  await screenshot(page, 'motion');
  await close(page);
});

test('the switch is the one of the server', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openCamera('still');
  await page.getByText('Motion', { exact: true }).click();
  await page.getByLabel('Report motion').click();
  await waitUntil(async () => (await motionOf('still')).active === false, 'it to be off');
  await waitUntil(async () => (await page.locator('.words').textContent()).startsWith('It makes no events now.'), 'the words');
  await page.getByLabel('Report motion').click();
  await waitUntil(async () => (await motionOf('still')).active, 'it to be on');
  await close(page);
});

test('an area is drawn with the mouse', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openCamera('plain');
  await page.getByText('Draw masks and zones').click();
  await page.getByRole('button', { name: 'Motion zone' }).click();
  const { x, y, width, height } = await page.locator('.drawing').boundingBox();
  const at = ([left, top]) => [x + left * width, y + Math.min(top, 0.8) * height];
  for (const point of DOOR) await page.mouse.click(...at(point));
  await page.mouse.move(...at(DOOR[1])); // a point that is dragged
  await page.mouse.down();
  await page.mouse.move(...at([0.6, 0.5]), { steps: 4 });
  await page.mouse.up();
  const [left, top] = at(DOOR[0]); // closes it, by a hand that is not quite still
  await page.mouse.move(left, top);
  await page.mouse.down();
  await page.mouse.move(left + 2, top + 1);
  await page.mouse.up();
  await page.locator('.drawing').waitFor({ state: 'detached' });
  const { motion: { zones: [zone] } } = await pasted(page);
  assert.equal(zone.name, 'zone 1');
  const expected = [[0.1, 0.5], [0.6, 0.5], [0.4, 0.8], [0.1, 0.8]];
  assertPolygon(zone.polygon, expected, 0.01);
  await page.getByLabel('Name of zone 1').fill('door');
  assert.equal((await pasted(page)).motion.zones[0].name, 'door');
  await screenshot(page, 'areas');
  await close(page);
});

test('an area is drawn with a finger', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openCamera('plain', { viewport: { width: 412, height: 915 }, hasTouch: true, isMobile: true });
  const input = await page.context().newCDPSession(page);
  const touch = (type, ...touchPoints) => input.send('Input.dispatchTouchEvent', { type, touchPoints });
  await page.getByText('Draw masks and zones').tap();
  await page.getByRole('button', { name: 'Motion zone' }).tap();
  await page.locator('.drawing').scrollIntoViewIfNeeded();
  const { x, y, width, height } = await page.locator('.drawing').boundingBox();
  const at = ([left, top]) => ({ x: x + left * width, y: y + top * height });
  const tap = async (point) => { // no finger is quite still
    const { x: left, y: top } = at(point);
    await touch('touchStart', { x: left, y: top });
    await touch('touchMove', { x: left + 2, y: top - 2 });
    await touch('touchEnd');
  };
  const corners = [[0.2, 0.3], [0.5, 0.3], [0.5, 0.7], [0.2, 0.7]];
  for (const point of corners) await tap(point);
  const before = await page.evaluate(() => window.scrollY);
  await touch('touchStart', at(corners[1])); // a point that is dragged
  for (const part of [0.33, 0.66, 1]) await touch('touchMove', at([0.5 + 0.2 * part, 0.3 - 0.15 * part]));
  await touch('touchEnd');
  assert.equal(await page.evaluate(() => window.scrollY), before); // the page has not been dragged instead
  await tap(corners[0]); // closes it
  await page.locator('.drawing').waitFor({ state: 'detached' });
  const { motion: { zones: [zone] } } = await pasted(page);
  const expected = [corners[0], [0.7, 0.15], ...corners.slice(2)];
  assertPolygon(zone.polygon, expected, 0.02);
  await screenshot(page, 'areas-touch');
  await close(page);
});

test('privacy masks that a camera has are there to be changed', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openCamera('masked');
  await page.getByText('Draw masks and zones').click();
  await page.getByRole('button', { name: 'Remove privacy mask' }).waitFor();
  assert.deepEqual(await pasted(page), { privacy_masks: [DOOR] });
  assert.equal(await page.getByText('are not listed: keep them').isVisible(), false);
  await screenshot(page, 'privacy-masks');
  await page.getByRole('button', { name: 'Remove privacy mask' }).click();
  assert.equal(await rows(page).count(), 0);
  assert.equal(await drawn(page).count(), 0);
  assert.equal(await page.locator('.setup .result').isHidden(), true);
  await close(page);
});

test('an area that is removed leaves the focus beside it', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openCamera('plain');
  await page.getByText('Draw masks and zones').click();
  for (const kind of ['Motion mask', 'Motion zone', 'Privacy mask']) await draw(page, kind);
  assert.equal(await rows(page).count(), 3);
  await page.getByRole('button', { name: 'Remove motion mask' }).focus();
  await press(page, 'Enter');
  assert.equal(await rows(page).count(), 2);
  assert.equal(await focused(page), 'Remove zone 1');
  await page.getByRole('button', { name: 'Remove privacy mask' }).focus();
  await press(page, 'Enter');
  assert.equal(await rows(page).count(), 1);
  assert.equal(await focused(page), 'Privacy mask');
  assert.deepEqual(Object.keys(await pasted(page)), ['motion']);
  await close(page);
});

test('an area whose points are deleted is removed, and no other', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openCamera('plain');
  await page.getByText('Draw masks and zones').click();
  await draw(page, 'Motion mask');
  await draw(page, 'Motion zone');
  const { motion: { zones } } = await pasted(page);
  await page.getByRole('button', { name: 'Edit motion mask' }).click();
  await press(page, 'Delete', 'Delete', 'Delete', 'Escape');
  assert.equal(await rows(page).count(), 1);
  assert.deepEqual(await pasted(page), { motion: { zones } });
  await close(page);
});

test('an area that is being drawn has no edit button to press', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openCamera('plain');
  await page.getByText('Draw masks and zones').click();
  await page.getByRole('button', { name: 'Motion mask', exact: true }).click();
  assert.equal(await page.getByRole('button', { name: 'Edit motion mask' }).isDisabled(), true);
  await page.getByRole('button', { name: 'Edit motion mask' }).click({ force: true });
  assert.equal(await rows(page).count(), 1);
  await screenshot(page, 'areas-drawing');
  await page.locator('.drawing').focus();
  await press(page, 'Escape');
  assert.equal(await rows(page).count(), 0);
  assert.equal(await focused(page), 'Motion mask');
  await close(page);
});

test('answers of the detector leave the list alone', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openCamera('yard');
  await page.getByText('Draw masks and zones').click();
  await page.getByText('Motion', { exact: true }).click();
  await page.waitForFunction(() => document.querySelectorAll('.areas-list li').length === 2);
  const button = await page.getByRole('button', { name: 'Edit road' }).elementHandle();
  let answers = 0;
  page.on('response', (response) => { if (response.url().endsWith('/motion')) answers++; });
  await waitUntil(() => answers >= 4, 'answers of the detector');
  assert.equal(await button.evaluate((element) => element.isConnected), true);
  await page.getByLabel('Name of zone 2').fill('lane');
  assert.equal(await page.getByRole('button', { name: 'Edit lane' }).count(), 1);
  assert.equal(await page.locator('.overlay .name').textContent(), 'lane');
  await close(page);
});

test('areas are on the picture while a section is open', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openCamera('yard');
  const motion = page.getByText('Motion', { exact: true });
  const areas = page.getByText('Draw masks and zones');
  await motion.click();
  await areas.click();
  await waitUntil(async () => (await drawn(page).count()) === 2, 'the areas');
  await page.getByRole('button', { name: 'Motion mask', exact: true }).click();
  await areas.click();
  await page.locator('.drawing').waitFor({ state: 'detached' });
  assert.equal(await drawn(page).count(), 2);
  await motion.click();
  await waitUntil(async () => (await drawn(page).count()) === 0, 'the areas to go');
  assert.equal(await page.locator('.overlay .name').count(), 0);
  await screenshot(page, 'areas-closed');
  await areas.click();
  await waitUntil(async () => (await drawn(page).count()) === 2, 'the areas to be back');
  assert.equal(await rows(page).count(), 2);
  await close(page);
});

test('an area is drawn with the keyboard alone', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openCamera('plain');
  await page.getByText('Draw masks and zones').focus();
  await press(page, 'Enter');
  await page.getByRole('button', { name: 'Privacy mask' }).focus();
  await press(page, 'Enter');
  assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /^Drawing a privacy mask/);
  await press(page, 'Enter', 'Shift+ArrowRight', 'Shift+ArrowRight', 'Enter', 'ArrowDown', 'Shift+ArrowDown', 'Enter');
  await page.locator('.drawing .point').nth(2).focus();
  await press(page, 'ArrowLeft', 'Escape');
  await page.locator('.drawing').waitFor({ state: 'detached' });
  assert.deepEqual(await pasted(page), { privacy_masks: [[[0.5, 0.5], [0.6, 0.5], [0.59, 0.56]]] });
  assert.equal(page.url(), `${server.url}/camera/plain`); // Escape did not lead to the wall
  await page.getByRole('button', { name: 'Edit privacy mask' }).click();
  await press(page, 'Delete');
  assert.match(await page.locator('.setup .fault').textContent(), /Set its points/);
  await press(page, 'Escape');
  await page.getByRole('button', { name: 'Remove privacy mask' }).click();
  assert.equal(await rows(page).count(), 0);
  assert.equal(await page.locator('.setup .result').isHidden(), true);
  await close(page);
});

for (const { name, start } of browsers) {
  test(`what moves is shown, and an area is drawn, in ${name}`, { timeout: 120000 * TIME_SCALE }, async (context) => {
    const own = await start();
    context.after(() => own.close());
    const page = await own.open(1440, 1000);
    const click = (text) => page.evaluate((wanted) => [...document.querySelectorAll('.setup summary, .setup button')]
      .find(({ textContent }) => textContent.trim() === wanted).click(), text);
    await page.goto(`${server.url}/camera/yard`, { waitUntil: 'domcontentloaded' });
    await page.waitForSelector('main[data-state="live"]');
    await click('Motion');
    await waitUntil(() => page.evaluate(() => document.querySelector('.overlay .box') !== null &&
      document.querySelector('.still-moving').getAttribute('d') !== ''), 'what moves');
    await click('Draw masks and zones');
    await click('Motion mask');
    const surface = await page.waitForSelector('.drawing');
    const { x, y, width, height } = await surface.boundingBox();
    const corners = [[0.5, 0.25], [0.75, 0.25], [0.75, 0.5]];
    for (const [left, top] of corners) await page.mouse.click(x + left * width, y + top * height);
    for (const key of ['ArrowDown', 'ArrowDown', 'Escape']) await page.keyboard.press(key); // moves the last one
    const { motion: { masks } } = await pasted(page);
    assert.equal(masks.length, 2);
    assertPolygon(masks[1], [...corners.slice(0, 2), [0.75, 0.52]], 0.005);
    await screenshot(page, `motion-${name.toLowerCase()}`);
    assert.deepEqual(page.complaints, []);
  });
}

test('a tile has a frame while something moves', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openPage(browser, { viewport: { width: 1280, height: 800 } });
  await page.goto(server.url, { waitUntil: 'domcontentloaded' });
  const frame = (id) => page.evaluate((name) => getComputedStyle(document.querySelector(`[data-id=${name}] .screen`), '::after').borderTopWidth, id);
  await page.locator('.tile.moving[data-id="yard"]').waitFor();
  assert.equal(await frame('yard'), '2px');
  assert.equal(await page.locator('.tile.moving').count(), 1);
  await waitUntil(() => page.evaluate(() => document.querySelector('[data-id=yard] canvas')?.width > 300), 'its picture');
  await screenshot(page, 'wall-motion');
  await close(page);
});

test('viewers see no setup', { timeout: 60000 * TIME_SCALE }, async (context) => {
  const token = 'viewer-0123456789abcdefghijKLMN';
  const guarded = await startServer({ cameras: [pattern('yard', {}, { motion: {} })], tokens: [{ name: 'viewer', token }] });
  context.after(guarded.stop);
  const page = await openPage(browser, { extraHTTPHeaders: { Authorization: `Bearer ${token}` } });
  await page.goto(`${guarded.url}/camera/yard`, { waitUntil: 'domcontentloaded' });
  await page.locator('main[data-state="live"]').waitFor();
  assert.equal(await page.locator('.setup:visible').count(), 0);
  await close(page);
});
