// What is drawn over a camera's picture: it has the picture's own place on the stage, zoomed or not.

const SVG = 'http://www.w3.org/2000/svg';
const CELLS = { 1: 'ignored', 2: 'changed', 3: 'still-moving' };

function svg(name, className) {
  const element = document.createElementNS(SVG, name);
  element.setAttribute('class', className);
  return element;
}

// A path of the cells that have this digit: a rectangle for each run of them in a row.
export function pathOfCells({ columns, rows, values }, digit) {
  let path = '';
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (values[row * columns + column] !== digit) continue;
      const first = column;
      while (column + 1 < columns && values[row * columns + column + 1] === digit) column++;
      path += `M${first} ${row}h${column + 1 - first}v1h${first - column - 1}z`;
    }
  }
  return path;
}

export class Overlay {
  element = document.createElement('div');
  #picture = svg('svg', 'sight');
  #cells = svg('g', 'cells');
  #areas = svg('g', 'areas');
  #boxes = svg('g', 'boxes');
  #names = document.createElement('div');

  // lens: the element that holds the picture.
  constructor(lens) {
    this.element.className = 'overlay';
    this.#picture.setAttribute('viewBox', '0 0 1 1');
    this.#picture.setAttribute('preserveAspectRatio', 'none');
    this.#picture.setAttribute('aria-hidden', 'true');
    this.#picture.append(this.#cells, this.#areas, this.#boxes);
    this.#names.setAttribute('aria-hidden', 'true');
    for (const [digit, name] of Object.entries(CELLS)) {
      const path = svg('path', name);
      path.dataset.digit = digit;
      this.#cells.append(path);
    }
    this.element.append(this.#picture, this.#names);
    lens.append(this.element);
  }

  // The picture's size, in any unit.
  resize(width, height) {
    this.element.style.setProperty('--ratio', width / height);
  }

  // What the detector sees: /api/cameras/N/motion; null: nothing is to be shown of it.
  showSight(seen) {
    const cells = seen?.cells ?? null;
    this.#cells.setAttribute('transform', cells === null ? '' : `scale(${1 / cells.columns} ${1 / cells.rows})`);
    for (const path of this.#cells.children) {
      path.setAttribute('d', cells === null ? '' : pathOfCells(cells, path.dataset.digit));
    }
    this.#boxes.replaceChildren(...(seen?.boxes ?? []).map((box) => {
      const rectangle = svg('rect', 'box');
      for (const [name, value] of Object.entries(box)) rectangle.setAttribute(name, value);
      return rectangle;
    }));
  }

  // areas: { kind, name, points }.
  showAreas(areas) {
    this.#areas.replaceChildren(...areas.map(({ kind, points }) => {
      const polygon = svg('polygon', kind);
      polygon.setAttribute('points', points.join(' '));
      return polygon;
    }));
    this.#names.replaceChildren(...areas.filter(({ name, points }) => name !== '' && points.length > 0).map(({ name, points }) => {
      const label = document.createElement('span');
      Object.assign(label, { className: 'name', textContent: name });
      label.style.left = `${100 * Math.min(...points.map(([x]) => x))}%`;
      label.style.top = `${100 * Math.min(...points.map(([, y]) => y))}%`;
      return label;
    }));
  }
}
