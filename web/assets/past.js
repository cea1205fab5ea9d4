// The past on a camera's page: the way to its recordings, and the last times that something moved.

import { fetchJson } from './page.js';
import { momentText } from './texts.js';

const EVENTS = 8;
const BACK_MS = 30000;
const REFRESH_MS = 10000;
const THUMBNAIL_PX = 160;

const recordingsAt = (id, ms) => `recordings?cameras=${encodeURIComponent(id)}&span=600&at=${new Date(ms).toISOString()}`;

function eventItem(id, { at, details }) {
  const item = document.createElement('li');
  const link = document.createElement('a');
  const picture = document.createElement('img');
  const ms = Date.parse(details?.began ?? at);
  link.href = recordingsAt(id, ms);
  picture.loading = 'lazy';
  picture.alt = '';
  picture.src = `camera/${encodeURIComponent(id)}/snapshot?at=${at}&width=${THUMBNAIL_PX}`;
  const zone = details?.zone ? ` in ${details.zone}` : '';
  link.append(picture, `${momentText(ms, Date.now(), true)}${zone}`);
  item.append(link);
  return item;
}

// Shows the section if another server of the cluster has recordings of the camera.
export async function findPast(id, section) {
  const address = `api/recordings?camera=${encodeURIComponent(id)}`;
  const answer = await fetchJson(address);
  if (answer === null || answer.cameras.length === 0) return;
  section.hidden = false;
  showPast(id, section);
}

// Fills the section from now on.
export function showPast(id, section) {
  const list = section.querySelector('ul');
  let newest = null;

  const back = section.querySelector('.back');
  back.href = recordingsAt(id, Date.now() - BACK_MS);
  back.addEventListener('click', () => { back.href = recordingsAt(id, Date.now() - BACK_MS); });
  section.querySelector('.history').href = `history?camera=${encodeURIComponent(id)}`;

  async function look() {
    const address = `api/history?camera=${encodeURIComponent(id)}&kind=motion&limit=${4 * EVENTS}`;
    const answer = await fetchJson(address);
    if (answer === null) return;
    const began = answer.events.filter(({ details }) => details?.action === 'began').slice(0, EVENTS);
    section.querySelector('.nobody').hidden = began.length > 0;
    if (newest === (began[0]?.id ?? null)) return;
    newest = began[0]?.id ?? null;
    list.replaceChildren(...began.map((event) => eventItem(id, event)));
  }

  look();
  setInterval(look, REFRESH_MS);
}
