// Keeps the status page fresh.

import { bytesText, durationText, fillFigures, poll, showFigures, summaryOf } from './figures.js';

const totals = document.querySelector('.totals');
const rows = new Map(Array.from(document.querySelectorAll('tr[data-id]'), (row) => [row.dataset.id, row]));
const wall = document.querySelector('#wall');

// A feed subscribes to each of its cameras, and is one stream.
function streamsOf(cameras) {
  const streams = new Map();
  for (const camera of cameras) {
    for (const viewer of camera.subscribers) {
      const stream = streams.get(viewer.remote);
      if (stream === undefined) {
        streams.set(viewer.remote, { ...viewer, cameras: [camera.name] });
        continue;
      }
      stream.cameras.push(camera.name);
      for (const figure of ['fps', 'sent', 'skipped', 'bytes']) stream[figure] += viewer[figure];
    }
  }
  return [...streams.values()];
}

function streamRow(stream) {
  const row = document.createElement('tr');
  const cameras = stream.cameras.length === 1 ? stream.cameras[0] : `${stream.cameras.length} cameras`;
  const texts = [stream.remote, stream.route, cameras, durationText(stream.connected_s * 1000),
    `${stream.fps.toFixed(1)} fps`, stream.sent, stream.skipped, bytesText(stream.bytes)];
  for (const text of texts) row.insertCell().textContent = text;
  return row;
}

function showStreams(streams) {
  const section = document.querySelector('.streams');
  section.hidden = false;
  section.querySelector('.nobody').hidden = streams.length > 0;
  section.querySelector('.wide').hidden = streams.length === 0;
  section.querySelector('tbody').replaceChildren(...streams.map(streamRow));
}

// Of the whole, which is not told to who may not see every camera.
const totalsOf = ({ streams, workers, memory, uptime_s: uptime }) => ({
  streams: streams.active,
  rejected: streams.rejected,
  threads: workers.threads,
  queued: workers.queued,
  replaced: workers.replaced,
  memory: bytesText(memory.bytes),
  frames: memory.frames,
  uptime: durationText(uptime * 1000),
});

poll('api/status', (status) => {
  if (status.streams !== null) fillFigures(totals, totalsOf(status));
  for (const camera of status.cameras) {
    const row = rows.get(camera.id);
    if (row !== undefined) showFigures(row, camera);
  }
  document.querySelector('.summary').textContent = summaryOf(status.cameras);
  showStreams(streamsOf(status.cameras));
});

wall.search = sessionStorage.getItem('wall') ?? '';
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') location.href = wall.href;
});
