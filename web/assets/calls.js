// Calls for attention: a camera that gets into trouble is marked until somebody acknowledges it, or it is back; with a
// sound and a notification where these are chosen.

import { isTrouble, shownState } from './texts.js';

const SOUND_EVERY_MS = 5000;
const TONES_HZ = [880, 660];
const TONE_S = 0.16;
const STORED = 'calls';

const readStored = (storage, fallback) => {
  try {
    return JSON.parse(storage.getItem(STORED)) ?? fallback;
  } catch {
    return fallback;
  }
};

export class Calls {
  #onChange;
  #troubles = new Map(); // by the id of a camera: { name, state, since }
  #stored = null; // see #acknowledged; not read before it is needed, as a browser takes long over the first time
  #isBegun = false; // what was there before the page was opened is no news
  #sound = null; // the AudioContext
  #timer = null;
  choices = readStored(localStorage, { sound: false, notify: false });

  // onChange(): the troubles, or which of them call, have changed.
  constructor(onChange) {
    this.#onChange = onChange;
    for (const kind of ['pointerdown', 'keydown']) {
      addEventListener(kind, () => this.#sound?.resume(), { passive: true }); // browsers are silent before
    }
    if (this.choices.sound) this.#sound = new AudioContext();
  }

  get troubleCount() {
    return this.#troubles.size;
  }

  // By the id of a camera: since when the trouble was that was acknowledged.
  get #acknowledged() {
    this.#stored ??= readStored(sessionStorage, {});
    return this.#stored;
  }

  // The ids of cameras whose trouble nobody has acknowledged.
  get calling() {
    return [...this.#troubles].filter(([id, { since }]) => this.#acknowledged[id] !== since).map(([id]) => id);
  }

  // Takes all cameras as they are.
  update(cameras) {
    const known = new Set(cameras.map(({ id }) => id));
    for (const id of this.#troubles.keys()) {
      if (!known.has(id)) this.#troubles.delete(id);
    }
    for (const camera of cameras) this.#note(camera);
    this.#isBegun = true;
    this.#changed();
  }

  // Takes one camera: { id, name, state, error, state_since }.
  note(camera) {
    this.#note(camera);
    this.#changed();
  }

  acknowledge() {
    for (const [id, { since }] of this.#troubles) this.#acknowledged[id] = since;
    sessionStorage.setItem(STORED, JSON.stringify(this.#acknowledged));
    this.#changed();
  }

  // choice: "sound" or "notify". False: the browser does not allow it.
  async choose(choice, isOn) {
    if (choice === 'notify' && isOn && await Notification.requestPermission() !== 'granted') return false;
    this.choices[choice] = isOn;
    localStorage.setItem(STORED, JSON.stringify(this.choices));
    if (choice === 'sound') {
      this.#sound ??= new AudioContext();
      if (isOn) this.#play();
    }
    this.#changed();
    return true;
  }

  #note(camera) {
    const { id, name, state_since: since } = camera;
    const before = this.#troubles.get(id);
    if (!isTrouble(camera)) {
      this.#troubles.delete(id);
      delete this.#acknowledged[id];
      return;
    }
    // Stale and then offline is one trouble.
    this.#troubles.set(id, { name, state: shownState(camera), since: before?.since ?? since });
    if (before === undefined && this.#isBegun) this.#notify(camera);
  }

  #changed() {
    const calls = this.calling.length > 0;
    if (calls && this.choices.sound && this.#timer === null) {
      this.#play();
      this.#timer = setInterval(() => this.#play(), SOUND_EVERY_MS);
    } else if (!(calls && this.choices.sound)) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
    this.#onChange();
  }

  #notify(camera) {
    if (!this.choices.notify || !('Notification' in globalThis) || Notification.permission !== 'granted') return;
    const options = { body: camera.error ?? '', tag: camera.id, icon: document.querySelector('link[rel=icon]').href };
    new Notification(`${camera.name} is ${shownState(camera)}`, options).addEventListener('click', () => window.focus());
  }

  #play() {
    for (const [index, pitch] of TONES_HZ.entries()) {
      const tone = new OscillatorNode(this.#sound, { frequency: pitch });
      const volume = new GainNode(this.#sound, { gain: 0.2 });
      const begin = this.#sound.currentTime + index * TONE_S;
      tone.connect(volume).connect(this.#sound.destination);
      tone.start(begin);
      tone.stop(begin + TONE_S);
    }
  }
}
