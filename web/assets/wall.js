// The wall: which tiles are where, which of them are fed, and the keys and controls that change that.

import { announce, poll, showFigures, showTrouble, summaryOf } from './figures.js';
import { Feed } from './feed.js';
import { Tile } from './tile.js';
import { arrange, feedWidth, fitColumns, fitWidth, matches, move, pictureWidth, readView, writeView } from './view.js';

const CAPTION_PX = 30;
const LEGIBLE_PX = 320; // rather than narrower ones, tiles are scrolled
const VISIBLE_SHARE = 0.02; // of a tile; one that only touches the edge is not fed
const SETTLE_MS = 250; // of scrolling and resizing, before other pictures are asked for
const FROZEN_MS = 5000; // without a frame that the server has, before the feed is begun anew
const LAYOUT_KEYS = { 0: 'auto', 1: '1', 4: '4', 6: '16', 9: '9' };

const main = document.querySelector('main');
const list = document.querySelector('.tiles');
const filterBox = document.querySelector('#filter');
const configured = Array.from(list.children, (element) => new Tile(element));
const tileOf = new Map(configured.map((tile) => [tile.id, tile]));
const view = readView(location.search);

const feed = new Feed({
  onPart: (part) => {
    const tile = tileOf.get(part.headers.get('x-camera-id'));
    if (tile === undefined) return;
    tile.take(part);
    // Its picture tells of another state than its caption does.
    if ((part.headers.get('x-camera-state') ?? 'live') !== tile.element.dataset.state) pollSoon();
  },
  onTrouble: (reason) => showTrouble('feed', reason === null ? null : `No pictures: ${reason}; trying again.`),
});

// ---- Which pictures are asked for ----

function feedAddress() {
  const watched = document.hidden ? [] : configured.filter((tile) => tile.visible);
  if (watched.length === 0) return null;
  const cameras = watched.length === configured.length ? 'all' : watched.map((tile) => tile.id).join(',');
  const widest = Math.max(...watched.map(({ screen }) => pictureWidth(screen.clientWidth, screen.clientHeight)));
  return `feed?cameras=${cameras}&width=${feedWidth(widest * devicePixelRatio)}`;
}

let settling;
function settle() {
  clearTimeout(settling);
  settling = setTimeout(() => feed.subscribe(feedAddress()), SETTLE_MS);
}

// A hidden page gives its connection back at once.
function leave() {
  clearTimeout(settling);
  feed.subscribe(null);
}

// ---- How it looks ----

const shown = () => Array.from(list.children).filter((element) => !element.hidden);

function layOut() {
  const isAuto = view.layout === 'auto';
  const count = isAuto ? shown().length : Number(view.layout);
  const room = { width: main.clientWidth, height: main.clientHeight, captionHeight: CAPTION_PX };
  const columns = isAuto ? fitColumns(count, room) : Math.sqrt(count);
  const allFit = fitWidth(columns, count, room) >= LEGIBLE_PX;
  main.classList.toggle('fitted', view.kiosk || !isAuto || allFit);
  main.style.setProperty('--columns', columns);
  main.style.setProperty('--rows', Math.max(1, Math.ceil(count / columns)));
}

function applyView() {
  document.documentElement.classList.toggle('kiosk', view.kiosk);
  const ids = arrange(configured.map((tile) => tile.id), view.order);
  if (ids.some((id, index) => list.children[index] !== tileOf.get(id).element)) {
    list.append(...ids.map((id) => tileOf.get(id).element));
  }
  for (const tile of configured) tile.element.hidden = !matches(view.filter, tile);
  document.querySelector('.nothing').hidden = configured.length === 0 || shown().length > 0;
  for (const choice of document.querySelectorAll('[name=layout]')) choice.checked = choice.value === view.layout;
  if (filterBox.value !== view.filter) filterBox.value = view.filter;
  layOut();
  settle();
}

function change(changes) {
  Object.assign(view, changes);
  const query = writeView(view);
  history.replaceState(null, '', `./${query}`);
  sessionStorage.setItem('wall', query);
  applyView();
}

// ---- Order ----

const idsInOrder = () => Array.from(list.children, (element) => element.dataset.id);

function moveTile(tile, toIndex) {
  change({ order: move(idsInOrder(), tile.id, toIndex) });
  announce(`${tile.name} is now number ${idsInOrder().indexOf(tile.id) + 1} of ${configured.length}`);
}

let dragged = null;
const tileAt = (node) => tileOf.get(node.closest?.('.tile')?.dataset.id);
const markTarget = (tile) => {
  for (const { element } of configured) element.classList.toggle('target', tile?.element === element);
};

list.addEventListener('dragstart', (event) => {
  dragged = tileAt(event.target) ?? null;
  if (dragged === null) return; // selected text
  event.dataTransfer.effectAllowed = 'copyLinkMove';
  event.dataTransfer.setDragImage(dragged.element, 20, 20);
});
list.addEventListener('dragover', (event) => {
  const target = tileAt(event.target);
  if (dragged === null || target === undefined) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = 'move';
  markTarget(target === dragged ? null : target);
});
list.addEventListener('drop', (event) => {
  const target = tileAt(event.target);
  if (dragged === null || target === undefined) return;
  event.preventDefault();
  moveTile(dragged, idsInOrder().indexOf(target.id));
});
list.addEventListener('dragend', () => {
  dragged = null;
  markTarget(null);
});

// ---- Keys ----

function stepOf(key, tiles) {
  const columns = tiles.findIndex((tile) => tile.offsetTop > tiles[0].offsetTop);
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  return columns < 0 && key !== 'ArrowLeft' && key !== 'ArrowRight' ? 0 : steps[key];
}

function pressArrow(event) {
  const tiles = shown();
  if (tiles.length === 0) return;
  const at = tiles.indexOf(document.activeElement.closest('.tile'));
  const to = at < 0 ? 0 : at + stepOf(event.key, tiles);
  event.preventDefault();
  if (to < 0 || to >= tiles.length) return;
  if (event.shiftKey && at >= 0) {
    moveTile(tileAt(tiles[at]), idsInOrder().indexOf(tiles[to].dataset.id));
    tileAt(tiles[at]).link.focus();
  } else {
    tileAt(tiles[to]).link.focus();
  }
}

function pressEscape() {
  if (view.filter !== '') {
    change({ filter: '' });
  } else if (view.kiosk) {
    change({ kiosk: false });
  }
}

function toggleFullScreen() {
  if (document.fullscreenElement !== null) {
    document.exitFullscreen();
  } else {
    document.documentElement.requestFullscreen().catch((error) => announce(`No full screen: ${error.message}`));
  }
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const { key, target } = event;
  if (key === 'Escape') {
    pressEscape();
  } else if (target === filterBox || (key.startsWith('Arrow') && target.matches('[type=radio]'))) {
    return; // which have their own use for these
  } else if (key.startsWith('Arrow')) {
    pressArrow(event);
  } else if (key in LAYOUT_KEYS) {
    change({ layout: LAYOUT_KEYS[key] });
    announce(`Layout ${view.layout}`);
  } else if (key === 'f' || key === 'F') {
    toggleFullScreen();
  }
});

// ---- Start ----

const observer = new IntersectionObserver((entries) => {
  for (const { target, intersectionRatio } of entries) tileAt(target).visible = intersectionRatio >= VISIBLE_SHARE;
  settle();
}, { threshold: [0, VISIBLE_SHARE] });
for (const { element } of configured) observer.observe(element);
new ResizeObserver(() => {
  layOut();
  settle();
}).observe(main);

document.querySelector('.tools').hidden = false;
document.querySelector('.layouts').addEventListener('change', (event) => change({ layout: event.target.value }));
filterBox.addEventListener('input', () => change({ filter: filterBox.value }));
document.querySelector('#full-screen').addEventListener('click', toggleFullScreen);
document.querySelector('#kiosk').addEventListener('click', () => change({ kiosk: true }));
document.addEventListener('visibilitychange', () => (document.hidden ? leave() : settle()));
addEventListener('pagehide', leave);
addEventListener('pageshow', settle);
change({});

// ---- What the server tells ----

const idsOf = (cameras) => cameras.map(({ id }) => id).join();

const pollSoon = poll('api/cameras?brief=1', ({ cameras }, resumed) => {
  // The server has another configuration by now.
  if (idsOf(cameras) !== idsOf(configured)) location.reload();
  let behind = 0;
  for (const camera of cameras) {
    const tile = tileOf.get(camera.id);
    if (tile === undefined) continue;
    const { age_ms, behind_ms } = tile.freshness(camera);
    behind = Math.max(behind, behind_ms);
    showFigures(tile.element, { ...camera, last_frame: camera.last_frame && { ...camera.last_frame, age_ms } });
  }
  document.querySelector('.summary').textContent = summaryOf(cameras);
  // A connection may die without a word while the server still answers. On a slow one, which is not silent, tiles only
  // grow old.
  if (resumed || Math.min(behind, feed.silentMs) >= FROZEN_MS) feed.restart();
});
