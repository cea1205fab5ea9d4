// The list of what happened lately, beside the wall.

import { momentText, utcText } from './texts.js';

const ENTRIES_MAX = 200;
const STORED = 'happened';

export class Happened {
  #panel;
  #list;
  #button;

  // panel: an element with a list; button shows and hides it. onToggle(): the wall has more or less room.
  constructor(panel, button, onToggle) {
    this.#panel = panel;
    this.#list = panel.querySelector('ol');
    this.#button = button;
    this.#show(localStorage.getItem(STORED) === 'shown');
    button.addEventListener('click', () => {
      this.#show(panel.hidden);
      localStorage.setItem(STORED, panel.hidden ? 'hidden' : 'shown');
      onToggle();
    });
  }

  // Adds what happened: at is the API's time; camera (optional) is { id, name }; state (optional) gives the colour.
  add({ at, text, camera = null, state = '' }) {
    const entry = document.createElement('li');
    const time = document.createElement('time');
    time.dateTime = at;
    time.title = utcText(at);
    time.textContent = momentText(Date.parse(at), Date.now(), true);
    entry.append(time, ' ');
    if (camera !== null) {
      const link = document.createElement('a');
      link.href = `camera/${camera.id}`;
      link.textContent = camera.name;
      entry.append(link, ' ');
    }
    const words = document.createElement('span');
    words.textContent = text;
    entry.append(words);
    if (state !== '') entry.dataset.state = state;
    const newer = [...this.#list.children].find((other) => other.querySelector('time').dateTime <= at);
    this.#list.insertBefore(entry, newer ?? null);
    while (this.#list.children.length > ENTRIES_MAX) this.#list.lastElementChild.remove();
    this.#panel.querySelector('.none').hidden = true;
  }

  #show(isShown) {
    this.#panel.hidden = !isShown;
    this.#button.setAttribute('aria-expanded', String(isShown));
  }
}
