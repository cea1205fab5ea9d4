// What every page has: places for figures, a warning at the top, announcements, and the tab's title and icon.

import { figuresOf, isTrouble, shownState } from './texts.js';

const ANNOUNCE_AFTER_MS = 1000; // changes that come together are one announcement
const NAMES_MAX = 4;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// What an address answers. null: a refusal, or nothing, as when the page is left meanwhile.
export async function fetchJson(address) {
  try {
    const response = await fetch(address, { cache: 'no-store' });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

// ---- Figures ----

// Writes figures, each a text or { text, title }, into the element's places for them.
export function fillFigures(element, figures) {
  for (const place of element.querySelectorAll('[data-figure]')) {
    const figure = figures[place.dataset.figure];
    if (figure === undefined) continue;
    const { text, title } = typeof figure === 'object' ? figure : { text: String(figure) };
    if (place.textContent !== text) place.textContent = text;
    if (title !== undefined && place.title !== title) place.title = title;
  }
}

// Updates a camera's figures and state.
export function showCamera(element, camera) {
  fillFigures(element, figuresOf(camera, Date.now()));
  element.dataset.state = shownState(camera);
  element.classList.toggle('moving', camera.motion?.moving === true);
}

// ---- Announcements, for screen readers ----

let gathered = null; // changes that are not announced yet: { lost, back }, of names

const namesText = (names) => (names.length <= NAMES_MAX ? names.join(', ')
  : `${names.slice(0, NAMES_MAX).join(', ')} and ${names.length - NAMES_MAX} more`);

export function announce(text) {
  document.querySelector('[role=status]').textContent = text;
}

function announceGathered() {
  const { lost, back } = gathered;
  gathered = null;
  announce([
    lost.size > 0 ? `Trouble: ${namesText([...lost])}.` : '',
    back.size > 0 ? `Back: ${namesText([...back])}.` : '',
  ].filter((text) => text !== '').join(' '));
}

// Announces that a camera is lost or back, together with others of about the same time. Other changes are routine.
export function announceChange(before, camera) {
  if (isTrouble(before) === isTrouble(camera)) return;
  if (gathered === null) {
    gathered = { lost: new Set(), back: new Set() };
    setTimeout(announceGathered, ANNOUNCE_AFTER_MS);
  }
  const [to, from] = isTrouble(camera) ? [gathered.lost, gathered.back] : [gathered.back, gathered.lost];
  if (!from.delete(camera.name)) to.add(camera.name);
}

// ---- The warning ----

const warnings = new Map();

// Shows a problem of one part of the page at its top; null: solved.
export function warn(part, text) {
  if (text === null) {
    warnings.delete(part);
  } else {
    warnings.set(part, text);
  }
  const warning = document.querySelector('.warning');
  const first = warnings.get('server') ?? [...warnings.values()][0] ?? '';
  if (warning.textContent !== first) warning.textContent = first;
  warning.hidden = first === '';
}

// ---- Title and icon ----

const TITLE = document.title;
const ICONS = { usual: 'favicon', trouble: 'favicon-trouble', lost: 'favicon-lost' };

// trouble: how many cameras are in trouble. lost: whether there is no connection.
export function showInTab({ trouble, lost }) {
  const icon = lost ? 'lost' : trouble > 0 ? 'trouble' : 'usual';
  const count = trouble > 0 ? `(${trouble}) ` : '';
  document.title = lost ? `No connection – ${TITLE}` : `${count}${TITLE}`;
  const link = document.querySelector('link[rel=icon]');
  const address = link.getAttribute('href').replace(/[^/]*$/, `${ICONS[icon]}.svg`);
  if (link.getAttribute('href') !== address) link.setAttribute('href', address);
}
