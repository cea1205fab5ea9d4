// The view of a wall as its address describes it, and the order and filter of its cameras. Pure.

export const LAYOUTS = ['auto', '1', '4', '9', '16', '25', '36', '64'];

// Few, so that a resized window seldom requests another size.
const WIDTHS_PX = [160, 240, 320, 480, 640, 960, 1280, 1920, 2560, 3840];
const PLAIN_MAX = 512; // characters of a list of ids that stands in the address as it is
const HASH_CHARACTERS = 4;
const HASHED = '~'; // begins a list of hashes; no id has it
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const ROTATE_MAX_S = 3600;

// ---- Lists of cameras in an address ----

// FNV-1a, of which 24 bits are kept. Takes an id.
function hashOf(id) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193) >>> 0;
  let text = '';
  for (let digit = 0; digit < HASH_CHARACTERS; digit++) text += DIGITS[hash >>> (8 + 6 * digit) & 63];
  return text;
}

// The ids, or, where these are long, a few characters for each: an address of 300 cameras stays below 1.3 KB.
export function writeIds(ids) {
  const plain = ids.join(',');
  return plain.length <= PLAIN_MAX ? plain : HASHED + ids.map(hashOf).join('');
}

// The same, read back; of hashes those that one of the known ids has.
export function readIds(text, known) {
  if (!text.startsWith(HASHED)) return text.split(',').filter((id) => id !== '');
  const ids = new Map(known.map((id) => [hashOf(id), id]));
  const hashes = text.slice(1).match(/.{4}/g) ?? [];
  return hashes.map((hash) => ids.get(hash)).filter((id) => id !== undefined);
}

// ---- The query ----

// { layout, filter, order, cameras, name, sort, kiosk, rotate } of a query; missing and invalid parameters get the
// defaults. cameras: a group's, null: all of them. sort: "" or "trouble". rotate: seconds a page, null: as usual.
// known: the ids of all cameras.
export function readView(query, known = []) {
  const parameters = new URLSearchParams(query);
  const text = (name) => parameters.get(name) ?? '';
  const rotate = parameters.has('rotate') ? Number(text('rotate')) : NaN;
  return {
    layout: LAYOUTS.includes(text('layout')) ? text('layout') : 'auto',
    filter: text('filter'),
    order: readIds(text('order'), known),
    cameras: parameters.has('cameras') ? readIds(text('cameras'), known) : null,
    name: text('view'),
    sort: text('sort') === 'trouble' ? 'trouble' : '',
    kiosk: text('kiosk') === '1',
    rotate: rotate >= 0 && rotate <= ROTATE_MAX_S ? rotate : null,
  };
}

// The query of a view; "" for the default one.
export function writeView({ layout, filter, order, cameras, name, sort, kiosk, rotate }) {
  const parameters = [];
  if (name) parameters.push(`view=${encodeURIComponent(name)}`);
  if (layout !== 'auto') parameters.push(`layout=${layout}`);
  if (filter !== '') parameters.push(`filter=${encodeURIComponent(filter)}`);
  if (cameras) parameters.push(`cameras=${writeIds(cameras)}`);
  if (order.length > 0) parameters.push(`order=${writeIds(order)}`);
  if (sort) parameters.push(`sort=${sort}`);
  if (kiosk) parameters.push('kiosk=1');
  if (rotate !== null && rotate !== undefined) parameters.push(`rotate=${rotate}`);
  return parameters.length === 0 ? '' : `?${parameters.join('&')}`;
}

// ---- Order and filter ----

// The ids, those in the order first, then the others as they are.
export function arrange(ids, order) {
  const known = new Set(ids);
  return [...new Set([...order.filter((id) => known.has(id)), ...ids])];
}

// The ids, with one moved to another place.
export function move(ids, id, toIndex) {
  const others = ids.filter((other) => other !== id);
  others.splice(Math.max(0, Math.min(toIndex, others.length)), 0, id);
  return others;
}

// Whether a filter finds a camera: by its name, its id, its state, "trouble", or the name of one of its groups.
export function matches(filter, { id, name, state = '', groups = [] }) {
  const text = filter.trim().toLowerCase();
  const isTrouble = state === 'stale' || state === 'offline';
  return name.toLowerCase().includes(text) || id.includes(text) || text === state || (text === 'trouble' && isTrouble) ||
    groups.some((group) => group.toLowerCase().includes(text));
}

// The width to request for a picture that is this many screen pixels wide.
export function feedWidth(pixels) {
  return WIDTHS_PX.find((width) => width >= pixels) ?? WIDTHS_PX.at(-1);
}

// The ids of each page of so many tiles. Pinned ids stand first on every page, on half of it at most.
export function pagesOf(ids, pinned, capacity) {
  if (ids.length <= capacity) return [ids];
  const first = ids.filter((id) => pinned.has(id)).slice(0, Math.max(1, Math.floor(capacity / 2)));
  const others = ids.filter((id) => !first.includes(id));
  const each = Math.max(1, capacity - first.length);
  const pages = [];
  for (let at = 0; at < others.length; at += each) pages.push([...first, ...others.slice(at, at + each)]);
  return pages;
}
