// Keeps one camera's page alive: its figures, and its stream while the page can be seen.

import { Chart } from './charts.js';
import { showControls } from './controls.js';
import { bytesText, durationText, poll, showFigures, sleep } from './figures.js';

const RETRY_MS = 1000;

const main = document.querySelector('main');
const image = main.querySelector('.picture');
const wall = document.querySelector('#wall');
const { id, source, streamLife } = main.dataset;
const stream = `camera/${id}/video_feed`;

// ---- The stream ----

// An <img> that only loses its place in the page would keep the connection.
function endStream() {
  image.src = '';
}

// Under another address each time: of a stream that has ended Chromium would show the last picture and ask for no more.
let streams = 0;
function restartStream() {
  endStream();
  if (!document.hidden) image.src = `${stream}?again=${++streams}`;
}

// The server ends a stream after so long, which an <img> does not tell.
if (Number(streamLife) > 0) setInterval(restartStream, Number(streamLife));
document.addEventListener('visibilitychange', restartStream);
addEventListener('pagehide', endStream);
addEventListener('pageshow', (event) => {
  if (event.persisted) restartStream();
});
image.addEventListener('error', async () => {
  if (document.hidden) return;
  await sleep(RETRY_MS);
  restartStream();
});

// ---- Figures ----

const charts = Object.fromEntries(Object.entries({
  rate: (fps) => `${fps.toFixed(1)} fps`,
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
    `${viewer.fps.toFixed(1)} fps`, viewer.sent, viewer.skipped, bytesText(viewer.bytes)];
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

main.querySelector('.charts').hidden = false;
let countingSince = null; // another time than before: the server, and our stream with it, has begun anew
poll(`api/cameras/${id}`, (camera, resumed) => {
  showFigures(main, camera);
  charts.rate.add(camera.fps.captured);
  charts.age.add(camera.last_frame?.age_ms ?? null);
  charts.bytes.add(camera.last_frame?.bytes ?? null);
  showViewers(camera.subscribers);
  if (resumed || (countingSince ?? camera.counting_since) !== camera.counting_since) restartStream();
  countingSince = camera.counting_since;
});
if (source === 'v4l2') showControls(id, main.querySelector('.controls'));

// ---- Keys ----

wall.search = sessionStorage.getItem('wall') ?? '';
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === 'Escape' && document.fullscreenElement === null) {
    location.href = wall.href;
  } else if (event.key.toLowerCase() === 'f' && event.target.closest('select') === null) {
    (document.fullscreenElement === null ? image.requestFullscreen() : document.exitFullscreen()).catch(() => {});
  }
});
