// What a wall looks like, as its address tells it, and the arithmetic of tiles. Pure.

export const LAYOUTS = ['auto', '1', '4', '9', '16'];

// Few, so that a window that changes its size seldom asks for other pictures.
const WIDTHS_PX = [160, 240, 320, 480, 640, 960, 1280, 1920, 2560, 3840];
const PICTURE_RATIO = 16 / 9;

// { layout, filter, order, kiosk } of a query; whatever it does not tell, or tells wrongly, is as on a plain wall.
export function readView(query) {
  const parameters = new URLSearchParams(query);
  const layout = parameters.get('layout');
  return {
    layout: LAYOUTS.includes(layout) ? layout : 'auto',
    filter: parameters.get('filter') ?? '',
    order: (parameters.get('order') ?? '').split(',').filter((id) => id !== ''),
    kiosk: parameters.get('kiosk') === '1',
  };
}

// The query that tells the view: "" for a plain wall.
export function writeView({ layout, filter, order, kiosk }) {
  const parameters = [];
  if (layout !== 'auto') parameters.push(`layout=${layout}`);
  if (filter !== '') parameters.push(`filter=${encodeURIComponent(filter)}`);
  if (order.length > 0) parameters.push(`order=${order.join(',')}`);
  if (kiosk) parameters.push('kiosk=1');
  return parameters.length === 0 ? '' : `?${parameters.join('&')}`;
}

// The ids with those that the order names first, in its order; the others stay as they are.
export function arrange(ids, order) {
  const known = new Set(ids);
  return [...new Set([...order.filter((id) => known.has(id)), ...ids])];
}

// The ids with one moved to the place of another.
export function move(ids, id, toIndex) {
  const others = ids.filter((other) => other !== id);
  others.splice(Math.max(0, Math.min(toIndex, others.length)), 0, id);
  return others;
}

export function matches(filter, { id, name }) {
  const text = filter.trim().toLowerCase();
  return name.toLowerCase().includes(text) || id.includes(text);
}

// The width of the picture that fits into so much room.
export const pictureWidth = (width, height) => Math.min(width, height * PICTURE_RATIO);

// How wide pictures are when all tiles have to fit on the screen in so many columns, each with a caption so high.
export function fitWidth(columns, count, { width, height, captionHeight }) {
  return pictureWidth(width / columns, height / Math.ceil(count / columns) - captionHeight);
}

// How many columns make the largest pictures then.
export function fitColumns(count, room) {
  let best = 1;
  for (let columns = 2; columns <= count; columns++) {
    if (fitWidth(columns, count, room) > fitWidth(best, count, room)) best = columns;
  }
  return best;
}

// The width to ask of the server for a picture so many pixels of the screen wide.
export function feedWidth(pixels) {
  return WIDTHS_PX.find((width) => width >= pixels) ?? WIDTHS_PX.at(-1);
}
