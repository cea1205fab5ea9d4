// Zooming into a picture and moving it: by wheel, pinch, drag, and from keys.

const SCALE_MAX = 8;
const WHEEL_STEP = 1.0015; // for a pixel of the wheel
const SWIPE_PX = 60;

export class Lens {
  #stage;
  #lens;
  #onChange;
  #onSwipe;
  #scale = 1;
  #x = 0;
  #y = 0;
  #pointers = new Map(); // that are down: { x, y } by their id
  #began = null; // where the first of them came down

  // Moves the element `lens` within `stage`. onChange(scale), onSwipe(direction): -1 to the left, 1 to the right.
  constructor(stage, lens, { onChange, onSwipe }) {
    this.#stage = stage;
    this.#lens = lens;
    this.#onChange = onChange;
    this.#onSwipe = onSwipe;
    stage.addEventListener('wheel', (event) => this.#turn(event), { passive: false });
    stage.addEventListener('pointerdown', (event) => this.#press(event));
    stage.addEventListener('pointermove', (event) => this.#drag(event));
    for (const kind of ['pointerup', 'pointercancel']) stage.addEventListener(kind, (event) => this.#release(event));
  }

  get isZoomed() {
    return this.#scale > 1;
  }

  // Around a point of the stage in pixels; its middle if there is none.
  zoomBy(factor, x = this.#stage.clientWidth / 2, y = this.#stage.clientHeight / 2) {
    const scale = Math.min(SCALE_MAX, Math.max(1, this.#scale * factor));
    const ratio = scale / this.#scale;
    this.#scale = scale;
    this.#place(x - (x - this.#x) * ratio, y - (y - this.#y) * ratio);
  }

  panBy(x, y) {
    this.#place(this.#x + x, this.#y + y);
  }

  reset() {
    this.#scale = 1;
    this.#place(0, 0);
  }

  // The picture never leaves an edge of the stage free.
  #place(x, y) {
    const { clientWidth: width, clientHeight: height } = this.#stage;
    this.#x = Math.min(0, Math.max(width * (1 - this.#scale), x));
    this.#y = Math.min(0, Math.max(height * (1 - this.#scale), y));
    this.#lens.style.transform = this.isZoomed ? `translate(${this.#x}px, ${this.#y}px) scale(${this.#scale})` : '';
    this.#stage.classList.toggle('zoomed', this.isZoomed);
    this.#onChange(this.#scale);
  }

  #pointOf({ clientX, clientY }) {
    const { left, top } = this.#stage.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  #turn(event) {
    if (event.target.closest('.picture-bar')) return;
    const factor = WHEEL_STEP ** -event.deltaY;
    if (factor < 1 && !this.isZoomed) return; // the page scrolls
    event.preventDefault();
    const { x, y } = this.#pointOf(event);
    this.zoomBy(factor, x, y);
  }

  #press(event) {
    if (event.target.closest('.picture-bar') || event.button !== 0) return;
    const point = this.#pointOf(event);
    if (this.#pointers.size === 0) this.#began = point;
    this.#pointers.set(event.pointerId, point);
    if (this.isZoomed) this.#stage.setPointerCapture(event.pointerId);
  }

  #drag(event) {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) return;
    const point = this.#pointOf(event);
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, point);
    if (other !== undefined) {
      const distance = ({ x, y }) => Math.max(1, Math.hypot(x - other.x, y - other.y));
      this.#began = null;
      this.zoomBy(distance(point) / distance(before), (point.x + other.x) / 2, (point.y + other.y) / 2);
    } else if (this.isZoomed) {
      this.panBy(point.x - before.x, point.y - before.y);
    }
  }

  #release(event) {
    const point = this.#pointers.get(event.pointerId);
    this.#pointers.delete(event.pointerId);
    if (point === undefined || this.#began === null || this.isZoomed || event.pointerType === 'mouse') return;
    const across = point.x - this.#began.x;
    const down = Math.abs(point.y - this.#began.y);
    if (event.type === 'pointerup' && Math.abs(across) > SWIPE_PX && down < Math.abs(across)) {
      this.#onSwipe(Math.sign(across));
    }
  }
}
