// Keeps the status page up to date.

import { Follower } from './adopt.js';
import { announceChange, fillFigures, showCamera, showInTab } from './page.js';
import { Server } from './server.js';
import { bytesText, clusterText, countsOf, countText, durationText, rateText, spanText, summaryOf } from './texts.js';

const totals = document.querySelector('.totals');
const table = document.querySelector('.cameras tbody');
const rows = new Map(Array.from(table.rows, (row) => [row.dataset.id, row]));
const wall = document.querySelector('#wall');
const shown = new Map(); // the newest status of each camera by its id

// Their order is that of the configuration.
const follower = new Follower('tr[data-id]', [...rows.keys()], {
  add: (id, row) => rows.set(id, row),
  remove: (id) => {
    rows.get(id).remove();
    rows.delete(id);
    shown.delete(id);
  },
  changed: () => table.append(...follower.ids.map((id) => rows.get(id))),
});

// A feed is one stream that subscribes to each of its cameras.
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
    rateText(stream.fps), stream.sent, stream.skipped, bytesText(stream.bytes)];
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

// Totals, which the server omits for accounts that may not see every camera.
const totalsOf = ({ streams, workers, memory, cluster, uptime_s: uptime }) => ({
  streams: streams.active,
  rejected: streams.rejected,
  threads: workers.threads,
  queued: workers.queued,
  replaced: workers.replaced,
  memory: bytesText(memory.bytes),
  frames: memory.frames,
  cluster: clusterText(cluster),
  nodes: cluster.error ?? `${cluster.online} of ${countText(cluster.nodes, 'other server')} online`,
  uptime: durationText(uptime * 1000),
});

function showRow(camera) {
  const row = rows.get(camera.id);
  if (row === undefined) return;
  if (shown.has(camera.id)) announceChange(shown.get(camera.id), camera);
  shown.set(camera.id, camera);
  showCamera(row, camera);
  const link = row.querySelector('a');
  if (link.textContent !== camera.name) link.textContent = camera.name;
}

function showStatus(status) {
  document.documentElement.classList.remove('lost');
  if (status.streams !== null) fillFigures(totals, totalsOf(status));
  for (const camera of status.cameras) showRow(camera);
  document.querySelector('.summary').textContent = summaryOf(status.cameras).map(({ text }) => text).join(' · ');
  showInTab({ trouble: countsOf(status.cameras).trouble, lost: false });
  showStreams(streamsOf(status.cameras));
  follower.follow(status.cameras);
}

// The figures are what was last known, and look it.
function showLost(silentMs) {
  document.documentElement.classList.add('lost');
  document.querySelector('.summary').textContent = `No connection for ${spanText(silentMs)}`;
  showInTab({ trouble: 0, lost: true });
  for (const [id, row] of rows) {
    const newest = shown.get(id)?.last_frame;
    row.dataset.state = 'lost';
    fillFigures(row, {
      state: 'no connection', ...(newest && { age: `${durationText(newest.age_ms + silentMs)} ago` }),
    });
  }
}

new Server('api/status', { onAnswer: showStatus, onLost: showLost });
wall.search = sessionStorage.getItem('wall') ?? '';
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') location.href = wall.href;
});
