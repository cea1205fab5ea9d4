// Makes the README's picture, config/demo/gallery.png, from the demo configuration:
//   node tests/browser/take_picture.mjs config/demo.json config/demo/gallery.png

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { openPage, sleep, startBrowser, startServer } from './harness.mjs';

const [, , configPath, picturePath] = process.argv;
const SETTLE_MS = 4000;

const config = JSON.parse(readFileSync(configPath, 'utf8'));
for (const camera of config.cameras) {
  const { source } = camera;
  source.files = source.files?.map((file) => resolve(dirname(configPath), file));
  delete camera.record; // a picture leaves nothing behind
}
const server = await startServer({ cameras: config.cameras });
const browser = await startBrowser();
const page = await openPage(browser, { viewport: { width: 1400, height: 492 }, colorScheme: 'light' });
await page.goto(server.url);
await sleep(SETTLE_MS);
await page.screenshot({ path: picturePath });
await browser.close();
await server.stop();
