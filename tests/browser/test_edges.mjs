// Pages below a path that is not the root, whose streams the server ends every second: they go on all the same.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openPage, plainPicture, startBrowser, startServer, TIME_SCALE, waitUntil } from './harness.mjs';

const COLOURS = ['red', 'lime', 'blue'];
const CHANGES = 8; // at two a second: more than one stream lasts

let server, browser;
before(async () => {
  const source = { type: 'emulated', files: COLOURS.map(plainPicture), fps: 2 };
  server = await startServer({
    server: { base_path: '/cams', max_stream_life_s: 1 },
    cameras: [{ id: 'colours', source }],
  });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

// Runs in the page: counts each change of the picture in window.changes.
function countChanges() {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  let shown = '';
  window.changes = 0;
  setInterval(() => {
    const picture = document.querySelector('.picture');
    if (!(picture?.naturalWidth ?? picture?.width)) return;
    context.drawImage(picture, 0, 0, 1, 1);
    const pixel = String(context.getImageData(0, 0, 1, 1).data);
    if (pixel !== shown) window.changes++;
    shown = pixel;
  }, 20);
}

for (const [name, path] of [['wall', '/cams/'], ['camera page', '/cams/camera/colours']]) {
  test(`the ${name} goes on when its stream has had its time`, { timeout: 60000 * TIME_SCALE }, async () => {
    const page = await openPage(browser);
    await page.goto(`${server.url}${path}`);
    await page.evaluate(countChanges);
    await waitUntil(async () => (await page.evaluate(() => window.changes)) >= CHANGES, 'the pictures', 30);
    assert.deepEqual(page.complaints, []);
  });
}

test('links stay below the path', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openPage(browser);
  await page.goto(`${server.url}/cams/`);
  for (const [link, path] of [['h2 a', '/cams/camera/colours'], ['#wall', '/cams/'], ['nav a', '/cams/status']]) {
    await page.click(link);
    await waitUntil(async () => (await page.evaluate(() => location.pathname)) === path, path);
  }
  assert.deepEqual(page.complaints, []);
});
