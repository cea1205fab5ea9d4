// The wall: its view, the subscription that feeds its tiles, and the status that they show.

import { Feed } from './feed.js';
import { Kiosk } from './kiosk.js';
import { announce, showInTab, warn } from './page.js';
import { allowDragging } from './reorder.js';
import { isList, kioskCapacity, layOut } from './screen.js';
import { Server } from './server.js';
import { Summary } from './summary.js';
import { spanText } from './texts.js';
import { Tile } from './tile.js';
import { Tiles } from './tiles.js';
import { arrange, feedWidth, matches, move, readView } from './view.js';
import { Views } from './views.js';
import { listenToKeys } from './wall-keys.js';
import { WallMenu } from './wall-menu.js';
import { Watch } from './watch.js';

const SETTLE_MS = 250; // after scrolling and resizing, before another subscription replaces the present one
const FROZEN_MS = 5000; // without a frame that the server has, before the feed reconnects

const main = document.querySelector('main');
const list = document.querySelector('.tiles');
const filterBox = document.querySelector('#filter');

const tiles = new Tiles(list, { onSeen: () => settle(), onChanged: () => apply() });
const view = readView(location.search, tiles.ids);
const views = new Views(document.querySelector('.views'), (changes) => change(changes));
const kiosk = new Kiosk({ onTurn: () => apply(), onExit: () => change({ kiosk: false }) });

// ---- The subscription ----

const feed = new Feed({
  onData: () => server.heard(),
  onPart: (part) => {
    const tile = tiles.of(part.headers.get('x-camera-id'));
    if (tile === undefined) return;
    tile.take(part);
    // The picture shows another state than the caption.
    if ((part.headers.get('x-camera-state') ?? 'live') !== tile.state) server.soon();
  },
  onTrouble: (reason) => warn('feed', reason === null ? null : `No pictures: ${reason}; trying again.`),
});

function feedAddress() {
  const watched = document.hidden ? [] : tiles.visible;
  if (watched.length === 0) return null;
  const cameras = watched.length === tiles.all.length ? 'all' : watched.map(({ id }) => id).join(',');
  const widest = Math.max(...watched.map(({ screen, ratio }) =>
    Math.min(screen.clientWidth, screen.clientHeight * ratio)));
  return `feed?cameras=${cameras}&width=${feedWidth(widest * devicePixelRatio)}`;
}

let settling;
function settle() {
  clearTimeout(settling);
  settling = setTimeout(() => feed.subscribe(feedAddress()), feed.isSubscribed ? SETTLE_MS : 0);
}

// A hidden page closes its connection at once.
function leave() {
  clearTimeout(settling);
  feed.subscribe(null);
}

// ---- The view ----

const stateOf = (tile) => ({ id: tile.id, name: tile.name, state: tile.state, groups: views.groupsOf(tile.id) });
const isInTrouble = (id) => ['stale', 'offline'].includes(tiles.of(id).state);
const troubleFirst = () =>
  view.sort === 'trouble' || isList(tiles.all.length) || (view.kiosk && kiosk.hasPages);

function idsInOrder() {
  const ids = arrange(tiles.ids, view.order);
  return troubleFirst() ? [...ids.filter(isInTrouble), ...ids.filter((id) => !isInTrouble(id))] : ids;
}

// Of the view, of the filter, and of a kiosk's page.
function idsOnShow() {
  const group = view.cameras === null ? null : new Set(view.cameras);
  const ids = tiles.idsInOrder.filter((id) =>
    (group === null || group.has(id)) && matches(view.filter, stateOf(tiles.of(id))));
  if (!view.kiosk) return ids;
  const capacity = kioskCapacity(main, ids.map((id) => tiles.of(id)), view);
  return kiosk.pick(ids, new Set(ids.filter(isInTrouble)), capacity);
}

function apply() {
  kiosk.set(view.kiosk, view.rotate);
  tiles.arrange(idsInOrder());
  const onShow = new Set(idsOnShow());
  for (const tile of tiles.all) tile.element.hidden = !onShow.has(tile.id);
  const isEmpty = tiles.all.length === 0;
  document.querySelector('.empty').hidden = !isEmpty;
  document.querySelector('.nothing').hidden = isEmpty || tiles.shown.length > 0;
  for (const choice of document.querySelectorAll('[name=layout]')) choice.checked = choice.value === view.layout;
  if (filterBox.value !== view.filter) filterBox.value = view.filter;
  layOut(main, list, tiles.shown, view);
  settle();
}

function change(changes) {
  Object.assign(view, changes);
  const query = views.queryOf(view);
  history.replaceState(null, '', `./${query}`);
  sessionStorage.setItem('wall', query);
  views.show(view.name);
  menu.show();
  apply();
}

function moveTile(tile, toIndex) {
  change({ order: move(tiles.idsInOrder, tile.id, toIndex) });
  announce(`${tile.name} is now number ${tiles.idsInOrder.indexOf(tile.id) + 1} of ${tiles.all.length}`);
}

// ---- Status ----

const summary = new Summary(document.querySelector('.summary'), (filter) => change({ filter }));

// What the view depends on; the layout follows when it changes.
const shapeOf = () => tiles.all.map((tile) => `${tile.id} ${tile.state} ${tile.ratio}`).join();

function showStatus({ cameras }, resumed) {
  const before = shapeOf();
  let behind = 0;
  for (const camera of cameras) {
    const tile = tiles.of(camera.id);
    if (tile !== undefined) behind = Math.max(behind, tile.show(camera));
  }
  summary.show(cameras, view.filter);
  if (!watch.isSeeded) watch.seed(cameras);
  watch.update(cameras);
  document.documentElement.classList.remove('lost');
  if (shapeOf() !== before) apply();
  tiles.follow(cameras);
  // A connection may die silently while the server still responds. On a slow one, which is not silent, tiles only
  // become older.
  if (resumed || Math.min(behind, feed.silentMs) >= FROZEN_MS) feed.restart();
}

function showLost(silentMs) {
  if (!document.documentElement.classList.contains('lost')) announce('No connection to the server');
  document.documentElement.classList.add('lost');
  showInTab({ trouble: 0, lost: true });
  summary.showText(`No connection for ${spanText(silentMs)}`);
  for (const tile of tiles.all) tile.showLost(silentMs);
}

const server = new Server('api/cameras?brief=1', { onAnswer: showStatus, onLost: showLost });

const watch = new Watch({
  tiles,
  server,
  onRoom: () => apply(),
  onTroubles: (trouble) => { if (!server.isLost) showInTab({ trouble, lost: false }); },
});

// ---- Start ----

const menu = new WallMenu({ view, views, tiles, change });

new ResizeObserver(() => {
  layOut(main, list, tiles.shown, view);
  settle();
}).observe(main);

function togglePause() {
  Tile.paused = !Tile.paused;
  document.querySelector('#pause').setAttribute('aria-pressed', String(Tile.paused));
  for (const tile of tiles.all) tile.resume();
  announce(Tile.paused ? 'Pictures are paused' : 'Pictures move');
}

function toggleFullScreen() {
  if (document.fullscreenElement !== null) {
    document.exitFullscreen();
  } else {
    document.documentElement.requestFullscreen().catch((error) => announce(`Full screen failed: ${error.message}`));
  }
}

listenToKeys({ tiles, view, filterBox, kiosk, menu, change, moveTile, togglePause, toggleFullScreen });
allowDragging(list, tiles, moveTile);
document.querySelector('.tools').hidden = false;
document.querySelector('.layouts').addEventListener('change', (event) => change({ layout: event.target.value }));
filterBox.addEventListener('input', () => change({ filter: filterBox.value }));
document.querySelector('#pause').addEventListener('click', togglePause);
document.querySelector('#full-screen').addEventListener('click', toggleFullScreen);
document.querySelector('#kiosk').addEventListener('click', () => change({ kiosk: true }));
document.addEventListener('visibilitychange', () => (document.hidden ? leave() : settle()));
document.querySelector('form[action=logout]').addEventListener('submit', () => {
  leave();
  watch.events.stop();
});
addEventListener('pagehide', leave);
addEventListener('pageshow', settle);
// A view that is asked for by its name alone.
const named = view.cameras === null && view.order.length === 0 ? views.find(view.name) : null;
if (named !== null) {
  view.cameras = named.cameras ?? null;
  view.order = named.order ?? [];
  if (view.layout === 'auto') view.layout = named.layout ?? 'auto';
}
// The pictures come first: all that is not needed to ask for them is done while they are on their way.
list.hidden = true; // the room for it is measured, which is the same without it
apply();
list.hidden = false;
tiles.look(main);
feed.subscribe(feedAddress());
change({});
