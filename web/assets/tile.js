// One camera on the wall: a canvas that shows the newest frame there is.

// When a part's frame was captured, by the server's clock.
const capturedAt = (headers) => Math.floor(1000 * Number(headers.get('x-timestamp')));

export class Tile {
  visible = false;
  #painted = null; // when the frame on show was captured; null: none is
  #awaited = null; // { captured, since }: a newer one that the server has, and since when we know
  #canvas = document.createElement('canvas');
  #context = this.#canvas.getContext('2d', { alpha: false });
  #next = null; // the newest part that waits for the decoder
  #decoding = false;
  #shown = ''; // what the part on show is told by

  constructor(element) {
    this.element = element;
    this.id = element.dataset.id;
    this.link = element.querySelector('h2 a');
    this.name = this.link.textContent;
    this.screen = element.querySelector('.screen');
    this.#canvas.className = 'picture';
    this.#canvas.setAttribute('role', 'img');
    this.#canvas.setAttribute('aria-label', `View of ${this.name}`);
    this.screen.prepend(this.#canvas);
  }

  // A part of the feed. One that still waits when a newer one comes is never decoded.
  take(part) {
    const { headers } = part;
    const told = `${headers.get('x-sequence')} ${headers.get('x-timestamp')} ${headers.get('x-camera-state')}`;
    if (told === this.#shown) return; // sent again for browsers that show a part late
    this.#shown = told;
    this.#next = part;
    if (!this.#decoding) this.#decode();
  }

  async #decode() {
    this.#decoding = true;
    while (this.#next !== null) {
      const { headers, body } = this.#next;
      this.#next = null;
      try {
        this.#paint(await createImageBitmap(new Blob([body], { type: 'image/jpeg' })));
        this.#painted = capturedAt(headers);
      } catch (error) {
        console.warn(`${this.id}: a frame could not be shown: ${error.message}`);
      }
    }
    this.#decoding = false;
  }

  // The age of the frame on show, and for how long the server has had a newer one: { age_ms, behind_ms }. camera is what
  // the server tells; before the first frame, and of one that is not live, its word for the age is taken.
  freshness({ state, last_frame: newest }) {
    if (state !== 'live' || !this.visible) {
      this.#awaited = null;
      return { age_ms: newest?.age_ms ?? null, behind_ms: 0 };
    }
    const captured = Date.parse(newest.captured_at);
    const has = (time) => this.#painted !== null && this.#painted >= time;
    if (this.#awaited === null || has(this.#awaited.captured)) {
      this.#awaited = has(captured) ? null : { captured, since: performance.now() };
    }
    return {
      age_ms: newest.age_ms + (this.#painted === null ? 0 : Math.max(0, captured - this.#painted)),
      behind_ms: this.#awaited === null ? 0 : performance.now() - this.#awaited.since,
    };
  }

  #paint(bitmap) {
    const { width, height } = bitmap;
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    this.#context.drawImage(bitmap, 0, 0);
    bitmap.close();
  }
}
