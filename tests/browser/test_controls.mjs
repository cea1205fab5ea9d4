// The controls on a camera's page, with the answers that the server really gives.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { browsers, screenshot, startControlsServer, TIME_SCALE, waitUntil } from './harness.mjs';

let server;
before(async () => { server = await startControlsServer(); });
after(() => server?.stop());

// What the page shows of each control: its value, and whether that can be set.
const shown = (page) => page.evaluate(() => Object.fromEntries(
  [...document.querySelectorAll('.controls label')].map((label) => {
    const input = label.querySelector('input, select');
    return [label.querySelector('span').textContent,
      [input.type === 'checkbox' ? input.checked : Number(input.value), !input.disabled]];
  })));
const told = async () => {
  const { controls } = await (await fetch(`${server.url}/api/cameras/a/controls`)).json();
  return Object.fromEntries(controls.map(({ label, value, writable }) => [label, [value, writable]]));
};
// As a person does who uses the keyboard.
async function press(page, name, key) {
  await page.evaluate((wanted) => {
    const labels = [...document.querySelectorAll('.controls label')];
    labels.find((label) => label.querySelector('span').textContent === wanted).querySelector('input, select').focus();
  }, name);
  await page.keyboard.press(key);
}

for (const { name, start } of browsers) {
  describe(name, { timeout: 120000 * TIME_SCALE }, () => {
    let browser;
    before(async () => { browser = await start(); });
    after(() => browser?.close());

    test('controls are shown as the server reports them, and set', async () => {
      const page = await browser.open(1280, 1000);
      await page.goto(`${server.url}/camera/a`, { waitUntil: 'domcontentloaded' });
      await waitUntil(async () => Object.keys(await shown(page)).length === 4, 'the controls');
      const before = await told();
      assert.deepEqual(Object.keys(before), ['Brightness', 'Flip', 'Mode', 'Night']);
      assert.deepEqual(await shown(page), before);
      assert.deepEqual(before.Flip, [false, false]);

      await press(page, 'Brightness', 'ArrowRight');
      await waitUntil(async () => (await told()).Brightness[0] === before.Brightness[0] + 1, 'the brightness');
      await press(page, 'Night', ' ');
      await waitUntil(async () => (await told()).Night[0] === !before.Night[0], 'the night mode');
      await waitUntil(async () => JSON.stringify(await shown(page)) === JSON.stringify(await told()), 'both alike');
      await screenshot(page, `camera-controls-${name.toLowerCase()}`);
    });

    test('a control that is refused says why, and shows what is', async () => {
      const page = await browser.open(1280, 1000);
      await page.goto(`${server.url}/camera/a`, { waitUntil: 'domcontentloaded' });
      await waitUntil(async () => Object.keys(await shown(page)).length === 4, 'the controls');
      const texts = await page.evaluate(() => [...document.querySelectorAll('.controls option')].map(({ text }) => text));
      assert.deepEqual(texts, ['Day "1"', 'Dusk']);
      await page.evaluate(() => {
        const menu = document.querySelector('.controls select');
        menu.value = '2';
        menu.dispatchEvent(new Event('change'));
      });
      const refusal = () => page.evaluate(() => document.querySelector('.controls .refusal').textContent);
      await waitUntil(async () => await refusal() === 'mode: the camera has no such control', 'the refusal');
      assert.deepEqual((await shown(page)).Mode, [1, true]);
    });

    test('a camera without controls shows none', async () => {
      const page = await browser.open(1280, 1000);
      await page.goto(`${server.url}/camera/plain`, { waitUntil: 'domcontentloaded' });
      await waitUntil(() => page.evaluate(() => document.querySelector('.viewers').checkVisibility()), 'the page');
      assert.ok(!await page.evaluate(() => document.querySelector('.controls').checkVisibility()));
    });
  });
}
