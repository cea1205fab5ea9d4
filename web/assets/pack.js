// The arithmetic of tiles: where pictures of given ratios (width by height) stand, so that much of the screen is picture.
// Pure. A room is { width, height, gap }, a box { x, y, width, height }, in pixels.

const USUAL_RATIO = 16 / 9;
const RATIO_MIN = 0.5; // pictures beyond are shown smaller than their tile
const RATIO_MAX = 2.5;
const ALIKE = 1.06; // ratios whose quotient is below stand in a grid
const WORTH = 1.1; // another row is worth it if pictures grow by this: rows break the order

const clamp = (ratio) => Math.min(RATIO_MAX, Math.max(RATIO_MIN, ratio));
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const areaOf = (boxes) => sum(boxes.map(({ width, height }) => width * height));
const isAlike = (ratios) => Math.max(...ratios) < ALIKE * Math.min(...ratios);

// ---- A grid, of pictures that are alike ----

function grid(count, columns, ratio, { width, height, gap }) {
  const rows = Math.ceil(count / columns);
  const across = (width - gap * (columns - 1)) / columns;
  const cell = Math.max(1, Math.min(across, (height - gap * (rows - 1)) / rows * ratio));
  const left = (width - cell * columns - gap * (columns - 1)) / 2;
  const top = Math.max(0, (height - cell / ratio * rows - gap * (rows - 1)) / 2);
  return Array.from({ length: count }, (_, index) => ({
    x: left + index % columns * (cell + gap),
    y: top + Math.floor(index / columns) * (cell / ratio + gap),
    width: cell,
    height: cell / ratio,
  }));
}

function bestGrid(ratios, room) {
  const ratio = sum(ratios) / ratios.length;
  let best = grid(ratios.length, ratios.length, ratio, room);
  for (let columns = ratios.length - 1; columns >= 1; columns--) {
    const other = grid(ratios.length, columns, ratio, room);
    if (areaOf(other) > WORTH * areaOf(best)) best = other;
  }
  return best;
}

// ---- Rows, each of one height, of pictures that differ ----

// Splits ratios into rows of about the same sum.
function split(ratios, rowCount) {
  const total = sum(ratios);
  const rows = Array.from({ length: rowCount }, () => []);
  let before = 0;
  for (const ratio of ratios) {
    const middle = before + ratio / 2;
    rows[Math.min(rowCount - 1, Math.floor(middle / total * rowCount))].push(ratio);
    before += ratio;
  }
  return rows.filter((row) => row.length > 0);
}

function place(rows, heights, { width, gap }, top) {
  const boxes = [];
  let y = top;
  for (const [index, row] of rows.entries()) {
    const height = heights[index];
    let x = (width - height * sum(row) - gap * (row.length - 1)) / 2;
    for (const ratio of row) {
      boxes.push({ x, y, width: height * ratio, height });
      x += height * ratio + gap;
    }
    y += height + gap;
  }
  return boxes;
}

const fullHeight = (row, { width, gap }) => Math.max(1, (width - gap * (row.length - 1)) / sum(row));

function justify(rows, room) {
  const heights = rows.map((row) => fullHeight(row, room));
  const space = Math.max(rows.length, room.height - room.gap * (rows.length - 1));
  const scale = Math.min(1, space / sum(heights));
  const top = (space - scale * sum(heights)) / 2;
  return place(rows, heights.map((height) => scale * height), room, top);
}

function bestRows(ratios, room) {
  let best = null;
  for (let count = 1; count <= ratios.length; count++) {
    const boxes = justify(split(ratios, count), room);
    if (best === null || areaOf(boxes) > areaOf(best)) best = boxes;
  }
  return best;
}

// ---- For the wall ----

// The boxes of all pictures on one screen.
export function packScreen(ratios, room) {
  if (ratios.length === 0) return [];
  const fitting = ratios.map(clamp);
  return isAlike(fitting) ? bestGrid(fitting, room) : bestRows(fitting, room);
}

// The boxes of pictures on screens of so many, one below the other. The last is packed as if it were full.
export function packScreens(ratios, perScreen, room) {
  const boxes = [];
  const usual = ratios.length > 0 && isAlike(ratios) ? ratios[0] : USUAL_RATIO;
  for (let first = 0; first < ratios.length; first += perScreen) {
    const some = ratios.slice(first, first + perScreen);
    const full = [...some, ...Array(perScreen - some.length).fill(usual)];
    const y = first / perScreen * (room.height + room.gap);
    boxes.push(...packScreen(full, room).slice(0, some.length).map((box) => ({ ...box, y: y + box.y })));
  }
  return boxes;
}

// The boxes of pictures, most of them at least minWidth wide, on a page that is as long as it takes.
export function packPage(ratios, minWidth, room) {
  const columns = Math.max(1, Math.floor((room.width + room.gap) / (minWidth + room.gap)));
  const fitting = ratios.map(clamp);
  const full = isAlike(fitting) ? columns * fitting[0] : columns * USUAL_RATIO;
  const rows = [[]];
  for (const ratio of fitting) {
    if (rows.at(-1).length > 0 && sum(rows.at(-1)) + ratio / 2 > full) rows.push([]);
    rows.at(-1).push(ratio);
  }
  const heights = rows.map((row) => fullHeight(row, room));
  if (heights.length > 1) heights.push(Math.min(heights.pop(), heights[0]));
  const boxes = place(rows, heights, room, 0);
  const last = boxes.slice(boxes.length - rows.at(-1).length);
  const left = Math.min(...last.map(({ x }) => x));
  for (const box of last) box.x -= left;
  return boxes;
}

// How many pictures of at least minWidth fit on a screen.
export function capacityOf(ratios, minWidth, { width, height, gap }) {
  const ratio = ratios.length === 0 ? USUAL_RATIO : sum(ratios.map(clamp)) / ratios.length;
  const columns = Math.max(1, Math.floor((width + gap) / (minWidth + gap)));
  return columns * Math.max(1, Math.floor((height + gap) / (minWidth / ratio + gap)));
}

// The box that an arrow key leads to; -1: none. Left and right go to the previous and the next.
export function neighbour(boxes, index, key) {
  if (key === 'ArrowLeft') return index - 1;
  if (key === 'ArrowRight') return index + 1 < boxes.length ? index + 1 : -1;
  const { x, y, width } = boxes[index];
  const middle = x + width / 2;
  const others = boxes.filter((box) => (key === 'ArrowDown' ? box.y > y + 1 : box.y < y - 1));
  if (others.length === 0) return -1;
  const nearestY = others.reduce((found, box) => (Math.abs(box.y - y) < Math.abs(found - y) ? box.y : found), Infinity);
  const row = others.filter((box) => Math.abs(box.y - nearestY) < 1);
  const distance = (box) => Math.abs(box.x + box.width / 2 - middle);
  return boxes.indexOf(row.reduce((found, box) => (distance(box) < distance(found) - 1 ? box : found)));
}
