// The counts of cameras by their states, each a button that shows these cameras alone.

import { summaryOf } from './texts.js';

// Fills the element. onChoose(filter) is called for a click; filter is the one that is set now.
export class Summary {
  #element;
  #onChoose;

  constructor(element, onChoose) {
    this.#element = element;
    this.#onChoose = onChoose;
    element.addEventListener('click', ({ target }) => {
      const button = target.closest('button');
      if (button !== null) this.#onChoose(button.dataset.filter);
    });
  }

  show(cameras, filter) {
    const parts = summaryOf(cameras);
    this.#element.querySelector('span')?.remove();
    const buttons = [...this.#element.querySelectorAll('button')];
    for (const [index, part] of parts.entries()) {
      this.#write(buttons[index] ?? this.#add(), part, filter);
    }
    for (const button of buttons.slice(parts.length)) button.remove();
  }

  // Without a connection.
  showText(text) {
    const line = document.createElement('span');
    line.textContent = text;
    this.#element.replaceChildren(line);
  }

  #add() {
    const button = document.createElement('button');
    button.type = 'button';
    this.#element.append(button);
    return button;
  }

  #write(button, part, filter) {
    if (button.textContent !== part.text) button.textContent = part.text;
    button.dataset.filter = part.filter;
    if (part.filter !== '') button.dataset.state = part.filter === 'trouble' ? 'offline' : part.filter;
    button.setAttribute('aria-pressed', String(part.filter === filter));
  }
}
