// One camera on the wall: a canvas that shows the newest frame, and the figures of the camera.

import { announceChange, fillFigures, showCamera } from './page.js';
import { durationText, momentText, shownState, utcText } from './texts.js';

const USUAL_RATIO = 16 / 9;

// The capture time of a part's frame, by the server's clock.
const capturedAt = (headers) => Math.floor(1000 * Number(headers.get('x-timestamp')));

export class Tile {
  visible = false;
  camera = null; // the newest status
  static paused = false; // no tile paints
  #painted = null; // capture time of the frame on show; null: none yet
  #isLive = false; // whether it was a camera's own picture
  #awaited = null; // { captured, since }: a newer frame on the server, and since when it is known
  #canvas = document.createElement('canvas');
  #context = this.#canvas.getContext('2d', { alpha: false });
  #next = null; // the newest part that waits for the decoder
  #decoding = false;
  #shown = ''; // identifies the part on show
  #spoken = document.createElement('span');

  constructor(element) {
    this.element = element;
    this.id = element.dataset.id;
    this.link = element.querySelector('h2 a');
    this.name = this.link.textContent;
    this.screen = element.querySelector('.screen');
    const { width, height } = element.dataset;
    this.ratio = Number(width) > 0 ? width / height : USUAL_RATIO;
    this.#canvas.className = 'picture';
    this.#canvas.setAttribute('role', 'img');
    this.#canvas.setAttribute('aria-label', `View of ${this.name}`);
    this.screen.prepend(this.#canvas);
    this.#spoken.className = 'unseen';
    this.link.append(this.#spoken);
  }

  get state() {
    return this.camera === null ? this.element.dataset.state : shownState(this.camera);
  }

  // ---- Pictures ----

  // Takes a part of the feed. A part that still waits when a newer one arrives is never decoded.
  take(part) {
    const { headers } = part;
    const identity = `${headers.get('x-sequence')} ${headers.get('x-timestamp')} ${headers.get('x-camera-state')}`;
    if (identity === this.#shown) return; // sent again for browsers that show a part late
    this.#shown = identity;
    this.#next = part;
    if (!this.#decoding && !Tile.paused) this.#decode();
  }

  // After Tile.paused was set back.
  resume() {
    if (this.#next !== null && !this.#decoding) this.#decode();
  }

  async #decode() {
    this.#decoding = true;
    while (this.#next !== null && !Tile.paused) {
      const { headers, body } = this.#next;
      this.#next = null;
      const isLive = !headers.has('x-camera-state');
      if (this.#isLive && !isLive) continue; // the last picture stays, below the words
      try {
        this.#paint(await createImageBitmap(new Blob([body], { type: 'image/jpeg' })));
        this.#painted = capturedAt(headers);
        if (isLive !== this.#isLive) this.element.classList.toggle('has-picture', isLive);
        this.#isLive = isLive;
      } catch (error) {
        console.warn(`${this.id}: cannot show a frame: ${error.message}`);
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

  // The age of the frame on show, and for how long the server has had a newer one: { age_ms, behind_ms }. The argument
  // is the camera's status, whose age is taken before the first frame and while the camera is not live.
  freshness({ state, last_frame: newest }) {
    if (state !== 'live' || !this.visible || Tile.paused) {
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

  // ---- Figures ----

  // Shows a status of the camera; returns for how long the server has had a newer frame than the one on show.
  show(camera) {
    const { age_ms: age, behind_ms: behind } = this.freshness(camera);
    const newest = camera.last_frame && { ...camera.last_frame, age_ms: age };
    if (this.camera !== null) announceChange(this.camera, camera);
    this.camera = { ...camera, last_frame: newest };
    showCamera(this.element, this.camera);
    if (camera.width !== null) this.ratio = camera.width / camera.height;
    this.#label();
    return behind;
  }

  // Shows that there has been no status for so long.
  showLost(silentMs) {
    const since = Date.now() - silentMs;
    const newest = this.camera?.last_frame;
    this.element.dataset.state = 'lost';
    fillFigures(this.element, {
      state: 'no connection',
      since: { text: `since ${momentText(since, Date.now(), true)}`, title: utcText(new Date(since).toISOString()) },
      error: '',
      ...(newest && { age: `${durationText(newest.age_ms + silentMs)} ago` }),
    });
    this.#spoken.textContent = ', no connection';
  }

  #label() {
    const { name, error } = this.camera;
    if (this.name !== name) {
      this.name = name;
      this.link.firstChild.data = name;
      this.#canvas.setAttribute('aria-label', `View of ${name}`);
    }
    const { state } = this;
    const title = ['live', 'idle'].includes(state) ? name
      : `${name}: ${state} since ${utcText(this.camera.state_since)}${error === null ? '' : `, ${error}`}`;
    if (this.link.title !== title) this.link.title = title;
    const spoken = `, ${state}`;
    if (this.#spoken.textContent !== spoken) this.#spoken.textContent = spoken;
  }
}
