// Keeps one camera's page alive: its figures, and its stream while the page can be seen.

import { poll, showFigures, sleep } from './figures.js';

const RETRY_MS = 3000;

const main = document.querySelector('main');
const image = main.querySelector('.picture');
const stream = `/camera/${main.dataset.id}/video_feed`;

function restartStream() {
  image.src = '';
  if (!document.hidden) image.src = stream;
}

document.addEventListener('visibilitychange', restartStream);
image.addEventListener('error', async () => {
  if (document.hidden) return;
  await sleep(RETRY_MS);
  restartStream();
});

let first = true;
poll(`/api/cameras/${main.dataset.id}`, (camera, resumed) => {
  showFigures(main, camera);
  if (resumed && !first) restartStream();
  first = false;
});
