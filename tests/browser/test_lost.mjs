// What cannot be seen must not look live: a server that is gone, a camera that has failed or was removed.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { browsers, pattern, screenshot, startServer, TIME_SCALE, waitUntil } from './harness.mjs';
import { readSequence, readSequences } from './strip.mjs';

const HEIGHT = 180;
const LOST_WITHIN_S = 4; // 2 s, and time to notice on a busy machine
const BACK_WITHIN_MS = 1000;
const BUSY_MS = 1500;

const camera = (id, source = {}, more = {}) => pattern(id, { height: HEIGHT, fps: 5, ...source }, more);
const few = { cameras: [camera('one'), camera('two'), camera('three')] };

async function serve(context, ...options) {
  const server = await startServer(...options);
  context.after(server.kill);
  return server;
}

const statesOf = (page) => page.evaluate(() =>
  [...document.querySelectorAll('[data-id][data-state]')].map(({ dataset }) => `${dataset.id} ${dataset.state}`));
const allAre = async (page, state) => (await statesOf(page)).every((text) => text.endsWith(` ${state}`));
const tabOf = (page) => page.evaluate(() => ({
  title: document.title, icon: document.querySelector('link[rel=icon]').href.replace(/.*\//, '') }));
const textOf = (page, selector) => page.evaluate((wanted) => document.querySelector(wanted).innerText, selector);
const secondsOf = (text) => Number(text.match(/([\d.]+) s ago/)?.[1]);

for (const { name, start } of browsers) {
  describe(name, { timeout: 180000 * TIME_SCALE }, () => {
    let browser;
    before(async () => { browser = await start(); });
    after(() => browser?.close());

    test('a wall without its server says so on every tile, and is back at once', async (context) => {
      const first = await serve(context, few);
      const page = await browser.open(1280, 800);
      await page.goto(first.url);
      await waitUntil(async () => [...(await readSequences(page, HEIGHT)).values()].every((shown) => shown !== null),
        'the pictures');
      const age = () => page.evaluate(() => document.querySelector('.tile [data-figure=age]').textContent);
      await waitUntil(async () => (await age()).endsWith(' ago'), 'the age of a picture');
      assert.deepEqual(await tabOf(page), { title: 'framebroker', icon: 'favicon.svg' });
      await page.evaluate(() => { window.sameDocument = true; });
      await first.kill();
      await waitUntil(() => allAre(page, 'lost'), 'every tile to be lost', LOST_WITHIN_S);
      assert.match(await textOf(page, '.tile .word'), /no connection/i);
      assert.match(await textOf(page, '.summary'), /^No connection for \d+ s$/);
      assert.match(await textOf(page, '.warning'), /No connection to the server/);
      assert.deepEqual(await tabOf(page), { title: 'No connection – framebroker', icon: 'favicon-lost.svg' });
      const before = secondsOf(await age());
      await waitUntil(async () => secondsOf(await age()) >= before + 1, 'its age to go on');
      assert.ok([...(await readSequences(page, HEIGHT)).values()].every((shown) => shown !== null), 'pictures stay');
      await screenshot(page, `wall-lost-${name.toLowerCase()}`);

      // It comes back with another camera in place of one.
      await serve(context, { cameras: [camera('one'), camera('new'), camera('three')] }, first.port);
      const began = Date.now();
      await waitUntil(async () => !await allAre(page, 'lost'), 'the wall to be back', 3);
      const took = Date.now() - began;
      context.diagnostic(`back after ${took} ms`);
      assert.ok(took < (BACK_WITHIN_MS + BUSY_MS) * TIME_SCALE, `${took} ms`);
      await waitUntil(async () => (await statesOf(page)).join() === 'one live,new live,three live', 'the new camera');
      await waitUntil(async () => await readSequence(page, 'new', HEIGHT) !== null, 'its picture');
      assert.ok(await page.evaluate(() => window.sameDocument), 'the page was not loaded again');
      assert.equal((await tabOf(page)).title, 'framebroker');
    });

    test('rows of the status page come and go with cameras', async (context) => {
      const first = await serve(context, few);
      const page = await browser.open(1280, 800);
      await page.goto(`${first.url}/status`);
      await waitUntil(async () => (await statesOf(page)).length === 3, 'the rows');
      await first.kill();
      await waitUntil(() => allAre(page, 'lost'), 'every row to be lost', LOST_WITHIN_S);
      await serve(context, { cameras: [camera('new'), camera('three')] }, first.port);
      await waitUntil(async () => (await statesOf(page)).join() === 'new idle,three idle', 'the new rows', 5);
    });

    test('the page of a camera that was removed says so', async (context) => {
      const first = await serve(context, few);
      const page = await browser.open(1280, 800);
      await page.goto(`${first.url}/camera/one`, { waitUntil: 'domcontentloaded' });
      await waitUntil(() => allAre(page, 'live'), 'the camera');
      await first.kill();
      await waitUntil(() => allAre(page, 'lost'), 'the page to be lost', LOST_WITHIN_S);
      await serve(context, { cameras: [camera('two')] }, first.port);
      await waitUntil(() => allAre(page, 'removed'), 'the page to say that it is gone', 5);
      assert.match(await textOf(page, '.warning'), /no longer in the configuration/);
    });

    test('a camera that fails keeps its last live picture, with its time', async (context) => {
      const faults = [{ kind: 'vanish', at_frame: 30, for_s: 60 }];
      const server = await serve(context, { cameras: [camera('steady'), camera('loose', { faults })] });
      const page = await browser.open(1280, 800);
      await page.goto(server.url);
      await waitUntil(async () => (await statesOf(page)).includes('loose offline'), 'the failure', 20);
      const trouble = await textOf(page, '[data-id=loose] .trouble');
      assert.match(trouble, /offline\s+for \d+ s, since \d\d:\d\d\s+.*\s+last picture \d\d:\d\d:\d\d/i);
      const title = await page.evaluate(() => document.querySelector('[data-id=loose] h2 a').title);
      assert.match(title, /^loose: offline since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, /);
      assert.ok(await readSequence(page, 'loose', HEIGHT) > 0, 'its own picture');
      assert.equal((await tabOf(page)).icon, 'favicon-trouble.svg');
      assert.match((await tabOf(page)).title, /^\(1\) /);
      await screenshot(page, `wall-offline-${name.toLowerCase()}`);
    });
  });
}
