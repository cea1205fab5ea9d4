// Cameras of another server of the cluster on the pages, in Chromium and in Firefox.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { browsers, pattern, screenshot, startServer, TIME_SCALE, waitUntil } from './harness.mjs';
import { readSequences } from './strip.mjs';

// Where scripts/test unpacks it.
const UNPACKED = join(process.env.SOURCE_DIR ?? '.', 'build/nats-server/usr/sbin/nats-server');
const NATS_SERVER = [UNPACKED, '/usr/sbin/nats-server', '/usr/bin/nats-server'].find(existsSync);
const HEIGHT = 180;
const ID = 'site-a.front';
const SELECTOR = `.tile[data-id="${ID}"]`;

if (!NATS_SERVER) {
  console.log('SKIP browser: nats-server is missing');
  process.exit(77);
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const camera = (id, name) => pattern(id, { height: HEIGHT, fps: 5 }, { name, on_demand: false });

// A site with a camera, and a wall that shows it beside its own.
let nats, site, wall;
before(async () => {
  const port = await freePort();
  nats = spawn(NATS_SERVER, ['-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const cluster = (node, more) => ({ url: `nats://127.0.0.1:${port}`, node, ...more });
  site = await startServer({ cluster: cluster('site-a', { export: ['*'] }), cameras: [camera('front', 'Front door')] });
  wall = await startServer({ cluster: cluster('wall', { import: ['*/*'] }), cameras: [camera('own', 'Own')] });
  const isThere = async () => (await wall.status()).cameras.some(({ id }) => id === ID);
  await waitUntil(isThere, 'the camera to be imported', 30);
});
after(async () => {
  await wall?.stop();
  await site?.stop();
  nats?.kill('SIGKILL');
});

const moves = async (page) => {
  const first = await waitUntil(async () => {
    const sequences = await readSequences(page, HEIGHT);
    return sequences.get(ID) > 0 && sequences;
  }, 'a picture of the imported camera', 30);
  await waitUntil(async () => (await readSequences(page, HEIGHT)).get(ID) > first.get(ID), 'it to move', 30);
};

for (const { name, start } of browsers) {
  describe(name, { timeout: 300000 * TIME_SCALE }, () => {
    let browser;
    before(async () => { browser = await start(); });
    after(() => browser?.close());

    test('an imported camera is a tile that moves, and says where it is', async () => {
      const page = await browser.open(1280, 800);
      await page.goto(`${wall.url}/`);
      await moves(page);
      const shown = await page.evaluate((selector) => {
        const tile = document.querySelector(selector);
        return { node: tile.querySelector('.node').textContent, link: tile.querySelector('h2 a').getAttribute('href') };
      }, SELECTOR);
      assert.deepEqual(shown, { node: 'site-a', link: `camera/${ID}` });
      assert.equal(await page.evaluate(() => document.querySelector('.tile[data-id="own"] .node').hidden), true);
      await screenshot(page, `cluster-wall-${name.toLowerCase()}`);
      assert.deepEqual(page.complaints, []);
    });

    test('the name of a node filters its cameras, and their order is remembered', async () => {
      const page = await browser.open(1280, 800);
      await page.goto(`${wall.url}/?filter=site-a&order=${ID},own`);
      const idsOf = (selector) => page.evaluate((tiles) =>
        [...document.querySelectorAll(tiles)].map((tile) => tile.dataset.id).join(), selector);
      await waitUntil(async () => await idsOf('.tile:not([hidden])') === ID, 'one tile', 30);
      assert.equal(await idsOf('.tile'), `${ID},own`);
      assert.deepEqual(page.complaints, []);
    });

    test('its page shows it live, with its server', async () => {
      const page = await browser.open(1280, 1200);
      await page.goto(`${wall.url}/camera/${ID}`);
      await waitUntil(() => page.evaluate(() => document.querySelector('main').dataset.state === 'live' &&
        document.querySelector('.picture').naturalWidth > 0), 'the picture', 30);
      const text = await page.evaluate(() => document.querySelector('.facts').textContent);
      assert.match(text, /Server\s*site-a/);
      await screenshot(page, `cluster-camera-${name.toLowerCase()}`);
    });

    test('the status page counts the nodes', async () => {
      const page = await browser.open(1280, 800);
      await page.goto(`${wall.url}/status`);
      await waitUntil(() => page.evaluate(() => document.querySelector('[data-figure=nodes]').textContent ===
        '1 of 1 other server online'), 'the nodes', 30);
      assert.equal(await page.evaluate(() => document.querySelector('[data-figure=cluster]').textContent), 'connected');
      assert.deepEqual(page.complaints, []);
    });
  });
}
