// Keeps one camera's page up to date: its picture, its figures, and what can be done with them.

import { Chart } from './charts.js';
import { showControls } from './controls.js';
import { LivePicture } from './live-picture.js';
import { announceChange, fetchJson, fillFigures, showCamera, showInTab } from './page.js';
import { findPast, showPast } from './past.js';
import { PictureBar } from './picture-bar.js';
import { Server } from './server.js';
import { Setup } from './setup.js';
import { bytesText, durationText, isTrouble, momentText, rateText } from './texts.js';

const main = document.querySelector('main');
const stage = main.querySelector('.stage');
const details = main.querySelector('.details');
const wall = document.querySelector('#wall');
const { id, source, controls, streamLife, rights } = main.dataset;
const picture = new LivePicture(stage.querySelector('.picture'), stage.querySelector('.kept'),
  `camera/${id}/video_feed`, Number(streamLife));
const bar = new PictureBar(stage, picture, id);
const setup = rights === 'admin' ? new Setup(id, main) : null;
const past = main.querySelector('.past');
let shown = null; // the newest status

// ---- Figures ----

const charts = Object.fromEntries(Object.entries({
  rate: rateText,
  age: durationText,
  bytes: bytesText,
}).map(([name, format]) => [name, new Chart(main.querySelector(`[data-chart=${name}]`), format)]));

function picturesOf({ variant }) {
  if (variant === null) return 'as captured';
  const width = variant.width === null ? '' : `${variant.width} px`;
  const quality = variant.quality === null ? '' : `quality ${variant.quality}`;
  return [width, quality].filter((text) => text !== '').join(', ');
}

function viewerRow(viewer) {
  const row = document.createElement('tr');
  const texts = [viewer.remote, viewer.route, picturesOf(viewer), durationText(viewer.connected_s * 1000),
    rateText(viewer.fps), viewer.sent, viewer.skipped, bytesText(viewer.bytes)];
  for (const text of texts) row.insertCell().textContent = text;
  return row;
}

function showViewers(viewers) {
  const section = main.querySelector('.viewers');
  section.hidden = false;
  section.querySelector('.nobody').hidden = viewers.length > 0;
  section.querySelector('.wide').hidden = viewers.length === 0;
  section.querySelector('tbody').replaceChildren(...viewers.map(viewerRow));
}

// ---- Status ----

// The last live picture stays on show, dimmed, while the state is another one.
function showState(state) {
  main.dataset.state = state;
  const isLive = state === 'live';
  if (isLive) picture.keep();
  stage.classList.toggle('has-picture', picture.showKept(!isLive && state !== 'starting'));
}

function showStatus(camera, resumed) {
  if (shown !== null) announceChange(shown, camera);
  const hasRestarted = shown !== null && shown.counting_since !== camera.counting_since;
  shown = camera;
  document.documentElement.classList.remove('lost');
  showCamera(main, camera);
  showState(main.dataset.state);
  showInTab({ trouble: isTrouble(camera) ? 1 : 0, lost: false });
  charts.rate.add(camera.fps.captured);
  charts.age.add(camera.last_frame?.age_ms ?? null);
  charts.bytes.add(camera.last_frame?.bytes ?? null);
  showViewers(camera.subscribers);
  setup?.show(camera);
  if (past.hidden && camera.recording && (camera.recording.mode !== 'off' || camera.recording.bytes > 0)) {
    past.hidden = false;
    showPast(id, past);
  }
  if (resumed || hasRestarted) picture.restart(); // with the server, its streams have ended
}

function showLost(silentMs) {
  const since = Date.now() - silentMs;
  document.documentElement.classList.add('lost');
  showInTab({ trouble: 0, lost: true });
  const newest = shown?.last_frame;
  fillFigures(main, {
    state: 'no connection',
    since: `since ${momentText(since, Date.now(), true)}`,
    error: '',
    ...(newest && { age: `${durationText(newest.age_ms + silentMs)} ago` }),
  });
  showState('lost');
}

// It may come back with the next reload.
function showRemoved() {
  fillFigures(main, { state: 'removed', since: '', error: 'This camera is no longer in the configuration.' });
  showState('removed');
}

new Server(`api/cameras/${id}`, {
  onAnswer: showStatus,
  onLost: showLost,
  onRefused: (status) => (status === 404 ? showRemoved() : undefined),
});

// ---- Start ----

async function showNeighbours() {
  const answer = await fetchJson('api/cameras?brief=1');
  if (answer !== null) bar.showNeighbours(answer.cameras);
}

main.querySelector('.charts').hidden = false;
details.open = localStorage.getItem('details') !== 'closed';
details.addEventListener('toggle', () => localStorage.setItem('details', details.open ? 'open' : 'closed'));
showNeighbours();
if (controls !== '') showControls(id, main.querySelector('.controls'));
if (source === 'cluster') findPast(id, past);

wall.search = sessionStorage.getItem('wall') ?? '';
document.addEventListener('keydown', (event) => {
  const isField = event.target.closest('input, select, textarea, button, summary') !== null;
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  if (event.key === 'Escape' && document.fullscreenElement === null) {
    location.href = wall.href;
  } else if ((!isField || event.key.toLowerCase() === 'f') && event.target.closest('select') === null &&
    bar.press(event.key)) {
    event.preventDefault();
  }
});
