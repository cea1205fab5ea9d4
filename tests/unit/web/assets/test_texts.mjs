// The words for figures, states and times.

import assert from 'node:assert/strict';
import { test } from 'node:test';

process.env.TZ = 'Europe/Berlin'; // an hour ahead of UTC in winter; read when the module is
const {
  bytesText, countsOf, durationText, figuresOf, isTrouble, momentText, sentenceOf, shownState, sinceText, summaryOf, utcText,
} = await import('../../../../web/assets/texts.js');

const NOW = Date.parse('2026-11-29T11:53:00Z'); // a Sunday
const at = (iso) => momentText(Date.parse(iso), NOW);
const camera = (state, more = {}) => ({
  name: 'Yard', state, error: null, state_since: '2026-11-29T11:41:00.250Z', source: 'pattern', width: null,
  height: null, format: null, fps: { configured: null, captured: 0 }, last_frame: null, restarts: 0,
  frames: { published: 0, dropped: 0, invalid: 0 }, ...more,
});

test('durations and sizes have the unit that suits them', () => {
  assert.deepEqual([-5, 0, 999, 1500, 61000, 7.3e6, 3e8].map(durationText),
    ['0 ms', '0 ms', '999 ms', '1.5 s', '1 min', '2 h', '3 days']);
  assert.deepEqual([1, 1500, 1.5e6, 1.5e9].map(bytesText), ['1 B', '1.5 KB', '1.5 MB', '1.50 GB']);
});

test('a moment is local, with as much of the date as it takes', () => {
  assert.equal(at('2026-11-29T11:41:00Z'), '12:41');
  assert.equal(at('2026-11-28T11:41:00Z'), 'Sat 12:41');
  assert.equal(at('2026-11-28T23:30:00Z'), '00:30'); // today, by the local time
  assert.equal(at('2026-11-21T11:41:00Z'), '21 Nov 12:41');
  assert.equal(at('2025-11-21T11:41:00Z'), '21 Nov 2025 12:41');
  assert.equal(at('2026-12-01T11:41:00Z'), '1 Dec 12:41'); // the clocks differ
  assert.equal(momentText(Date.parse('2026-11-29T11:41:03Z'), NOW, true), '12:41:03');
  assert.equal(utcText('2026-11-29T11:41:03.123Z'), '2026-11-29 11:41:03 UTC');
});

test('a state is told with how long it lasts and since when', () => {
  assert.equal(sinceText(camera('offline'), NOW), 'for 11 min, since 12:41');
  assert.equal(sinceText(camera('offline', { state_since: '2026-11-28T11:41:00Z' }), NOW),
    'for 24 h, since Sat 12:41');
  assert.equal(figuresOf(camera('offline'), NOW).since.title, '2026-11-29 11:41:00 UTC');
});

test('an idle camera that has failed counts as trouble', () => {
  const dead = camera('idle', { error: 'no such device' });
  assert.equal(shownState(dead), 'offline');
  assert.ok(isTrouble(dead) && isTrouble(camera('stale')) && !isTrouble(camera('idle')));
  assert.deepEqual(countsOf([dead, camera('live'), camera('idle'), camera('stale')]),
    { live: 1, idle: 1, starting: 0, stale: 1, offline: 1, trouble: 2 });
});

test('a summary counts live, idle and trouble, by its name where there is but one kind', () => {
  const texts = (...states) => summaryOf(states.map((state) => camera(state))).map(({ text }) => text).join(' · ');
  assert.equal(texts('live', 'live', 'idle'), '3 cameras · 2 live · 1 idle');
  assert.equal(texts('live', 'offline', 'offline'), '3 cameras · 1 live · 2 offline');
  assert.equal(texts('stale'), '1 camera · 1 stale');
  assert.equal(texts('stale', 'offline', 'starting'), '3 cameras · 1 starting · 2 in trouble');
  assert.equal(texts(), '0 cameras');
  assert.deepEqual(summaryOf([camera('stale'), camera('offline')]).at(-1), { text: '2 in trouble', filter: 'trouble' });
});

test('what is not known is a dash', () => {
  const figures = figuresOf(camera('starting'), NOW);
  for (const name of ['size', 'configured', 'age', 'format']) assert.equal(figures[name], '–', name);
});

test('no answer, a busy server, an ended login and a removed camera are told apart', () => {
  const sentences = [0, 401, 403, 404, 503, 500].map((status) => sentenceOf(status, 'why'));
  assert.equal(new Set(sentences).size, sentences.length);
  assert.match(sentences[0], /^No connection/);
  assert.match(sentences[4], /^The server is busy: why/);
});
