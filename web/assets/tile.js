// One camera on the wall: a canvas that shows the newest frame there is.

export class Tile {
  visible = false;
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
      const { body } = this.#next;
      this.#next = null;
      try {
        this.#paint(await createImageBitmap(new Blob([body], { type: 'image/jpeg' })));
      } catch (error) {
        console.warn(`${this.id}: a frame could not be shown: ${error.message}`);
      }
    }
    this.#decoding = false;
  }

  #paint(bitmap) {
    const { width, height } = bitmap;
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    this.#context.drawImage(bitmap, 0, 0);
    bitmap.close();
  }
}
