// The gallery and a camera's page in a real browser: every camera moves, and nothing is complained about.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openPage, pattern, screenshot, startBrowser, startServer, waitUntil } from './harness.mjs';

const MARKUP = '<script>alert(1)</script>';
const cameras = [
  pattern('front-door', { width: 640, height: 360 }, { name: 'Front door' }),
  pattern('markup', {}, { name: MARKUP }),
  pattern('quotes', {}, { name: '" onerror="alert(2)" x=\'' }),
  pattern('portrait', { width: 240, height: 320 }, { name: 'Portrait' }),
  pattern('gone', { faults: [{ kind: 'vanish', at_frame: 1 }] }, { name: 'Gone' }),
  ...['six', 'seven', 'eight', 'nine', 'ten'].map((id) => pattern(id)),
];

let server, browser;
before(async () => {
  server = await startServer({ cameras });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const isPainted = (image) => image.naturalWidth > 0;

// A number that changes when the picture does.
const sampleOf = (image) => {
  const canvas = new OffscreenCanvas(64, 48);
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0, 64, 48);
  return context.getImageData(0, 0, 64, 48).data.reduce((sum, value, index) => (sum * 31 + value + index) % 1e9, 0);
};

async function waitForMovement(picture, what) {
  const first = await picture.evaluate(sampleOf);
  await waitUntil(async () => (await picture.evaluate(sampleOf)) !== first, `${what} to move`, 20);
}

test('every camera of the gallery is shown, and moves', { timeout: 120000 }, async () => {
  const page = await openPage(browser);
  await page.goto(server.url);
  assert.equal(await page.locator('.tile').count(), cameras.length);
  for (const { id } of cameras) {
    const picture = page.locator(`.tile[data-id="${id}"] .picture`);
    await waitUntil(() => picture.evaluate(isPainted), `a picture of ${id}`, 20);
    if (id !== 'gone') await waitForMovement(picture, id);
  }
  await page.locator('.tile[data-id="gone"][data-state="offline"]').waitFor();
  assert.notEqual(await page.locator('.tile[data-id="gone"] .error').textContent(), '');
  await screenshot(page, 'gallery');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the figures stay fresh while more cameras play than a browser has connections', { timeout: 60000 }, async () => {
  const page = await openPage(browser);
  await page.goto(server.url);
  const age = page.locator('.tile[data-id="front-door"] [data-figure="age"]');
  await page.locator('.tile[data-id="front-door"][data-state="live"]').waitFor();
  for (let changes = 0; changes < 3; changes++) {
    const text = await age.textContent();
    await waitUntil(async () => (await age.textContent()) !== text, 'the age to change', 5);
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('names are text, whatever they hold', async () => {
  const page = await openPage(browser);
  await page.goto(server.url);
  assert.equal(await page.locator('.tile[data-id="markup"] h2').textContent(), MARKUP);
  await page.locator('.tile[data-id="markup"] h2 a').click();
  await page.waitForURL('**/camera/markup');
  assert.equal((await page.locator('h1').textContent()).trim(), MARKUP);
  assert.ok((await page.title()).includes(MARKUP));
  await page.goto(`${server.url}/camera/quotes`);
  await waitUntil(() => page.locator('.picture').evaluate(isPainted), 'the picture');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the page of a camera shows its stream and figures', { timeout: 60000 }, async () => {
  const page = await openPage(browser, { colorScheme: 'dark', viewport: { width: 1280, height: 900 } });
  await page.goto(`${server.url}/camera/front-door`);
  const picture = page.locator('.picture');
  await waitUntil(() => picture.evaluate(isPainted), 'the picture');
  await waitForMovement(picture, 'the picture');
  await page.locator('[data-state="live"]').first().waitFor();
  assert.match(await page.locator('[data-figure="size"]').textContent(), /640\D+360/);
  await screenshot(page, 'camera');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('leaving the gallery ends its streams', { timeout: 60000 }, async () => {
  const page = await openPage(browser);
  const active = async () => (await (await fetch(`${server.url}/api/status`)).json()).streams.active;
  await page.goto(server.url);
  await waitUntil(async () => (await active()) > 0, 'streams');
  await page.goto('about:blank');
  await waitUntil(async () => (await active()) === 0, 'the streams to end', 5);
  await page.context().close();
});

test('without JavaScript the gallery shows every camera', { timeout: 60000 }, async () => {
  const page = await openPage(browser, { javaScriptEnabled: false });
  const shown = new Set();
  page.on('response', (response) => {
    if (response.headers()['content-type'] === 'image/jpeg') shown.add(new URL(response.url()).pathname.split('/')[2]);
  });
  await page.goto(server.url, { waitUntil: 'commit' });
  await waitUntil(() => shown.size >= cameras.length - 1, 'a picture of every camera that has one', 20);
  await screenshot(page, 'gallery-without-javascript');
  await page.context().close();
});
