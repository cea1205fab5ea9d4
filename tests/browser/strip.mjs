// Reads what the pattern camera burns into its pictures (cameras/simple/pattern.h) off the tiles of a wall, or a camera's page.

const CELLS = 64;

function crc16(bytes) {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1;
  }
  return crc;
}

// The camera's own id, whatever node of the cluster has it.
const tagOf = (id) => crc16(Buffer.from(id.split('.').at(-1)));

// Runs in the page: the brightness of each cell's middle, for each picture by its camera's id. height_px is the source's.
function readCells({ cells, height }) {
  const strip = height < 256 ? 8 : Math.floor(height / 32);
  const tiles = [...document.querySelectorAll('.tile:not([hidden]), main[data-id]')];
  return tiles.map((tile) => {
    const picture = tile.querySelector('canvas.picture, img.picture');
    const width = picture?.naturalWidth ?? picture?.width ?? 0;
    if (width === 0) return [tile.dataset.id, []]; // the page's script has not run yet, or nothing has come
    const copy = new OffscreenCanvas(width, 1);
    const context = copy.getContext('2d', { willReadFrequently: true });
    context.drawImage(picture, 0, -Math.floor((picture.naturalHeight ?? picture.height) * (1 - strip / 2 / height)));
    const { data } = context.getImageData(0, 0, width, 1);
    const middle = (cell) => Math.floor((cell + 0.5) * width / cells);
    const levels = Array.from({ length: cells }, (_, cell) => data[4 * middle(cell)]);
    return [tile.dataset.id, levels];
  });
}

function decode(id, levels) {
  const bytes = Array.from({ length: CELLS / 8 }, (_, index) =>
    levels.slice(8 * index, 8 * index + 8).reduce((byte, level) => byte << 1 | (level > 127), 0));
  const word = (index) => bytes[index] << 8 | bytes[index + 1];
  if (word(6) !== crc16(bytes.slice(0, 6)) || word(0) !== tagOf(id)) return null;
  return word(2) * 65536 + word(4);
}

// A Map from each tile's camera to the sequence that its canvas shows; null where it shows none, or another camera.
export async function readSequences(page, height) {
  const tiles = await page.evaluate(readCells, { cells: CELLS, height });
  return new Map(tiles.map(([id, levels]) => [id, decode(id, levels)]));
}

// The same of one camera: null where it does not show it.
export async function readSequence(page, id, height) {
  return (await readSequences(page, height)).get(id) ?? null;
}
