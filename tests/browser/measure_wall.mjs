// Shows a wall in Chromium and measures how often each tile is painted: node measure_wall.mjs URL TILES SECONDS.
// Prints "begin" when the measuring begins, and at its end {"fps": [...], "width": ..., "seconds": ...}: the rate of
// each tile, and how wide the pictures are.

import { openPage, sleep, startBrowser, waitUntil } from './harness.mjs';

const [url, tiles, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const WARM_UP_MS = 5000;
// Eight columns of 320 px, with the gaps between and around them.
const [GAP, COLUMNS] = [4, 8];
const ROWS = Math.ceil(tiles / COLUMNS);
const viewport = { width: COLUMNS * (320 + GAP) + GAP, height: ROWS * (180 + GAP) + GAP };

// Runs in the page, before its own scripts.
function countPaints() {
  const paint = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function count(...options) {
    this.canvas.paints = (this.canvas.paints ?? 0) + 1;
    return paint.apply(this, options);
  };
}

const countsOf = (page) => page.evaluate(() => ({
  time: performance.now(),
  paints: [...document.querySelectorAll('canvas.picture')].map((canvas) => canvas.paints ?? 0),
  width: document.querySelector('canvas.picture').width,
}));

const browser = await startBrowser();
const page = await openPage(browser, { viewport });
await page.addInitScript(countPaints);
await page.goto(`${url}/?kiosk=1`);
await waitUntil(async () => {
  const { paints } = await countsOf(page);
  return paints.length === tiles && paints.every((count) => count > 0);
}, 'every tile to be painted', 60);
await sleep(WARM_UP_MS);
console.log('begin');
const first = await countsOf(page);
await sleep(1000 * seconds);
const last = await countsOf(page);
const elapsed = (last.time - first.time) / 1000;
const fps = last.paints.map((count, index) => (count - first.paints[index]) / elapsed);
console.log(JSON.stringify({ fps, width: last.width, seconds: elapsed }));
await browser.close();
