// The timeline: a row for each camera with what is recorded of it and what happened, on a canvas.

const ROW_PX = 22;
const AXIS_PX = 20;
const NAMES_PX = 110;
const SPAN_MIN_MS = 60 * 1000;
const SPAN_MAX_MS = 120 * 24 * 3600 * 1000;
const DRAG_PX = 5; // less is a click
const STEPS_MS = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400, 604800, 2592000].map((s) => s * 1000);
const TICKS_MAX = 8;
const TICK_PX = 64; // at least, for its text

const pad = (number) => String(number).padStart(2, '0');

// Local, as short as the step allows.
function tickText(at, stepMs) {
  const date = new Date(at);
  const day = `${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  if (stepMs >= 86400000) return day;
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  if (date.getHours() === 0 && date.getMinutes() === 0) return day;
  return stepMs >= 60000 ? time : `${time}:${pad(date.getSeconds())}`;
}

export function spanText(ms) {
  const units = [[86400000, 'd'], [3600000, 'h'], [60000, 'min'], [1000, 's']];
  const [unit, name] = units.find(([size]) => ms >= size) ?? units[3];
  return `${Math.round(ms / unit * 10) / 10} ${name}`;
}

export class Timeline {
  #element;
  #canvas = document.createElement('canvas');
  #handlers;
  #rows = []; // { id, name, stretches: [{ from, to, full, hasGaps }], events: [{ at, kind }] }, times in ms
  #playhead = Date.now();
  #centre = Date.now();
  #span = 3600 * 1000;
  #marks = { begin: null, end: null };
  #drag = null; // { x, centre, moved }
  #pointers = new Map(); // those that are down: their x by their id
  #colours = {};
  #drawn = false;

  // onSeek(ms): a moment was chosen. onView(): other times are shown.
  constructor(element, handlers) {
    this.#element = element;
    this.#handlers = handlers;
    element.append(this.#canvas);
    element.addEventListener('pointerdown', (event) => this.#press(event));
    element.addEventListener('pointermove', (event) => this.#move(event));
    for (const kind of ['pointerup', 'pointercancel']) element.addEventListener(kind, (event) => this.#release(event));
    element.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    new ResizeObserver(() => this.draw()).observe(element);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  get from() { return this.#centre - this.#span / 2; }

  get to() { return this.#centre + this.#span / 2; }

  get span() { return this.#span; }

  showRows(rows) {
    this.#rows = rows;
    this.draw();
  }

  showMarks(marks) {
    this.#marks = marks;
    this.draw();
  }

  // The playhead stays in sight.
  showPlayhead(ms) {
    this.#playhead = ms;
    if (this.#drag === null && (ms < this.from + this.#span * 0.02 || ms > this.to - this.#span * 0.02)) {
      this.#show(ms, this.#span);
    } else {
      this.draw();
    }
  }

  // factor: below 1 shows a shorter time. The moment stays where it is.
  zoom(factor, around = this.#playhead) {
    const span = Math.min(Math.max(this.#span * factor, SPAN_MIN_MS), SPAN_MAX_MS);
    this.#show(around + (this.#centre - around) * span / this.#span, span);
  }

  setSpan(span) {
    this.zoom(span / this.#span);
  }

  #show(centre, span) {
    this.#centre = centre;
    this.#span = span;
    this.draw();
    this.#handlers.onView();
  }

  // ---- Pointers ----

  #xOf(event) { return event.clientX - this.#element.getBoundingClientRect().left; }

  #durationOf(px) { return px / Math.max(this.#element.clientWidth - NAMES_PX, 1) * this.#span; }

  #momentAt(x) { return this.from + this.#durationOf(x - NAMES_PX); }

  #press(event) {
    if (event.button !== 0) return;
    this.#element.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, this.#xOf(event));
    this.#beginDrag(this.#pointers.size > 1);
  }

  // moved: even if it ends at once, it is no click.
  #beginDrag(moved) {
    const [x] = this.#pointers.values();
    this.#drag = x === undefined ? null : { x, centre: this.#centre, moved };
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) return;
    const x = this.#xOf(event);
    this.#pointers.set(event.pointerId, x);
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other === undefined) {
      this.#dragTo(x);
    } else {
      this.#pinch(Math.max(Math.abs(before - other), 1) / Math.max(Math.abs(x - other), 1), (x + other) / 2, (x - before) / 2);
    }
  }

  #dragTo(x) {
    const moved = x - this.#drag.x;
    this.#drag.moved ||= Math.abs(moved) > DRAG_PX;
    if (!this.#drag.moved) return;
    this.#centre = this.#drag.centre - this.#durationOf(moved);
    this.draw();
  }

  // The moment between the two fingers stays between them.
  #pinch(factor, middle, moved) {
    this.#centre -= this.#durationOf(moved);
    this.zoom(factor, this.#momentAt(middle));
  }

  #release(event) {
    if (!this.#pointers.delete(event.pointerId)) return;
    const { moved } = this.#drag;
    if (this.#pointers.size > 0 || event.type === 'pointercancel') {
      this.#beginDrag(true);
      return;
    }
    this.#drag = null;
    if (moved) {
      this.#handlers.onView();
    } else {
      this.#handlers.onSeek(this.#momentAt(this.#xOf(event)));
    }
  }

  #wheel(event) {
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    event.preventDefault();
    this.zoom(1.0015 ** event.deltaY, this.#momentAt(this.#xOf(event)));
  }

  // ---- Drawing ----

  // At the next frame of the screen.
  draw() {
    if (this.#drawn) return;
    this.#drawn = true;
    requestAnimationFrame(() => {
      this.#drawn = false;
      this.#paint();
    });
  }

  #readColours() {
    const style = getComputedStyle(this.#element);
    const probe = document.createElement('i');
    this.#element.append(probe);
    for (const name of ['live', 'stale', 'starting', 'offline', 'text', 'muted', 'line', 'link']) {
      probe.style.color = `var(--${name})`;
      this.#colours[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    this.#colours.font = style.fontFamily;
  }

  #paint() {
    const width = this.#element.clientWidth;
    const height = AXIS_PX + ROW_PX * Math.max(this.#rows.length, 1);
    const scale = devicePixelRatio || 1;
    if (width === 0) return;
    this.#readColours();
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    this.#canvas.style.height = `${height}px`;
    const context = this.#canvas.getContext('2d');
    context.scale(scale, scale);
    context.font = `13px ${this.#colours.font}`;
    context.textBaseline = 'middle';
    const x = (at) => NAMES_PX + (at - this.from) / this.#span * (width - NAMES_PX);
    this.#paintAxis(context, x, height);
    this.#rows.forEach((row, index) => this.#paintRow(context, x, row, AXIS_PX + ROW_PX * index));
    this.#paintMarks(context, x, height);
    context.fillStyle = this.#colours.text;
    context.fillRect(x(this.#playhead) - 1, 0, 2, height);
  }

  #paintAxis(context, x, height) {
    const ticksMax = Math.min(TICKS_MAX, (this.#element.clientWidth - NAMES_PX) / TICK_PX);
    const step = STEPS_MS.find((ms) => this.#span / ms <= ticksMax) ?? STEPS_MS.at(-1);
    const shift = new Date(this.from).getTimezoneOffset() * 60000;
    for (let at = Math.ceil((this.from - shift) / step) * step + shift; at <= this.to; at += step) {
      context.fillStyle = this.#colours.line;
      context.fillRect(x(at), 0, 1, height);
      context.fillStyle = this.#colours.muted;
      context.fillText(tickText(at, step), x(at) + 4, AXIS_PX / 2);
    }
  }

  #paintRow(context, x, row, top) {
    context.save();
    context.beginPath();
    context.rect(NAMES_PX, top, this.#element.clientWidth - NAMES_PX, ROW_PX);
    context.clip();
    for (const { from, to, full, hasGaps } of row.stretches) {
      context.fillStyle = full ? this.#colours.live : this.#colours.stale;
      context.globalAlpha = hasGaps ? 0.5 : 1;
      context.fillRect(x(from), top + (full ? 5 : 10), Math.max(x(to) - x(from), 1), full ? ROW_PX - 10 : 4);
    }
    context.globalAlpha = 1;
    for (const { at, kind } of row.events) {
      context.fillStyle = kind === 'motion' ? this.#colours.starting : this.#colours.offline;
      context.fillRect(x(at) - 1, top + 1, 3, ROW_PX - 2);
    }
    context.restore();
    context.fillStyle = this.#colours.text;
    context.fillText(row.name, 2, top + ROW_PX / 2, NAMES_PX - 8);
  }

  #paintMarks(context, x, height) {
    const { begin, end } = this.#marks;
    context.fillStyle = this.#colours.link;
    for (const at of [begin, end]) {
      if (at !== null) context.fillRect(x(at), 0, 2, height);
    }
    if (begin !== null && end !== null) {
      context.globalAlpha = 0.2;
      context.fillRect(x(begin), 0, x(end) - x(begin), height);
      context.globalAlpha = 1;
    }
  }
}
