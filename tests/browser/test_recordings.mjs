// What the page of the recordings shows is what was asked for: the sequences that the pattern camera burns into its
// pictures are read back from the canvases.

import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { browsers, openPage, pattern, scratch, screenshot, sleep, startBrowser, startServer, TIME_SCALE, waitUntil } from './harness.mjs';
import { readSequences } from './strip.mjs';

const HEIGHT = 240;
const RECORDED_MS = 8000;

let server, begin;
before(async () => {
  const path = mkdtempSync(join(scratch, 'recordings-'));
  writeFileSync(join(path, '.framebroker-recordings'), '');
  const record = { record: { mode: 'always' } };
  server = await startServer({ recording: { path, segment_s: 2 }, cameras: [
    pattern('a', { fps: 10 }, record), pattern('b', { fps: 5 }, record), pattern('c', {}, {})] });
  await waitUntil(async () => (await fetch(`${server.url}/camera/b/snapshot?at=${new Date().toISOString()}`)).ok, 'a recording');
  begin = Date.now();
  await sleep(RECORDED_MS); // what is recorded takes its time
});
after(() => server?.stop());

const at = (offset) => new Date(begin + offset).toISOString();

// The sequence and time of the frame that was recorded at a moment, as the server says.
async function recorded(id, ms) {
  const response = await fetch(`${server.url}/camera/${id}/snapshot?at=${new Date(ms).toISOString()}`);
  assert.equal(response.status, 200);
  await response.arrayBuffer();
  return { sequence: Number(response.headers.get('X-Sequence')), ms: Number(response.headers.get('X-Timestamp')) * 1000 };
}

const shownTimes = (page) => page.evaluate(() => Object.fromEntries(
  [...document.querySelectorAll('.pictures .tile')].map(({ dataset }) => [dataset.id, Number(dataset.shown)])));
const clock = (page) => page.evaluate(() => Date.parse(document.querySelector('#clock').dateTime));
const button = (page, id) => page.evaluate((name) => document.getElementById(name).click(), id);
const isReady = (page) => page.evaluate(() => 'ready' in document.querySelector('main').dataset);

for (const { name, start } of browsers) {
  test(`${name}: what is shown is what was recorded then`, async () => {
    const browser = await start();
    try {
      const page = await browser.open(1280, 800);
      await page.goto(`${server.url}/recordings?cameras=a,b&at=${at(2000)}&span=60`);
      await waitUntil(() => isReady(page), 'the page');
      await waitUntil(async () => (await readSequences(page, HEIGHT)).get('a') !== null, 'a picture');
      for (const id of ['a', 'b']) {
        const { sequence } = await recorded(id, begin + 2000);
        await waitUntil(async () => (await readSequences(page, HEIGHT)).get(id) === sequence, `${id} as it was`);
      }

      await button(page, 'forward');
      const next = (await recorded('a', begin + 2000)).sequence + 1;
      await waitUntil(async () => (await readSequences(page, HEIGHT)).get('a') === next, 'the next frame');
      await button(page, 'back');
      await waitUntil(async () => (await readSequences(page, HEIGHT)).get('a') === next - 1, 'the frame before');

      await button(page, 'play');
      await waitUntil(async () => (await clock(page)) > begin + 3500, 'a second and a half of playback', 20);
      const times = await shownTimes(page);
      assert.ok(Math.abs(times.a - times.b) <= 200 + 300 * TIME_SCALE, `in step: ${JSON.stringify(times)}`); // a frame of b, and some
      await button(page, 'play');
      await waitUntil(async () => (await page.evaluate(() => document.querySelector('#play').textContent)) === 'Play', 'a pause');
      const paused = await clock(page);
      await sleep(300); // nothing may come any more
      assert.equal(await clock(page), paused);
      assert.match(await page.evaluate(() => location.search), /at=.*cameras=a/);
    } finally {
      await browser.close();
    }
  });
}

test('Chromium: the timeline, marks, and an empty camera', async () => {
  const browser = await startBrowser();
  try {
    const page = await openPage(browser, { viewport: { width: 1280, height: 800 } });
    await page.goto(`${server.url}/recordings?at=${at(3000)}&span=60`);
    await waitUntil(() => isReady(page), 'the page');
    await waitUntil(() => page.evaluate(() => document.querySelectorAll('.tile:not(.is-empty)').length === 2), 'two pictures');
    assert.equal(await page.evaluate(() => document.querySelector('[data-id=c] span').textContent), 'no recording');

    const box = await page.evaluate(() => {
      const { left, top, width, height } = document.querySelector('.timeline').getBoundingClientRect();
      return { left, top, width, height };
    });
    await page.mouse.click(box.left + 110 + (box.width - 110) / 2, box.top + 30);
    const clicked = await clock(page);
    assert.ok(Math.abs(clicked - (begin + 3000)) < 60000, 'a click on the timeline chooses its moment');

    await page.keyboard.press('i');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('o');
    await waitUntil(() => page.evaluate(() => !document.querySelector('#download').hidden), 'the download');
    assert.match(await page.evaluate(() => document.querySelector('#download').href), /camera\/a\/clip\?from=.*&to=.*/);
    await waitUntil(() => page.evaluate(() => document.querySelector('.timeline canvas').height > 60), 'the rows');
    await screenshot(page, 'recordings');

    const wanted = await page.evaluate(() => document.querySelector('#download').href);
    await page.selectOption('#mark-camera', 'b');
    await page.reload();
    await waitUntil(() => isReady(page), 'the page again');
    assert.equal(await page.evaluate(() => document.querySelector('#download').href), wanted.replace('camera/a', 'camera/b'));
  } finally {
    await browser.close();
  }
});

test('Chromium: two fingers zoom the timeline, one moves it or chooses a moment', async () => {
  const browser = await startBrowser();
  try {
    const page = await openPage(browser, { viewport: { width: 390, height: 844, hasTouch: true, isMobile: true } });
    await page.goto(`${server.url}/recordings?at=${at(3000)}&span=60`);
    await waitUntil(() => isReady(page), 'the page');
    const input = await page.context().newCDPSession(page);
    const touch = (type, ...shares) => input.send('Input.dispatchTouchEvent',
      { type, touchPoints: shares.map((share, id) => ({ x: left + share * width, y, id })) });
    const span = () => page.evaluate(() => Number(new URLSearchParams(location.search).get('span')));
    const before = await clock(page);

    await waitUntil(() => page.evaluate(() => document.querySelectorAll('.tile:not(.is-empty)').length === 2), 'two pictures');
    await page.evaluate(() => document.querySelector('#zoom-out').click());
    await waitUntil(async () => (await span()) === 120, 'two minutes');
    const { left, width, y } = await page.evaluate(() => {
      const element = document.querySelector('.timeline');
      element.scrollIntoView();
      const box = element.getBoundingClientRect();
      return { left: box.left + 110, width: box.width - 110, y: box.top + 30 };
    });
    await touch('touchStart', 0.2, 0.8);
    for (const share of [0.3, 0.35, 0.4]) await touch('touchMove', share, 1 - share);
    await touch('touchEnd');
    await waitUntil(async () => Math.abs((await span()) - 360) <= 10, 'three times as long');
    await touch('touchStart', 0.4, 0.6);
    for (const share of [0.3, 0.2]) await touch('touchMove', share, 1 - share);
    await touch('touchEnd');
    await waitUntil(async () => Math.abs((await span()) - 120) <= 10, 'as long as before');
    assert.equal(await clock(page), before, 'a pinch is no click');

    await touch('touchStart', 0.5);
    for (const share of [0.55, 0.6]) await touch('touchMove', share);
    await touch('touchEnd');
    assert.equal(await clock(page), before, 'nor is a drag');
    await touch('touchStart', 0.4);
    await touch('touchEnd');
    await waitUntil(async () => (await clock(page)) !== before, 'the moment that was touched');
    await screenshot(page, 'recordings-phone');
  } finally {
    await browser.close();
  }
});
