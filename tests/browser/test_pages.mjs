// Every page in every dress: what axe-core finds, what a person sees (screenshots), and what is left without scripts.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { openPage, pattern, screenshot, startBrowser, startServer, TIME_SCALE, waitUntil } from './harness.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const cameras = [
  pattern('front-door', { width: 640, height: 360 }, { name: 'Front door' }),
  pattern('gone', { faults: [{ kind: 'vanish', at_frame: 1 }] }, { name: 'Loading bay' }),
  pattern('workshop', { width: 640, height: 360 }, { name: 'Workshop' }),
  pattern('markup', {}, { name: '<script>alert(1)</script>' }),
  pattern('quotes', {}, { name: '" onerror="alert(2)" x=\'' }),
  pattern('portrait', { width: 240, height: 320 }, { name: 'Portrait' }),
  ...['Garage', 'Garden', 'Hallway', 'Cellar', 'Attic', 'Bird box'].map((name, index) =>
    pattern(`more-${index}`, { width: 640, height: 360 }, { name })),
];

const pages = [
  { name: 'wall', path: '/' },
  { name: 'wall-nine', path: '/?layout=9' },
  { name: 'camera', path: '/camera/front-door' },
  { name: 'camera-stale', path: '/camera/workshop' },
  { name: 'camera-offline', path: '/camera/gone' },
  { name: 'status', path: '/status' },
];
const dresses = [
  { name: 'desktop', viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
  { name: 'desktop-dark', viewport: { width: 1440, height: 900 }, colorScheme: 'dark' },
  { name: 'phone', viewport: { width: 390, height: 844 }, colorScheme: 'dark', deviceScaleFactor: 2, isMobile: true },
];
const KIOSK = { name: 'kiosk', viewport: { width: 1920, height: 1080 }, colorScheme: 'light' };

let server, browser;
before(async () => {
  server = await startServer({ cameras });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const hasPictures = (page) => page.evaluate(() => {
  const pictures = [...document.querySelectorAll('.picture')];
  const seen = pictures.filter((picture) => picture.getBoundingClientRect().top < innerHeight);
  // 300 is the width of a canvas that nothing was painted on.
  return seen.every((picture) => (picture.naturalWidth ?? picture.width) > 0 && picture.width !== 300);
});

async function violationsOf(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

// What the server says of some cameras, so that each state is there for as long as axe takes.
const held = {
  workshop: { state: 'stale', error: 'no frame for 1 s' },
  'more-0': { state: 'offline', error: 'no frame for 3 s: the camera stopped sending; reopening it' },
  'more-1': { state: 'starting', error: null },
  'more-2': { state: 'idle', error: null },
  'more-3': { state: 'idle', error: 'no such device' },
};

async function holdStates(page) {
  await page.route(/\/api\/(cameras\?|cameras\/[^/]+$|status$)/, async (route) => {
    const response = await route.fetch();
    const answer = await response.json();
    for (const camera of answer.cameras ?? [answer]) Object.assign(camera, held[camera.id]);
    await route.fulfill({ response, json: answer });
  });
}

async function inspect({ name, path }, dress) {
  const { name: dressName, ...options } = dress;
  const page = await openPage(browser, options);
  await holdStates(page);
  await page.goto(server.url + path, { waitUntil: 'domcontentloaded' });
  await waitUntil(() => hasPictures(page), `the pictures of ${path}`, 20);
  if (name === 'camera') {
    await waitUntil(() => page.evaluate(() => document.querySelector('.line').getAttribute('d')?.split('L').length > 4),
      'some seconds of charts');
  }
  if (!path.startsWith('/camera/')) await page.locator('[data-id="workshop"][data-state="stale"]').waitFor();
  if (name === 'camera-stale') await page.locator('main[data-state="stale"]').waitFor();
  await page.locator(name === 'status' ? '.streams' : 'main').waitFor();
  await screenshot(page, `${name}-${dressName}`);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= options.viewport.width, `${path} is ${width} px wide`);
  assert.deepEqual(await violationsOf(page), []);
  assert.deepEqual(page.complaints, []);
}

for (const shape of pages) {
  for (const dress of dresses) {
    test(`${shape.name}, ${dress.name}: nothing for axe to find`, { timeout: 60000 * TIME_SCALE }, () => inspect(shape, dress));
  }
}
test('kiosk: nothing for axe to find', { timeout: 60000 * TIME_SCALE }, () => inspect({ name: 'wall', path: '/?kiosk=1' }, KIOSK));

test('the page of a camera shows its stream, figures, charts and viewers', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openPage(browser);
  await page.goto(`${server.url}/camera/front-door`, { waitUntil: 'domcontentloaded' });
  await page.locator('main[data-state="live"]').waitFor();
  await waitUntil(() => hasPictures(page), 'the picture');
  assert.match(await page.locator('[data-figure="size"]').textContent(), /640\D+360/);
  const points = () => page.locator('[data-chart="rate"] .line').getAttribute('d');
  await waitUntil(async () => (await points())?.includes('L'), 'the chart of the rate');
  await waitUntil(async () => (await page.locator('.viewers tbody tr').count()) === 1, 'the viewer that we are');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('Download snapshot').click()]);
  assert.match(download.suggestedFilename(), /^front-door_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.jpg$/);
  assert.deepEqual(page.complaints, []);
});

test('an error is a page with a way back', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openPage(browser);
  const answer = await page.goto(`${server.url}/camera/nobody`);
  assert.equal(answer.status(), 404);
  await screenshot(page, 'error');
  assert.deepEqual(await violationsOf(page), []);
  await page.getByRole('link', { name: 'All cameras' }).click();
  await page.locator('.tile').first().waitFor();
});

test('a tile with room for it shows all of an error', { timeout: 60000 * TIME_SCALE }, async (context) => {
  const unplugged = await startServer({ cameras: [{ id: 'gone', source: { type: 'v4l2', device: '/dev/unplugged' } }] });
  context.after(unplugged.stop);
  const page = await openPage(browser, { viewport: { width: 440, height: 500 } });
  await page.goto(unplugged.url, { waitUntil: 'domcontentloaded' });
  const error = page.locator('[data-state="offline"] .screen .error');
  await error.waitFor();
  const [whole, shown, bottom, screenBottom] = await error.evaluate((element) => [
    element.scrollHeight, element.clientHeight, element.getBoundingClientRect().bottom,
    element.closest('.screen').getBoundingClientRect().bottom]);
  assert.ok(whole <= shown, `${shown} px of ${whole} are shown`);
  assert.ok(bottom <= screenBottom, 'it ends within its tile');
});

test('a tile dragged onto another takes its place', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openPage(browser);
  await page.goto(server.url, { waitUntil: 'domcontentloaded' });
  await waitUntil(() => hasPictures(page), 'the pictures', 20);
  await page.locator('[data-id="portrait"] h2').dragTo(page.locator('[data-id="front-door"] h2'));
  await waitUntil(() => new URL(page.url()).searchParams.get('order')?.startsWith('portrait,front-door,'), 'the order');
});

test('the status page shows what the API reports', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openPage(browser);
  await page.goto(`${server.url}/status`, { waitUntil: 'domcontentloaded' });
  const { cameras: told, workers } = await server.status();
  assert.equal(await page.locator('[data-figure="threads"]').textContent(), String(workers.threads));
  assert.equal(await page.locator('tr[data-id]').count(), told.length);
  await page.locator('tr[data-id="gone"][data-state="offline"]').waitFor();
  assert.deepEqual(page.complaints, []);
});

test('without JavaScript the wall shows every camera, and the status page its state', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openPage(browser, { javaScriptEnabled: false });
  const shown = new Set();
  page.on('response', (response) => {
    if (response.headers()['content-type'] === 'image/jpeg') shown.add(new URL(response.url()).pathname.split('/')[2]);
  });
  await page.goto(server.url, { waitUntil: 'commit' });
  await waitUntil(() => shown.size >= cameras.length - 1, 'a picture of every camera that has one', 30);
  await screenshot(page, 'wall-without-javascript');
  const first = shown.size;
  shown.clear();
  await waitUntil(() => shown.size >= first, 'the page to load itself again', 30);
  await page.goto(`${server.url}/status`, { waitUntil: 'commit' });
  await page.locator('tr[data-id="gone"] .state').getByText('offline').waitFor();
});
