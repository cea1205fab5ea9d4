// Starts the built program and browsers for the tests beside it.
//
// The first argument is a folder for screenshots; FRAMEBROKER names the program.
// Pages of both browsers have the methods goto, evaluate, title, close and keyboard.press in common; tests for both
// keep to these.

import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach } from 'node:test';
import { CHROMIUM, FLAGS } from './chromium.mjs';

export const PROGRAM = process.env.FRAMEBROKER ?? 'build/release/framebroker';
const CONTROLS_SERVER = join(dirname(PROGRAM), 'tests/controls_server');
const FIREFOX = '/usr/bin/firefox-esr';
// What is allowed to take a second may take so many where tests share the cores.
export const TIME_SCALE = Number(process.env.TIME_SCALE ?? 1);
const SCREENSHOTS = process.argv[2] ?? 'build/release/screenshots';

function skip(reason) {
  console.log(`SKIP browser: ${reason}`);
  process.exit(77);
}

const { chromium } = await import('playwright-core').catch(() => skip('playwright-core is missing: npm ci failed'));
const { default: puppeteer } = await import('puppeteer-core').catch(() => skip('puppeteer-core is missing'));
for (const browser of [CHROMIUM, FIREFOX]) {
  if (!existsSync(browser)) skip(`${browser} is missing`);
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const scratch = mkdtempSync(join(tmpdir(), 'framebroker-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 }));

export function pattern(id, source = {}, camera = {}) {
  return { id, source: { type: 'pattern', width: 320, height: 240, fps: 10, ...source }, ...camera };
}

// A JPEG file of one colour.
export function plainPicture(colour) {
  const path = join(scratch, `${colour}.jpg`);
  execFileSync('convert', ['-size', '320x240', `xc:${colour}`, '-quality', '90', path]);
  return path;
}

// A camera that works until it is cut: { camera, cut, mend }.
export function fragileCamera(id) {
  const picture = join(mkdtempSync(join(scratch, 'fragile-')), 'picture.jpg');
  const mend = () => copyFileSync(plainPicture('red'), picture);
  mend();
  const command = ['sh', '-c', `while cat '${picture}'; do sleep 0.3; done`];
  return { camera: { id, source: { type: 'exec', command } }, cut: () => rmSync(picture), mend };
}

export function screenshot(page, name) {
  mkdirSync(SCREENSHOTS, { recursive: true });
  return page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

// Polls until the condition gives something true, and returns that. Fails after so many seconds, times TIME_SCALE.
export async function waitUntil(condition, what, seconds = 10) {
  const deadline = Date.now() + seconds * 1000 * TIME_SCALE;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (Date.now() > deadline) throw new Error(`waited ${seconds * TIME_SCALE} s for ${what}`);
    await sleep(50);
  }
}

// ---- The program ----

let servers = 0;

// { url, port, pid, status, stop, kill } of a program that prints its address.
async function start(program, options) {
  const server = spawn(program, options, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  for await (const line of createInterface(server.stdout)) {
    const url = line.match(/^listening on (http:.*)\/$/)?.[1];
    if (url === undefined) throw new Error(`not ready: ${line}`);
    return {
      url,
      port: Number(new URL(url).port),
      pid: server.pid,
      status: async () => (await fetch(`${url}/api/status`)).json(),
      stop: async () => {
        server.kill();
        const code = await ended;
        if (code !== 0) throw new Error(`the server ended with ${code}`);
      },
      kill: async () => {
        server.kill('SIGKILL');
        await ended;
      },
    };
  }
  throw new Error(`the server ended with ${await ended}`);
}

// The program with a configuration. port 0: a free one.
export function startServer(config, port = 0) {
  const path = join(scratch, `config-${++servers}.json`);
  writeFileSync(path, JSON.stringify(config));
  return start(PROGRAM, ['--config', path, '--listen', `127.0.0.1:${port}`]);
}

// The same pages with a camera "a" whose controls can be set; see controls_server.c.
export const startControlsServer = () => start(CONTROLS_SERVER, []);

// How many connections the server has, as its kernel sees them.
export function connectionsOf(server) {
  const port = server.port.toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return lines.filter((line) => new RegExp(`^\\s*\\d+: [0-9A-F]{8}:${port} [0-9A-F:]+ 01 `).test(line)).length;
}

// Passes connections on to a server: { url, stall, close }. stall(path): requests for it that are under way get nothing
// any more, and are not told; returns how many these are.
export async function startRelay(server) {
  const open = new Set();
  const relay = createServer((client) => {
    const upstream = connect(server.port, '127.0.0.1');
    const link = { client, upstream, path: '' };
    open.add(link);
    client.once('data', (head) => { link.path = head.toString('latin1').split(' ')[1]; });
    client.pipe(upstream).pipe(client);
    for (const [socket, other] of [[client, upstream], [upstream, client]]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(link);
        other.destroy();
      });
    }
  });
  await new Promise((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${relay.address().port}`,
    stall(path) {
      const stalled = [...open].filter((link) => link.path.startsWith(path));
      for (const { client, upstream } of stalled) {
        upstream.unpipe(client);
        upstream.pause();
      }
      return stalled.length;
    },
    close() {
      relay.close();
      for (const { client } of open) client.destroy();
    },
  };
}

// ---- Browsers ----

export function startBrowser() {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

// A test that fails leaves no viewer to the next one. Pages of a browser that has been closed are gone already.
const closers = [];
afterEach(() => Promise.allSettled(closers.splice(0).map((close) => close())));

// A page that notes whatever a browser finds wrong with it, in page.complaints. It is closed at the end of the test.
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1600 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30000 * TIME_SCALE);
  closers.push(async () => {
    await page.unrouteAll({ behavior: 'ignoreErrors' }); // a request may be under way
    await context.close();
  });
  page.complaints = [];
  const complain = (text) => page.complaints.push(text);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complain(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complain(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    complain(`dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  page.on('response', (response) => {
    if (response.status() >= 400) complain(`${response.status()}: ${response.url()}`);
  });
  return page;
}

// Both browsers, alike: { name, open(width, height), close }. open() gives a page with complaints, as openPage() does.
export const browsers = [
  {
    name: 'Chromium',
    async start() {
      const browser = await startBrowser();
      return {
        open: (width, height) => openPage(browser, { viewport: { width, height } }),
        close: () => browser.close(),
      };
    },
  },
  {
    name: 'Firefox',
    async start() {
      const browser = await puppeteer.launch({
        browser: 'firefox',
        protocol: 'webDriverBiDi',
        executablePath: FIREFOX,
        headless: true,
        userDataDir: join(scratch, `firefox-${Date.now()}`),
        protocolTimeout: 120000 * TIME_SCALE,
      });
      return {
        async open(width, height) {
          const page = await browser.newPage();
          page.setDefaultTimeout(30000 * TIME_SCALE);
          closers.push(() => page.close());
          await page.setViewport({ width, height });
          page.complaints = [];
          page.on('pageerror', (error) => page.complaints.push(`error: ${error.message}`));
          page.on('dialog', (dialog) => {
            page.complaints.push(`dialog: ${dialog.message()}`);
            return dialog.dismiss();
          });
          return page;
        },
        close: () => browser.close(),
      };
    },
  },
];
