// The picture on a camera's page: its stream while the page is visible, and the last live picture, which stays when the
// camera fails.

import { sleep } from './page.js';

const RETRY_MS = 500;

export class LivePicture {
  #image;
  #kept;
  #stream;
  #streams = 0;
  #isEnded = false;
  #isPaused = false;

  // image shows the stream at this address; kept: a canvas for the last live picture. lifeMs: after which the server
  // ends a stream, for which an <img> has no event; 0: never.
  constructor(image, kept, stream, lifeMs) {
    this.#image = image;
    this.#kept = kept;
    this.#stream = stream;
    if (lifeMs > 0) setInterval(() => this.restart(), lifeMs);
    document.addEventListener('visibilitychange', () => this.restart());
    addEventListener('pagehide', () => this.#close());
    addEventListener('pageshow', (event) => {
      if (event.persisted) this.restart();
    });
    image.addEventListener('error', () => this.#retry());
  }

  // A new address each time: for a stream that has ended, Chromium shows the last picture and requests nothing.
  restart() {
    this.#close();
    if (!document.hidden && !this.#isEnded && !this.#isPaused) this.#image.src = `${this.#stream}?again=${++this.#streams}`;
  }

  // The camera is gone for good.
  end() {
    this.#isEnded = true;
    this.#close();
  }

  get isPaused() {
    return this.#isPaused;
  }

  set isPaused(isPaused) {
    if (isPaused) this.keep();
    this.#isPaused = isPaused;
    this.#kept.hidden = !isPaused;
    this.restart();
  }

  // Takes a copy of what is on show, which is a live picture.
  keep() {
    const { naturalWidth: width, naturalHeight: height } = this.#image;
    if (width === 0 || this.#isPaused) return;
    if (this.#kept.width !== width || this.#kept.height !== height) Object.assign(this.#kept, { width, height });
    this.draw(this.#kept.getContext('2d', { alpha: false }));
    this.#kept.dataset.filled = '';
  }

  // Draws what is on show.
  draw(context) {
    try {
      context.drawImage(this.#image, 0, 0);
    } catch {
      // the stream has just been ended
    }
  }

  // Shows the last live picture in place of the stream, or no longer. False: there is none.
  showKept(isShown) {
    const hasOne = this.#kept.dataset.filled !== undefined;
    this.#kept.hidden = !(this.#isPaused || (isShown && hasOne));
    return hasOne;
  }

  // Removing the <img> from the page alone would keep the connection.
  #close() {
    this.#image.src = '';
  }

  async #retry() {
    if (document.hidden || this.#isPaused || this.#isEnded) return;
    await sleep(RETRY_MS);
    this.restart();
  }
}
