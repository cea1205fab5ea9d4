// A guard's day: trouble calls, is found, acknowledged and gone; many cameras on a kiosk's pages; views with names.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import {
  browsers, fragileCamera, openPage, pattern, screenshot, startBrowser, startServer, TIME_SCALE, waitUntil,
} from './harness.mjs';

const camera = (id, source = {}, more = {}) => pattern(id, { height: 180, fps: 1, ...source }, more);
const dying = (id, atFrame, forS) => camera(id, { faults: [{ kind: 'vanish', at_frame: atFrame, for_s: forS }] });
const CAMERAS = 64;

// Three die; one of them comes back, when the test mends it.
const many = (fragile) => Array.from({ length: CAMERAS }, (_, index) => {
  const id = `cam-${index + 1}`;
  if (index === 20 || index === 40) return dying(id, 3, 600);
  return index === 60 ? fragile.camera : camera(id);
});

async function serve(context, ...options) {
  const server = await startServer(...options);
  context.after(server.kill);
  return server;
}

const titleOf = (page) => page.evaluate(() => document.title);
const idsShown = (page) => page.evaluate(() =>
  [...document.querySelectorAll('.tile:not([hidden])')].map(({ dataset }) => dataset.id));
const summaryOf = (page) => page.evaluate(() =>
  [...document.querySelectorAll('.summary button')].map(({ textContent }) => textContent).join(' · '));
const lately = (page) => page.evaluate(() =>
  [...document.querySelectorAll('.happened li')].map(({ textContent }) => textContent));
const click = (page, selector) => page.evaluate((wanted) => document.querySelector(wanted).click(), selector);
const query = (page) => page.evaluate(() => location.search);

for (const { name, start } of browsers) {
  describe(name, { timeout: 180000 * TIME_SCALE }, () => {
    let browser;
    before(async () => { browser = await start(); });
    after(() => browser?.close());

    test('of 64 cameras three die, one comes back, the server restarts, and a camera is added', async (context) => {
      const fragile = fragileCamera('cam-61');
      const first = await serve(context, { cameras: many(fragile) });
      const wall = await browser.open(1440, 900);
      const handset = await start(); // a tab of the same browser would hide the wall
      context.after(handset.close);
      const phone = await handset.open(390, 844);
      await wall.goto(`${first.url}/?layout=64`);
      await phone.goto(first.url);
      await waitUntil(() => wall.evaluate(() => document.querySelector('[data-id=cam-61].has-picture') !== null),
        'the doomed', 60);
      fragile.cut();
      for (const page of [wall, phone]) {
        await waitUntil(async () => (await titleOf(page)).startsWith('(3) '), 'three to be in trouble', 60);
      }
      await waitUntil(async () => /3 offline$/.test(await summaryOf(wall)), 'the summary');
      const top = async () => (await idsShown(phone)).slice(0, 3).join(' ');
      await waitUntil(async () => (await top()) === 'cam-21 cam-41 cam-61', 'trouble to be on top');
      await screenshot(wall, `guard-wall-${name.toLowerCase()}`);
      await screenshot(phone, `guard-phone-${name.toLowerCase()}`);
      const rows = await phone.evaluate(() => [...document.querySelectorAll('.tile')]
        .filter((tile) => tile.getBoundingClientRect().bottom <= innerHeight).length);
      assert.ok(rows >= 6, `${rows} cameras on a phone's screen`);

      // What has happened is listed, and seen to.
      await click(wall, '#events');
      await waitUntil(async () => new Set((await lately(wall)).map((text) => text.match(/cam-\d+(?= is offline)/)?.[0])
        .filter(Boolean)).size === 3, 'the list of it');
      await waitUntil(async () => (await wall.evaluate(() =>
        document.querySelector('#acknowledge').textContent)) === 'Acknowledge 3', 'a call for each');
      assert.equal(await wall.evaluate(() => { // at once: a camera that fails again calls again
        document.querySelector('#acknowledge').click();
        return document.querySelectorAll('.tile.calls').length;
      }), 0);

      // A count is a filter; the camera that comes back leaves it.
      await click(wall, '.summary [data-filter=offline]');
      assert.deepEqual(await idsShown(wall), ['cam-21', 'cam-41', 'cam-61']);
      fragile.mend();
      await waitUntil(async () => (await idsShown(wall)).join() === 'cam-21,cam-41', 'one to come back', 30);
      await waitUntil(async () => (await lately(wall)).some((text) => /cam-61 is (live|idle)$/.test(text)), 'its return');
      assert.ok((await titleOf(wall)).startsWith('(2) '));
      await wall.keyboard.press('Escape');

      await first.kill();
      await waitUntil(async () => /^No connection/.test(await titleOf(phone)), 'the phone to notice');
      const healthy = Array.from({ length: CAMERAS }, (_, index) => camera(`cam-${index + 1}`));
      await serve(context, { cameras: [...healthy, camera('new')] }, first.port);
      for (const page of [wall, phone]) {
        await waitUntil(async () => (await titleOf(page)) === 'framebroker', 'all to be well', 20);
        await waitUntil(async () => (await summaryOf(page)).startsWith('65 cameras'), 'the new camera', 20);
      }
      assert.equal(await wall.evaluate(() => document.querySelector('#acknowledge').hidden), true);
      await wall.close();
    });
  });
}

describe('in one browser', { timeout: 180000 * TIME_SCALE }, () => {
  let browser;
  before(async () => { browser = await startBrowser(); });
  after(() => browser?.close());

  test('300 cameras turn on the pages of a kiosk, and trouble stays', async (context) => {
    const cameras = Array.from({ length: 300 }, (_, index) => (index === 250 ? dying('dead', 1, 600)
      : camera(`building-${index % 9}-camera-${index}`)));
    const server = await serve(context, { cameras });
    const page = await openPage(browser, { viewport: { width: 1920, height: 1080 } });
    await page.goto(`${server.url}/?kiosk=1&rotate=2`);
    await page.locator('[data-id=dead][data-state=offline]').waitFor({ timeout: 60000 * TIME_SCALE });
    const pages = new Set();
    await waitUntil(async () => {
      const ids = await idsShown(page);
      if (ids[0] !== 'dead') return false;
      pages.add(ids[1]);
      return pages.size === 4;
    }, 'four pages, each with the dead camera first', 30);
    const widths = await page.evaluate(() =>
      [...document.querySelectorAll('.tile:not([hidden])')].map(({ clientWidth }) => clientWidth));
    assert.ok(Math.min(...widths) >= 190, `${Math.min(...widths)} px`);
    await waitUntil(() => page.evaluate(() => !document.documentElement.classList.contains('awake')), 'the cursor to go');
    await screenshot(page, 'kiosk-300');
    // The buttons are gone again three seconds after the last movement, unless one of them has the focus.
    await waitUntil(async () => {
      await page.mouse.move(500, 500);
      await page.mouse.move(600, 500);
      return page.evaluate(() => {
        const pause = document.querySelector('#kiosk-pause');
        pause.focus();
        return document.activeElement === pause;
      });
    }, 'the buttons');
    await page.getByRole('button', { name: 'Pause' }).click();
    const paused = await idsShown(page);
    await page.getByRole('button', { name: 'Next page' }).click();
    assert.notDeepEqual(await idsShown(page), paused);
    await page.getByRole('button', { name: 'Exit' }).click();
    await page.locator('.tools').waitFor();

    // The whole order in an address that fits everywhere.
    await page.locator('.tile a').first().focus();
    await page.keyboard.press('Shift+ArrowRight');
    const { length } = await query(page);
    context.diagnostic(`an order of 300 cameras takes ${length} characters`);
    assert.ok(length > 1000 && length < 1400, `${length} characters`);
    assert.deepEqual(page.complaints, []);
  });

  test('most of the screen is picture', async (context) => {
    const sizes = [[320, 180], [320, 240], [180, 240], [320, 180]];
    const of = (count, kinds) => Array.from({ length: count }, (_, index) => {
      const [width, height] = sizes[index % kinds];
      return camera(`cam-${index}`, { width, height });
    });
    for (const [cameras, path, least] of [[of(16, 1), '/', 0.77], [of(64, 4), '/', 0.65], [of(64, 4), '/?layout=64', 0.65]]) {
      const server = await startServer({ cameras });
      const page = await openPage(browser, { viewport: { width: 1440, height: 900 } });
      await page.goto(server.url + path);
      await waitUntil(() => page.evaluate(() => [...document.querySelectorAll('.tile')]
        .filter((tile) => tile.getBoundingClientRect().top < innerHeight)
        .every((tile) => tile.matches('.has-picture'))), 'the pictures', 30);
      const share = await page.evaluate(() => {
        let area = 0;
        for (const canvas of document.querySelectorAll('canvas.picture')) {
          const box = canvas.getBoundingClientRect();
          const scale = Math.min(box.width / canvas.width, box.height / canvas.height);
          const top = box.top + (box.height - scale * canvas.height) / 2;
          const bottom = Math.min(innerHeight, top + scale * canvas.height);
          area += scale * canvas.width * Math.max(0, bottom - top);
        }
        return area / innerWidth / innerHeight;
      });
      context.diagnostic(`${cameras.length} cameras, ${path}: ${Math.round(100 * share)} % of 1440x900 are picture`);
      assert.ok(share >= least, `${share}`);
      await page.context().close();
      await server.kill();
    }
  });

  test('a view with a name is remembered, shared by its address, and found by the filter', async (context) => {
    const server = await serve(context, { cameras: ['a', 'b', 'c', 'd'].map((id) => camera(id)) });
    const page = await openPage(browser, { viewport: { width: 1280, height: 800 } });
    await page.goto(`${server.url}/?order=c,b&layout=4`);
    await page.locator('#filter').fill('b');
    await page.getByText('More').click();
    await page.getByRole('button', { name: 'Save this view' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Gates');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await waitUntil(async () => (await idsShown(page)).join() === 'b', 'the view');
    const address = page.url();
    await page.getByRole('link', { name: 'All', exact: true }).click();
    await waitUntil(async () => (await idsShown(page)).length === 4, 'all cameras');
    await page.keyboard.press('/');
    await page.keyboard.type('gates');
    assert.deepEqual(await idsShown(page), ['b']);
    await page.reload();
    await page.getByRole('link', { name: 'Gates' }).waitFor();

    const other = await openPage(browser);
    await other.goto(address);
    await waitUntil(async () => (await idsShown(other)).join() === 'b', 'the same view elsewhere');
    await other.context().close();
  });

  test('a new trouble notifies and sounds where that is chosen', async (context) => {
    const loose = fragileCamera('loose');
    const server = await serve(context, { cameras: [camera('steady'), loose.camera] });
    const page = await openPage(browser);
    await page.addInitScript(() => {
      window.notices = [];
      window.tones = 0;
      window.Notification = class extends EventTarget {
        static permission = 'granted';
        static requestPermission = async () => 'granted';
        constructor(title) {
          super();
          window.notices.push(title);
        }
      };
      const { start } = OscillatorNode.prototype;
      OscillatorNode.prototype.start = function count(...options) {
        window.tones++;
        return start.apply(this, options);
      };
    });
    await page.goto(server.url);
    await page.getByText('More').click();
    await page.getByLabel('Sound for trouble').check();
    await page.getByLabel('Notifications').check();
    const tonesOfTrial = await page.evaluate(() => window.tones);
    await page.locator('[data-id=loose][data-state=live]').waitFor();
    loose.cut();
    await waitUntil(() => page.evaluate(() => window.notices.length > 0), 'the notification', 20);
    assert.deepEqual(await page.evaluate(() => window.notices), ['loose is offline']);
    assert.ok(await page.evaluate(() => window.tones) > tonesOfTrial, 'a sound');
    await page.keyboard.press('Escape');
    await page.keyboard.press('a');
    assert.equal(await page.evaluate(() => document.querySelectorAll('.tile.calls').length), 0);
  });

  test('the bar on a picture leads to the neighbours, zooms and pauses', async (context) => {
    const server = await serve(context, { cameras: ['a', 'b', 'c'].map((id) => camera(id, { fps: 5 })) });
    const page = await openPage(browser, { viewport: { width: 1280, height: 900 } });
    const pathname = () => page.evaluate(() => location.pathname).catch(() => null);
    await page.goto(`${server.url}/?order=c,b,a`);
    await page.goto(`${server.url}/camera/b`, { waitUntil: 'domcontentloaded' });
    await page.getByRole('link', { name: 'Previous camera, c' }).waitFor({ state: 'attached' });
    await page.keyboard.press('+');
    assert.equal(await page.locator('#zoom').textContent(), '150 %');
    await page.keyboard.press('ArrowRight'); // moves within the picture
    assert.equal(await pathname(), '/camera/b');
    await page.keyboard.press('0');
    await waitUntil(() => page.evaluate(() => document.querySelector('.picture').naturalWidth > 0), 'the picture');
    await page.keyboard.press(' ');
    await waitUntil(async () => (await server.status()).streams.active === 0, 'the stream to end');
    assert.ok(await page.locator('.kept').isVisible());
    await page.keyboard.press(' ');
    await page.keyboard.press('ArrowRight');
    await waitUntil(async () => await pathname() === '/camera/a', 'the next');
    await page.getByRole('link', { name: 'Previous camera, b' }).waitFor({ state: 'attached' });
    await page.evaluate(() => {
      const stage = document.querySelector('.stage');
      const point = (kind, clientX) => stage.dispatchEvent(new PointerEvent(kind,
        { clientX, clientY: 200, pointerId: 7, pointerType: 'touch', bubbles: true }));
      point('pointerdown', 200);
      point('pointermove', 300);
      point('pointerup', 400);
    });
    await waitUntil(async () => await pathname() === '/camera/b', 'the one before, by a swipe');
    assert.deepEqual(page.complaints, []);
  });

  test('views of the configuration are tabs, with addresses of their own', async (context) => {
    const server = await serve(context, {
      views: [{ name: 'Ground floor', cameras: ['hall', 'door-*'], layout: 4 }, { name: 'Roof', cameras: ['roof'] }],
      cameras: ['door-1', 'door-2', 'roof', 'hall'].map((id) => camera(id)),
    });
    const page = await openPage(browser, { viewport: { width: 1280, height: 800 } });
    await page.goto(server.url);
    await page.getByRole('link', { name: 'Ground floor' }).click();
    assert.deepEqual(await idsShown(page), ['hall', 'door-1', 'door-2']);
    assert.equal(await query(page), '?view=Ground%20floor&layout=4');
    await screenshot(page, 'wall-views');
    await page.goto(`${server.url}/?view=Roof`);
    assert.deepEqual(await idsShown(page), ['roof']);
    assert.deepEqual(await page.evaluate(() =>
      [...document.querySelectorAll('.views [aria-current]')].map(({ textContent }) => textContent)), ['Roof']);
    assert.deepEqual(page.complaints, []);
  });

  test('the keys are shown, and the focus returns to the tile after the filter', async (context) => {
    const server = await serve(context, { cameras: ['a', 'b', 'c'].map((id) => camera(id)) });
    const page = await openPage(browser, { viewport: { width: 1280, height: 800 } });
    await page.goto(server.url);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await screenshot(page, 'wall-keys');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'hidden' });
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('/');
    await page.keyboard.type('b');
    await page.keyboard.press('Escape');
    assert.equal(await page.evaluate(() => document.activeElement.closest('.tile')?.dataset.id), 'b');
    assert.equal((await idsShown(page)).length, 3);
    assert.match(await page.evaluate(() => document.activeElement.textContent), /^b, (live|idle|starting)$/);
  });
});
