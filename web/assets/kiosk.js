// A wall that nobody touches: pages that turn by themselves, a clock, and no cursor.

import { momentText } from './texts.js';
import { pagesOf } from './view.js';

const ROTATE_S = 10; // unless the address says otherwise
const AWAKE_MS = 3000; // for which the cursor and the controls stay after a movement

export class Kiosk {
  #root = document.documentElement;
  #bar = document.querySelector('.kiosk-bar');
  #onTurn;
  #onExit;
  #page = 0;
  #count = 1;
  #isPaused = false;
  #turning = null;
  #sleeping = null;
  #lock = null; // keeps the screen on
  #rotateS = null;

  // onTurn(): another page is to be shown. onExit(): leave the kiosk.
  constructor({ onTurn, onExit }) {
    this.#onTurn = onTurn;
    this.#onExit = onExit;
    const click = (id, call) => this.#bar.querySelector(id).addEventListener('click', call);
    click('#kiosk-back', () => this.turn(-1));
    click('#kiosk-forward', () => this.turn(1));
    click('#kiosk-pause', () => this.pause());
    click('#kiosk-exit', () => onExit());
    for (const kind of ['pointermove', 'pointerdown', 'keydown']) addEventListener(kind, () => this.#wake());
    setInterval(() => this.#tick(), 1000);
    document.addEventListener('visibilitychange', () => this.#keepScreenOn());
  }

  get isOn() {
    return this.#root.classList.contains('kiosk');
  }

  get hasPages() {
    return this.#count > 1;
  }

  // rotateS: seconds a page, 0: they do not turn, null: as usual.
  set(isOn, rotateS) {
    this.#rotateS = rotateS;
    if (isOn === this.isOn) return;
    this.#root.classList.toggle('kiosk', isOn);
    this.#bar.hidden = !isOn;
    this.#page = 0;
    this.#tick();
    this.#wake();
    this.#keepScreenOn();
  }

  // The ids of the present page. pinned: ids that are on every page.
  pick(ids, pinned, capacity) {
    const pages = pagesOf(ids, pinned, capacity);
    this.#count = pages.length;
    this.#page = Math.min(this.#page, this.#count - 1);
    this.#bar.querySelector('.page').textContent = this.#count > 1 ? `Page ${this.#page + 1} of ${this.#count}` : '';
    for (const button of this.#bar.querySelectorAll('.turns')) button.hidden = this.#count === 1;
    this.#schedule();
    return pages[this.#page];
  }

  turn(step) {
    this.#page = (this.#page + step + this.#count) % this.#count;
    clearTimeout(this.#turning);
    this.#turning = null;
    this.#onTurn();
  }

  pause() {
    this.#isPaused = !this.#isPaused;
    this.#bar.querySelector('#kiosk-pause').setAttribute('aria-pressed', String(this.#isPaused));
    this.#schedule();
  }

  #schedule() {
    const seconds = this.#rotateS ?? ROTATE_S;
    const turns = this.isOn && this.#count > 1 && seconds > 0 && !this.#isPaused;
    if (!turns) {
      clearTimeout(this.#turning);
      this.#turning = null;
    } else {
      this.#turning ??= setTimeout(() => this.turn(1), 1000 * seconds);
    }
  }

  #tick() {
    if (this.isOn) this.#bar.querySelector('.clock').textContent = momentText(Date.now(), Date.now());
  }

  #wake() {
    this.#root.classList.add('awake');
    clearTimeout(this.#sleeping);
    this.#sleeping = setTimeout(() => this.#root.classList.remove('awake'), AWAKE_MS);
  }

  // Only pages with TLS, or of this machine, may.
  async #keepScreenOn() {
    if (this.isOn && !document.hidden) {
      this.#lock ??= await navigator.wakeLock?.request('screen').catch(() => null) ?? null;
      this.#lock?.addEventListener('release', () => { this.#lock = null; }, { once: true });
    } else {
      await this.#lock?.release();
    }
  }
}
