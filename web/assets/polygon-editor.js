// Draws one polygon on a picture, with a mouse, a finger or the keyboard.
//
// The points are fractions of the element that it is drawn on. A press adds a point, or moves the one that it hits; a
// press on the first point closes the polygon. The arrow keys move a cross, or the point that has the focus (with Shift
// by more), Enter adds a point where the cross is, Delete removes the point that has the focus or the last one, and
// Escape ends the drawing.

import { POINTS_MAX, POINTS_MIN, roundPoint } from './polygon.js';

const STEP = 0.01;
const STEP_LARGE = 0.05;
const DRAG_MIN_PX = 4; // a press that moves by less is none that drags
const SVG = 'http://www.w3.org/2000/svg';
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const percent = (fraction) => `${100 * fraction}%`;
const placeText = ([x, y]) => `${Math.round(100 * x)} % from the left, ${Math.round(100 * y)} % from the top`;

function place(element, [x, y]) {
  element.style.left = percent(x);
  element.style.top = percent(y);
}

export class PolygonEditor {
  #points;
  #handlers;
  #cross = [0.5, 0.5];
  #dragged = null; // { index, moved, x, y: where it was pressed }
  #surface = document.createElement('div');
  #outline = document.createElementNS(SVG, 'polygon');
  #crossMark = document.createElement('span');
  #handles = []; // a button a point

  // host: the element that covers the picture. points: to begin with. onChange(points); onEnd(): the polygon is closed,
  // or Escape was pressed.
  constructor(host, { points, name, onChange, onEnd }) {
    this.#points = points.map((point) => [...point]);
    this.#handlers = { onChange, onEnd };
    this.#build(host, name);
    this.#listen();
    this.#show();
    this.#surface.focus({ preventScroll: true });
  }

  get points() {
    return this.#points;
  }

  // Ends it.
  remove() {
    this.#surface.remove();
  }

  #build(host, name) {
    const picture = document.createElementNS(SVG, 'svg');
    picture.setAttribute('viewBox', '0 0 1 1');
    picture.setAttribute('preserveAspectRatio', 'none');
    picture.setAttribute('aria-hidden', 'true');
    picture.append(this.#outline);
    this.#crossMark.className = 'cross';
    Object.assign(this.#surface, { className: 'drawing', tabIndex: 0 });
    this.#surface.setAttribute('role', 'application');
    this.#surface.setAttribute('aria-label',
      `Drawing ${name}: the arrow keys move the cross, Enter sets a point, Delete removes one, Escape ends`);
    this.#surface.append(picture, this.#crossMark);
    host.append(this.#surface);
  }

  #listen() {
    this.#surface.addEventListener('pointerdown', (event) => this.#press(event));
    this.#surface.addEventListener('pointermove', (event) => this.#move(event));
    for (const kind of ['pointerup', 'pointercancel']) {
      this.#surface.addEventListener(kind, (event) => this.#release(event));
    }
    this.#surface.addEventListener('keydown', (event) => this.#type(event));
  }

  // ---- Pointers ----

  #pointOf({ clientX, clientY }) {
    const { left, top, width, height } = this.#surface.getBoundingClientRect();
    return roundPoint([(clientX - left) / width, (clientY - top) / height]);
  }

  #press(event) {
    event.stopPropagation(); // the picture is not to be moved, nor left
    if (event.button !== 0) return;
    const hit = this.#handles.indexOf(event.target);
    const index = hit >= 0 ? hit : this.#add(this.#pointOf(event));
    if (index === null) return;
    this.#dragged = { index, moved: hit < 0, x: event.clientX, y: event.clientY };
    this.#surface.setPointerCapture(event.pointerId);
    event.preventDefault();
    this.#handles[index].focus({ preventScroll: true });
  }

  #move(event) {
    event.stopPropagation();
    if (this.#dragged === null) return;
    const { moved, x: fromX, y: fromY } = this.#dragged;
    if (!moved && Math.hypot(event.clientX - fromX, event.clientY - fromY) < DRAG_MIN_PX) return;
    const point = this.#pointOf(event);
    const [x, y] = this.#points[this.#dragged.index];
    if (point[0] === x && point[1] === y) return;
    this.#dragged.moved = true;
    this.#change(this.#dragged.index, point);
  }

  #release(event) {
    event.stopPropagation();
    const dragged = this.#dragged;
    this.#dragged = null;
    if (dragged !== null && !dragged.moved && dragged.index === 0 && this.#points.length >= POINTS_MIN) {
      this.#handlers.onEnd();
    }
  }

  // ---- Keys ----

  #type(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const focused = this.#handles.indexOf(document.activeElement);
    if (event.key in STEPS) {
      this.#step(focused, STEPS[event.key], event.shiftKey ? STEP_LARGE : STEP);
    } else if (event.key === 'Enter' || event.key === ' ') {
      if (focused < 0) this.#add(this.#cross);
      if (focused === 0 && this.#points.length >= POINTS_MIN) this.#handlers.onEnd();
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      this.#take(focused < 0 ? this.#points.length - 1 : focused);
    } else if (event.key === 'Escape') {
      this.#handlers.onEnd();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #step(index, [x, y], size) {
    const [fromX, fromY] = index < 0 ? this.#cross : this.#points[index];
    const to = roundPoint([fromX + x * size, fromY + y * size]);
    if (index >= 0) {
      this.#change(index, to);
    } else {
      this.#cross = to;
      this.#show();
    }
  }

  // ---- Points ----

  // Returns its place; null: there are too many.
  #add(point) {
    if (this.#points.length === POINTS_MAX) return null;
    this.#points.push(roundPoint(point));
    this.#cross = roundPoint(point);
    this.#changed();
    return this.#points.length - 1;
  }

  #change(index, point) {
    this.#points[index] = point;
    this.#changed();
  }

  #take(index) {
    if (index < 0) return;
    this.#points.splice(index, 1);
    this.#surface.focus({ preventScroll: true });
    this.#changed();
  }

  #changed() {
    this.#show();
    this.#handlers.onChange(this.#points);
  }

  #show() {
    while (this.#handles.length > this.#points.length) this.#handles.pop().remove();
    while (this.#handles.length < this.#points.length) this.#handles.push(this.#makeHandle());
    this.#points.forEach((point, index) => {
      place(this.#handles[index], point);
      this.#handles[index].setAttribute('aria-label', `Point ${index + 1}, ${placeText(point)}`);
    });
    place(this.#crossMark, this.#cross);
    this.#outline.setAttribute('points', this.#points.join(' '));
  }

  #makeHandle() {
    const handle = document.createElement('button');
    Object.assign(handle, { className: 'point', type: 'button' });
    this.#surface.append(handle);
    return handle;
  }
}
