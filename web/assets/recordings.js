// The page of the recordings: pictures of all chosen cameras at one moment, and the timeline that chooses it.

import { announce, warn } from './page.js';
import { Playback, timeText } from './playback.js';
import { spanText, Timeline } from './timeline.js';

const LOAD_AFTER_MS = 200; // other times are shown for so long before they are asked for
const REFRESH_MS = 15000;
const EVENTS_MAX = 2000;
const SKIP_MS = 10000;
const LONG_SKIP_MS = 60000;
const CAMERAS_MAX = 16; // that are shown at first

const main = document.querySelector('main');
const find = (id) => document.getElementById(id);
const pictures = main.querySelector('.pictures');
const query = new URLSearchParams(location.search);

let cameras = []; // { id, name }, those that are shown
let moment = NaN; // what is shown, ms since 1970
let events = []; // { at, camera, kind }, sorted, of the times that are shown
const marks = { begin: null, end: null };
const tiles = new Map();

// ---- Pictures ----

function addTile({ id, name }) {
  const tile = document.createElement('figure');
  tile.className = 'tile is-empty';
  tile.dataset.id = id;
  const canvas = document.createElement('canvas');
  canvas.className = 'picture';
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `Recording of ${name}`);
  const caption = document.createElement('p');
  const label = document.createElement('b');
  label.textContent = name;
  const time = document.createElement('span');
  caption.append(label, time);
  tile.append(canvas, caption);
  pictures.append(tile);
  tiles.set(id, { tile, canvas, time, shown: 0, queued: null, busy: false });
}

const localText = (ms) => new Date(ms).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

// Only the newest frame that has come is decoded.
async function paint(entry) {
  entry.busy = true;
  while (entry.queued !== null) {
    const { ms, body } = entry.queued;
    entry.queued = null;
    const bitmap = await createImageBitmap(new Blob([body], { type: 'image/jpeg' })).catch(() => null);
    if (bitmap === null) continue;
    entry.canvas.width = bitmap.width;
    entry.canvas.height = bitmap.height;
    entry.canvas.getContext('2d').drawImage(bitmap, 0, 0);
    bitmap.close();
    entry.tile.classList.remove('is-empty');
    entry.tile.dataset.shown = String(ms);
    entry.time.textContent = new Date(ms).toLocaleTimeString();
  }
  entry.busy = false;
}

function showPart(id, ms, body) {
  const entry = tiles.get(id);
  if (entry === undefined) return;
  if (body === null) {
    entry.queued = null;
    entry.tile.classList.add('is-empty');
    entry.tile.dataset.shown = '';
    entry.time.textContent = 'no recording';
    return;
  }
  if (playback.isPlaying && !isShowing) setMoment(ms);
  entry.queued = { ms, body };
  if (!entry.busy) paint(entry);
}

// ---- Playing ----

let isShowing = false; // single frames, not a playback

const playback = new Playback({
  onPart: showPart,
  onEnd(reason) {
    warn('playback', reason === null ? null : `Playback has stopped: ${reason}.`);
    if (reason === null) announce('The end of the recordings.');
    showPlaying();
  },
});

const ids = () => cameras.map(({ id }) => id);
const isPlaying = () => playback.isPlaying && !isShowing;

function showPlaying() {
  find('play').textContent = isPlaying() ? 'Pause' : 'Play';
}

function setMoment(ms) {
  moment = ms;
  const clock = find('clock');
  clock.textContent = localText(ms);
  clock.dateTime = timeText(ms);
  clock.title = timeText(ms);
  timeline.showPlayhead(ms);
  main.querySelector('.timeline').setAttribute('aria-valuetext', localText(ms));
  remember();
}

async function seek(ms) {
  const goesOn = isPlaying();
  setMoment(Math.min(ms, Date.now()));
  if (goesOn) {
    play();
    return;
  }
  isShowing = true;
  await playback.show(ids(), moment);
  isShowing = false;
  showPlaying();
}

function play() {
  isShowing = false;
  warn('playback', null);
  playback.play(ids(), moment, find('speed').value);
  showPlaying();
}

function pause() {
  playback.stop();
  showPlaying();
}

function toggle() {
  if (isPlaying()) {
    pause();
  } else {
    play();
  }
}

// Frame by frame, of the first camera that has a picture.
async function step(direction) {
  pause();
  const id = ids().find((one) => !tiles.get(one).tile.classList.contains('is-empty')) ?? ids()[0];
  if (id === undefined) return;
  const shown = Number(tiles.get(id).tile.dataset.shown) || moment;
  const next = direction < 0 ? shown - 0.5 : await playback.nextFrame(id, shown);
  if (next !== null) await seek(next);
}

function goToEvent(direction) {
  const found = direction > 0 ? events.find(({ at }) => at > moment + 500)
    : events.findLast(({ at }) => at < moment - 1500);
  if (found === undefined) {
    announce('There is no other event in the times that are shown.');
  } else {
    seek(found.at);
  }
}

// ---- The timeline ----

let loading = null;
const timeline = new Timeline(main.querySelector('.timeline'), { onSeek: seek, onView: viewChanged });

function viewChanged() {
  find('span').textContent = spanText(timeline.span);
  clearTimeout(loading);
  loading = setTimeout(load, LOAD_AFTER_MS);
  remember();
}

async function get(address) {
  const response = await fetch(address, { cache: 'no-store' }).catch(() => null);
  if (response?.ok) return response.json();
  const body = await response?.json().catch(() => null);
  throw new Error(body?.error?.message ?? 'the server does not respond');
}

const isTrouble = ({ kind, details }) => kind === 'state' && (details?.state === 'offline' || details?.state === 'stale');
const isBegin = ({ kind, details }) => kind === 'motion' && details?.action !== 'ended';

// The nodes of the cameras that are shown; "": this server.
const nodesOf = (shown) => [...new Set(shown.map(({ id }) => (id.includes('.') ? id.split('.')[0] : '')))];

// A node that does not respond has no events to show.
async function eventsOf(node, period) {
  const address = `api/history?${period}&limit=${EVENTS_MAX}`;
  if (node === '') return (await get(address)).events.filter(({ camera }) => !camera?.includes('.'));
  return (await get(`${address}&node=${node}`).catch(() => ({ events: [] }))).events;
}

async function load() {
  const period = `from=${timeText(Math.max(timeline.from, 0))}&to=${timeText(timeline.to)}`;
  try {
    const [recorded, history] = await Promise.all([
      get(`api/recordings?${period}`),
      Promise.all(nodesOf(cameras).map((node) => eventsOf(node, period))),
    ]);
    const stretches = new Map(recorded.cameras.map((camera) => [camera.id, camera.stretches.map(
      ({ from, to, full, gaps_s: gaps }) => ({ from: Date.parse(from), to: Date.parse(to), full, hasGaps: gaps > 0 }))]));
    events = history.flat().filter((event) => isBegin(event) || isTrouble(event))
      .map(({ at, camera, kind }) => ({ at: Date.parse(at), camera, kind }))
      .filter(({ camera }) => tiles.has(camera)).sort((a, b) => a.at - b.at);
    timeline.showRows(cameras.map(({ id, name }) => ({
      id, name, stretches: stretches.get(id) ?? [], events: events.filter(({ camera }) => camera === id),
    })));
    warn('timeline', null);
  } catch (error) {
    warn('timeline', `The timeline cannot be read: ${error.message}.`);
  }
}

// ---- Marks ----

function showMarks() {
  timeline.showMarks(marks);
  const isWhole = marks.begin !== null && marks.end !== null && marks.begin < marks.end;
  const camera = find('mark-camera').value;
  const download = find('download');
  download.hidden = !isWhole;
  find('protect').hidden = !isWhole || main.dataset.rights !== 'admin';
  if (isWhole) {
    download.href = `camera/${encodeURIComponent(camera)}/clip?from=${timeText(marks.begin)}&to=${timeText(marks.end)}`;
  }
}

function mark(which) {
  marks[which] = moment;
  showMarks();
  remember();
}

async function protect() {
  const camera = encodeURIComponent(find('mark-camera').value);
  const address = `api/recordings/protect?camera=${camera}&from=${timeText(marks.begin)}&to=${timeText(marks.end)}`;
  const response = await fetch(address, { method: 'POST' }).catch(() => null);
  const body = await response?.json().catch(() => null);
  const text = response?.ok ? null : `It is not protected: ${body?.error?.message ?? 'the server does not respond'}.`;
  warn('protect', text);
  announce(text ?? 'The stretch is protected.');
}

// ---- The address: what is shown can be bookmarked ----

function remember() {
  const address = new URL(location.href);
  address.search = '';
  address.searchParams.set('at', timeText(moment || Date.now()));
  address.searchParams.set('span', String(Math.round(timeline.span / 1000)));
  if (query.has('cameras')) address.searchParams.set('cameras', query.get('cameras'));
  if (find('speed').value !== '1') address.searchParams.set('speed', find('speed').value);
  for (const [which, ms] of Object.entries(marks)) {
    if (ms !== null) address.searchParams.set(which, timeText(ms));
  }
  if (marks.begin !== null || marks.end !== null) address.searchParams.set('of', find('mark-camera').value);
  if (address.href !== location.href) history.replaceState(null, '', address.href.replaceAll('%3A', ':'));
}

// ---- Start ----

const keys = {
  ' ': toggle,
  ',': () => step(-1),
  '.': () => step(1),
  n: () => goToEvent(1),
  p: () => goToEvent(-1),
  i: () => mark('begin'),
  o: () => mark('end'),
  '+': () => timeline.zoom(0.5),
  '-': () => timeline.zoom(2),
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest('input, select, textarea') !== null) return;
  const skip = (event.shiftKey ? LONG_SKIP_MS : SKIP_MS) * (event.key === 'ArrowLeft' ? -1 : 1);
  const isArrow = event.key === 'ArrowLeft' || event.key === 'ArrowRight';
  const action = isArrow ? () => seek(moment + skip) : keys[event.key.length === 1 ? event.key.toLowerCase() : ''];
  if (action === undefined || (event.key === ' ' && event.target.closest('button, a') !== null)) return;
  event.preventDefault();
  action();
});

for (const [id, action] of Object.entries({
  play: toggle,
  back: () => step(-1),
  forward: () => step(1),
  'next-event': () => goToEvent(1),
  'previous-event': () => goToEvent(-1),
  'mark-begin': () => mark('begin'),
  'mark-end': () => mark('end'),
  'zoom-in': () => timeline.zoom(0.5),
  'zoom-out': () => timeline.zoom(2),
  protect,
})) find(id).addEventListener('click', action);

find('speed').addEventListener('change', () => (isPlaying() ? play() : remember()));
find('mark-camera').addEventListener('change', () => {
  showMarks();
  remember();
});
find('moment').addEventListener('change', ({ target }) => {
  if (target.value !== '') seek(Date.parse(target.value));
});

async function start() {
  const wanted = query.get('cameras')?.split(',') ?? null;
  const { cameras: all } = await get('api/cameras?brief=1');
  cameras = all.filter(({ id }) => wanted === null || wanted.includes(id)).slice(0, wanted === null ? CAMERAS_MAX : undefined);
  cameras.forEach(addTile);
  pictures.style.setProperty('--columns', String(Math.ceil(Math.sqrt(Math.max(cameras.length, 1)))));
  find('mark-camera').append(...cameras.map(({ id, name }) => new Option(name, id)));
  const at = query.has('at') ? Date.parse(query.get('at')) || Number(query.get('at')) * 1000 : Date.now() - 60000;
  if (query.has('speed')) find('speed').value = query.get('speed');
  for (const which of Object.keys(marks)) marks[which] = Date.parse(query.get(which)) || null;
  if (ids().includes(query.get('of'))) find('mark-camera').value = query.get('of');
  showMarks();
  timeline.setSpan(Number(query.get('span')) * 1000 || 3600 * 1000);
  await seek(Number.isFinite(at) ? at : Date.now() - 60000);
  main.dataset.ready = '';
  setInterval(load, REFRESH_MS);
}

start().catch((error) => warn('start', `The cameras cannot be read: ${error.message}.`));
