// The first view of a wall: what is asked of the server, and when. scripts/bench page measures how long it takes.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openPage, pattern, startBrowser, startServer, waitUntil } from './harness.mjs';

const CAMERAS = 16;
// The page, its script, its style sheets and icon, the state of the cameras and its changes, and the feed.
const REQUESTS_MAX = 10;

let browser;
let server;

before(async () => {
  browser = await startBrowser();
  server = await startServer({
    cameras: Array.from({ length: CAMERAS }, (_, index) => pattern(`cam-${index + 1}`, { height: 180 })),
  });
});

after(async () => {
  await browser?.close();
  await server?.kill();
});

// Runs in the page, before its own scripts.
function noteFeed() {
  const { fetch } = globalThis;
  globalThis.fetch = (address, options) => {
    if (String(address).startsWith('feed?')) globalThis.feedAskedAt ??= performance.now();
    return fetch(address, options);
  };
}

async function openWall(query) {
  const page = await openPage(browser, { viewport: { width: 1440, height: 900 } });
  page.paths = [];
  page.on('request', (request) => page.paths.push(request.url().slice(server.url.length)));
  await page.addInitScript(noteFeed);
  await page.goto(`${server.url}/${query}`);
  await waitUntil(() => page.evaluate((count) => document.querySelectorAll('.tile.has-picture').length === count, CAMERAS),
    'every picture', 30);
  return page;
}

for (const query of ['', '?kiosk=1', '?layout=16']) {
  test(`a wall asks for its pictures before it paints: /${query}`, async () => {
    const page = await openWall(query);
    const { asked, painted } = await page.evaluate(() => ({
      asked: globalThis.feedAskedAt,
      painted: performance.getEntriesByName('first-paint')[0].startTime,
    }));
    assert.ok(asked <= painted, `${asked} ms, and painted at ${painted} ms`);
  });
}

test('a wall asks for its pictures once', async () => {
  const page = await openWall('');
  const different = new Set(page.paths);
  assert.ok(different.size <= REQUESTS_MAX, [...different].join(' '));
  const polls = () => page.paths.filter((path) => path.startsWith('/api/cameras')).length;
  await waitUntil(() => polls() >= 3, 'what would change the view');
  assert.deepEqual(page.paths.filter((path) => path.startsWith('/feed')), ['/feed?cameras=all&width=480']);
});
