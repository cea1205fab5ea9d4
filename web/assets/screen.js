// Puts the tiles in their places on the screen.

import { capacityOf, packPage, packScreen, packScreens } from './pack.js';

const GAP_PX = 4;
const LEGIBLE_PX = 240; // below this width, the page scrolls instead
const KIOSK_TILE_PX = 200; // the smallest tile of a kiosk; the others are on further pages

// Narrow screens have a list of more than a few cameras; the style sheet lays it out.
const FEW = 3;
const narrow = matchMedia('(max-width: 40rem)');
export const isList = (count) => narrow.matches && count > FEW;

const narrowest = (boxes) => Math.min(...boxes.map(({ width }) => width));
const ratiosOf = (tiles) => tiles.map(({ ratio }) => ratio);

function roomOf(main) {
  return { width: main.clientWidth - 2 * GAP_PX, height: main.clientHeight - 2 * GAP_PX, gap: GAP_PX };
}

// { boxes, height }: height is 0 if all is on one screen.
function pack(main, ratios, view) {
  const mode = (name) => { main.dataset.fit = name; };
  mode('screen');
  if (view.layout === 'auto' || (view.kiosk && ratios.length <= Number(view.layout))) {
    const boxes = packScreen(ratios, roomOf(main));
    if (view.kiosk || narrowest(boxes) >= LEGIBLE_PX) return { boxes, height: 0 };
    mode('page');
    const page = packPage(ratios, LEGIBLE_PX, roomOf(main));
    return { boxes: page, height: Math.max(...page.map((box) => box.y + box.height)) };
  }
  const perScreen = Number(view.layout);
  if (ratios.length > perScreen) mode('page');
  const room = roomOf(main);
  const screens = Math.ceil(ratios.length / perScreen);
  return {
    boxes: packScreens(ratios, perScreen, room),
    height: screens > 1 ? screens * (room.height + room.gap) - room.gap : 0,
  };
}

const px = (length) => `${length.toFixed(2)}px`;

// Lays out the tiles that are shown.
export function layOut(main, list, tiles, view) {
  const isPacked = !isList(tiles.length);
  list.classList.toggle('packed', isPacked);
  if (!isPacked) {
    main.dataset.fit = 'list';
    list.removeAttribute('style');
    for (const { element } of tiles) element.removeAttribute('style');
    return;
  }
  if (tiles.length === 0) return;
  const { boxes, height } = pack(main, ratiosOf(tiles), view);
  list.style.height = height > 0 ? px(height) : '100%';
  for (const [index, { element }] of tiles.entries()) {
    const { x, y, width, height: tall } = boxes[index];
    Object.assign(element.style, { left: px(x), top: px(y), width: px(width), height: px(tall) });
  }
}

// How many tiles a page of a kiosk has.
export function kioskCapacity(main, tiles, view) {
  return view.layout === 'auto' ? capacityOf(ratiosOf(tiles), KIOSK_TILE_PX, roomOf(main)) : Number(view.layout);
}

// The boxes of tiles as they are, for the arrow keys.
export const boxesOf = (tiles) => tiles.map(({ element }) => (
  { x: element.offsetLeft, y: element.offsetTop, width: element.offsetWidth, height: element.offsetHeight }));
