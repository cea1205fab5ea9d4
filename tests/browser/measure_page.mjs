// Opens pages in Chromium, each in a profile of its own, and measures how long each takes to show its pictures.
// Prints "ready" once the browser runs. Then takes an address in each line of input, and prints the times from the
// beginning of the navigation, in ms: { html, paint, loaded, feed, first, all }, where null is what the page has not;
// with them { requests, width }: how many requests it made, and how wide the pictures of its feed are.

import { setTimeout as sleep } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import puppeteer from 'puppeteer-core';
import { CHROMIUM, FLAGS } from './chromium.mjs';

const WINDOW = { width: 1440, height: 900 };
const REST_MS = 1000; // the browser's own pages load when a window opens
const LOOK_MS = 50;
const WAIT_MS = 20_000;

// Runs in the page, before its own scripts.
function observe() {
  const seen = { feed: null, first: null, all: null, width: null };
  globalThis.seen = seen;
  const { fetch } = globalThis;
  globalThis.fetch = (address, options) => {
    if (seen.feed === null && String(address).startsWith('feed?')) {
      seen.feed = performance.now();
      seen.width = Number(new URLSearchParams(address.split('?')[1]).get('width'));
    }
    return fetch(address, options);
  };
  const isThere = (element) => (element.localName === 'img' ? element.complete && element.naturalWidth > 0
    : element.classList.contains('has-picture'));
  let count = 0;
  const look = () => {
    // What was there before a frame is on the screen when the next one begins.
    const pictures = [...document.querySelectorAll('.tile, img.floor')];
    if (count > 0) seen.first ??= performance.now();
    if (count > 0 && count === pictures.length) seen.all = performance.now();
    count = pictures.filter(isThere).length;
    if (seen.all === null) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

// Runs in the page at the end.
function read() {
  const [{ responseEnd, loadEventEnd }] = performance.getEntriesByType('navigation');
  const [paint] = performance.getEntriesByName('first-contentful-paint');
  const { feed } = globalThis.seen;
  // The entry of a feed comes at its end.
  const requests = 1 + performance.getEntriesByType('resource').length + (feed === null ? 0 : 1);
  return { ...globalThis.seen, requests, html: responseEnd, paint: paint?.startTime ?? null, loaded: loadEventEnd };
}

async function measure(browser, url) {
  const context = await browser.createBrowserContext();
  const whole = await browser.target().createCDPSession();
  // A page of puppeteer's own would have each step of each request reported, which costs the browser time.
  await whole.send('Target.createTarget', { url: 'about:blank', browserContextId: context.id, ...WINDOW });
  const target = await context.waitForTarget((opened) => opened.type() === 'page'); // others are the window's own
  const session = await target.createCDPSession();
  const evaluate = async (expression) => (await session.send('Runtime.evaluate', {
    expression, returnByValue: true })).result.value;
  await session.send('Page.enable');
  await session.send('Page.addScriptToEvaluateOnNewDocument', { source: `(${observe})()` });
  await sleep(REST_MS);
  await session.send('Page.navigate', { url });
  for (let waited = 0; await evaluate('globalThis.seen?.all ?? null') === null; waited += LOOK_MS) {
    if (waited > WAIT_MS) throw new Error(`${url} does not show its pictures`);
    await sleep(LOOK_MS);
  }
  const times = await evaluate(`(${read})()`);
  await context.close();
  return times;
}

const browser = await puppeteer.launch({ executablePath: CHROMIUM, args: FLAGS, pipe: true });
console.log('ready');
for await (const url of createInterface(process.stdin)) console.log(JSON.stringify(await measure(browser, url)));
await browser.close();
