// Logging in, as a person does it: the page in every dress, a wrong password, the wall behind it, and the way out.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { browsers, openPage, pattern, PROGRAM, screenshot, startBrowser, startServer, TIME_SCALE, waitUntil } from './harness.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PASSWORD = 'open sesame';

const password = execFileSync(PROGRAM, ['--hash-password'], { input: `${PASSWORD}\n`, encoding: 'utf8' }).trim();
const config = (users) => ({
  cameras: [pattern('front-door', {}, { name: 'Front door' }), pattern('yard', {}, { name: 'Yard' })],
  users,
});
const ANNA = { name: 'anna', password, rights: 'admin' };
const EVE = { name: 'eve', password, cameras: ['elsewhere-*'] };
const BOB = { name: 'bob', password, cameras: ['front-*'] };

let server, browser;
before(async () => {
  server = await startServer(config([ANNA, BOB, EVE]));
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function logIn(page, name, word = PASSWORD) {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(word);
  await page.getByRole('button', { name: 'Log in' }).click();
}

async function assertNothingForAxe(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`), []);
}

const pathOf = (page) => new URL(page.url()).pathname;
const seesPicture = (page) => page.evaluate(() => document.querySelector('.picture')?.width > 0);

const dresses = [
  { name: 'desktop', viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
  { name: 'desktop-dark', viewport: { width: 1440, height: 900 }, colorScheme: 'dark' },
  { name: 'phone', viewport: { width: 390, height: 844 }, colorScheme: 'dark', deviceScaleFactor: 2, isMobile: true },
];
for (const { name, ...options } of dresses) {
  test(`login page, ${name}: nothing for axe to find`, { timeout: 60000 * TIME_SCALE }, async () => {
    const page = await openPage(browser, options);
    await page.goto(`${server.url}/camera/yard`);
    assert.equal(pathOf(page), '/login');
    await assertNothingForAxe(page);
    await screenshot(page, `login-${name}`);
    assert.deepEqual(page.complaints, []);
  });
}

test('a wrong password is told, and the name is kept', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openPage(browser, { colorScheme: 'dark' });
  await page.goto(`${server.url}/login`);
  await logIn(page, 'anna', 'wrong');
  await page.getByRole('alert').getByText('Wrong name or password.').waitFor();
  assert.equal(await page.getByLabel('Name').inputValue(), 'anna');
  assert.equal(await page.getByLabel('Password').inputValue(), '');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'password');
  await assertNothingForAxe(page);
  await screenshot(page, 'login-wrong');
});

test('a login leads to where one wanted to go, and works there', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openPage(browser);
  await page.goto(`${server.url}/camera/yard`);
  await logIn(page, 'anna');
  await waitUntil(() => page.evaluate(() => document.querySelector('.picture').naturalWidth > 0), 'the picture');
  await page.getByRole('link', { name: 'All cameras' }).click();
  await waitUntil(() => seesPicture(page), 'the wall');
  assert.equal(await page.locator('.tile').count(), 2);
  await page.getByRole('button', { name: 'Log out anna' }).waitFor();
  await assertNothingForAxe(page);
  await screenshot(page, 'wall-logged-in');
  assert.deepEqual(page.complaints, []);
});

for (const kind of browsers) {
  test(`${kind.name}: bob sees his camera, and nothing once he has left`, { timeout: 90000 * TIME_SCALE }, async () => {
    const started = await kind.start();
    const page = await started.open(1280, 900);
    await page.goto(`${server.url}/login`);
    await page.type('#name', 'bob');
    await page.type('#password', PASSWORD);
    await Promise.all([page.waitForNavigation(), page.click('form button')]);
    assert.equal(pathOf(page), '/');
    await waitUntil(() => seesPicture(page), 'the wall', 20);
    assert.deepEqual(await page.evaluate(() => Array.from(document.querySelectorAll('.tile'), (t) => t.dataset.id)),
      ['front-door']);
    await Promise.all([page.waitForNavigation(), page.click('.bar form button')]);
    assert.equal(pathOf(page), '/login');
    await page.goto(`${server.url}/`);
    assert.equal(pathOf(page), '/login');
    assert.deepEqual(page.complaints, []);
    await started.close();
  });
}

test('an account that may view no camera reads that', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openPage(browser);
  await page.goto(`${server.url}/login`);
  await logIn(page, 'eve');
  await page.getByText('Your account may not view any of the cameras.').waitFor();
  await assertNothingForAxe(page);
  assert.deepEqual(page.complaints, []);
});

test('without JavaScript one logs in and out as well', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openPage(browser, { javaScriptEnabled: false });
  await page.goto(`${server.url}/status`);
  await logIn(page, 'anna');
  await page.getByRole('button', { name: 'Log out anna' }).click();
  assert.equal(pathOf(page), '/login');
});

test('a page whose login has ended elsewhere leads to the login by itself', { timeout: 60000 * TIME_SCALE }, async () => {
  const page = await openPage(browser);
  await page.goto(`${server.url}/status`);
  await logIn(page, 'anna');
  await page.getByRole('heading', { name: 'Status' }).waitFor();
  const other = await page.context().newPage();
  await other.goto(server.url);
  await other.getByRole('button', { name: 'Log out anna' }).click();
  await waitUntil(() => pathOf(page) === '/login', 'the login page', 20);
  assert.equal(await page.locator('[name=next]').inputValue(), '/status');
});
