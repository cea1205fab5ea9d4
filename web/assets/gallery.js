// Keeps the tiles alive. A browser opens six connections to a host: four tiles get streams, the others take turns at
// one connection for snapshots, and one is left for the status.

import { poll, showFigures, sleep } from './figures.js';

const STREAMS_MAX = 4;
const RETRY_MS = 3000;
const SNAPSHOT_ROUND_MS = 1000;
const SNAPSHOT_ANSWER_MS = 3000;

const tiles = Array.from(document.querySelectorAll('.tile'), (element) => ({
  element,
  id: element.dataset.id,
  image: element.querySelector('.picture'),
  visible: false,
  streaming: false,
  retryAt: 0,
}));
const tileOf = new Map(tiles.map((tile) => [tile.element, tile]));

// Chromium may go on painting the snapshot for ever unless it is taken away first.
function startStream(tile) {
  tile.streaming = true;
  tile.image.src = '';
  tile.image.src = `/camera/${tile.id}/video_feed`;
}

// An <img> that only loses its place in the page would keep the connection.
function stopStream(tile) {
  tile.streaming = false;
  tile.image.src = '';
}

const isWatched = (tile) => tile.visible && !document.hidden;

function shareStreams() {
  const chosen = new Set(tiles.filter(isWatched).slice(0, STREAMS_MAX));
  for (const tile of tiles) {
    if (tile.streaming && !chosen.has(tile)) stopStream(tile);
  }
  for (const tile of chosen) {
    if (!tile.streaming && performance.now() >= tile.retryAt) startStream(tile);
  }
}

const wantsSnapshot = (tile) => isWatched(tile) && !tile.streaming;

// The new picture takes the old one's place only once it is complete.
async function refreshSnapshot(tile) {
  const next = tile.image.cloneNode();
  next.loading = 'eager';
  next.src = `/camera/${tile.id}/snapshot?at=${Date.now()}`;
  const late = sleep(SNAPSHOT_ANSWER_MS).then(() => Promise.reject(new Error('late')));
  try {
    await Promise.race([next.decode(), late]);
  } catch {
    next.src = '';
    return;
  }
  if (wantsSnapshot(tile)) {
    tile.image.replaceWith(next);
    tile.image = next;
  }
}

async function refreshSnapshots() {
  for (;;) {
    const round = sleep(SNAPSHOT_ROUND_MS);
    for (const tile of tiles) {
      if (wantsSnapshot(tile)) await refreshSnapshot(tile);
    }
    await round;
  }
}

function summaryOf(cameras) {
  const counts = ['live', 'idle', 'starting', 'stale', 'offline']
    .map((state) => [cameras.filter((camera) => camera.state === state).length, state])
    .filter(([count]) => count > 0)
    .map(([count, state]) => `${count} ${state}`);
  return [`${cameras.length} ${cameras.length === 1 ? 'camera' : 'cameras'}`, ...counts].join(' · ');
}

for (const tile of tiles) {
  // Snapshots that the page asked for before this script came would hold the connections.
  if (!tile.image.complete) tile.image.src = '';
  tile.element.addEventListener('error', (event) => {
    if (event.target === tile.image && tile.streaming) {
      tile.streaming = false;
      tile.retryAt = performance.now() + RETRY_MS;
    }
  }, true);
}

const observer = new IntersectionObserver((entries) => {
  for (const entry of entries) tileOf.get(entry.target).visible = entry.isIntersecting;
  shareStreams();
});
for (const tile of tiles) observer.observe(tile.element);
document.addEventListener('visibilitychange', shareStreams);

refreshSnapshots();
poll('/api/status', (status, resumed) => {
  const cameras = new Map(status.cameras.map((camera) => [camera.id, camera]));
  for (const tile of tiles) {
    const camera = cameras.get(tile.id);
    if (camera !== undefined) showFigures(tile.element, camera);
    if (resumed && tile.streaming) stopStream(tile);
  }
  document.querySelector('.summary').textContent = summaryOf(status.cameras);
  shareStreams();
});
