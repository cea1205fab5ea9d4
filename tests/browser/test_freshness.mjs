// Chromium paints a part of a multipart stream only when it has seen the head of the next one. A camera of one frame a
// second must not be shown a second late for that.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { after, before, test } from 'node:test';

import { openPage, plainPicture, startBrowser, startServer, TIME_SCALE, waitUntil } from './harness.mjs';

const COLOURS = ['red', 'lime', 'blue'];
const CHANGES = 6;
const LATEST_MS = 500; // usually: a second late, each of them would be

let server, browser, pictures;
before(async () => {
  const files = COLOURS.map(plainPicture);
  pictures = files.map((file) => readFileSync(file));
  server = await startServer({ cameras: [{ id: 'colours', source: { type: 'emulated', files, fps: 1 } }] });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

// Collects [colour, milliseconds since the epoch] of each publication, as another client of the stream is told.
function watchPublications(url) {
  const publications = [];
  let received = Buffer.alloc(0);
  let newest = '';
  const request = get(url, (response) => response.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const end = received.indexOf('\r\n\r\n');
      const head = received.subarray(0, end).toString();
      const length = Number(head.match(/^Content-Length: (\d+)/im)?.[1]);
      if (end < 0 || received.length < end + 4 + length) return;
      const body = received.subarray(end + 4, end + 4 + length);
      received = received.subarray(end + 4 + length);
      const timestamp = head.match(/^X-Timestamp: ([\d.]+)/im)[1];
      const colour = COLOURS[pictures.findIndex((picture) => picture.equals(body))];
      if (timestamp !== newest && colour) publications.push([colour, Number(timestamp) * 1000]);
      newest = timestamp;
    }
  }));
  return { publications, close: () => request.destroy() };
}

// Runs in the page: notes each change of colour with its time in window.changes.
function watchPicture(colours) {
  const image = document.querySelector('.picture');
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const near = { red: [255, 0, 0], lime: [0, 255, 0], blue: [0, 0, 255] };
  window.changes = [];
  setInterval(() => {
    if (!image.naturalWidth) return;
    context.drawImage(image, 0, 0, 1, 1);
    const pixel = context.getImageData(0, 0, 1, 1).data;
    const colour = colours.find((name) => near[name].every((value, index) => Math.abs(value - pixel[index]) < 40));
    if (colour && colour !== window.changes.at(-1)?.[0]) window.changes.push([colour, Date.now()]);
  }, 10);
}

test('a new picture of a slow camera is painted soon after its publication', { timeout: 60000 * TIME_SCALE }, async (context) => {
  const page = await openPage(browser);
  const stream = watchPublications(`${server.url}/camera/colours/video_feed`);
  await page.goto(`${server.url}/camera/colours`);
  await page.evaluate(watchPicture, COLOURS);
  // The first picture may have been published before the page was there.
  await waitUntil(async () => (await page.evaluate(() => window.changes.length)) > CHANGES, 'the pictures', 30);
  const changes = (await page.evaluate(() => window.changes)).slice(1);
  const publicationOf = ([colour, seen]) =>
    stream.publications.findLast(([name, time]) => name === colour && time <= seen && time > seen - 2500);
  await waitUntil(() => changes.every(publicationOf), 'the publication of what was painted');
  stream.close();
  const delays = changes.map((change) => Math.round(change[1] - publicationOf(change)[1])).sort((a, b) => a - b);
  context.diagnostic(`painted after ${delays.join(', ')} ms`);
  assert.ok(delays[Math.floor(delays.length / 2)] < LATEST_MS, `painted after ${delays.join(', ')} ms`);
  assert.deepEqual(page.complaints, []);
});
