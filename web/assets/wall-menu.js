// What is chosen seldom: the menu of the wall.

import { toggleKeys, KEYS } from './keys-help.js';
import { announce } from './page.js';

// view: that of the wall; change(changes) changes it. views: see views.js.
export class WallMenu {
  #view;
  #views;
  #change;
  #menu = document.querySelector('.menu');
  #naming = document.querySelector('dialog.naming');

  constructor({ view, views, tiles, change }) {
    this.#view = view;
    this.#views = views;
    this.#change = change;
    const click = (id, call) => document.querySelector(id).addEventListener('click', () => {
      this.#menu.open = false;
      call();
    });
    click('#save-view', () => this.#naming.showModal());
    click('#remove-view', () => {
      views.remove(view.name);
      views.choose('');
    });
    click('#copy-view', () => this.#copy());
    click('#show-keys', () => toggleKeys(KEYS.wall));
    document.querySelector('#trouble-first').addEventListener('change', () => this.toggleTroubleFirst());
    this.#naming.addEventListener('close', () => this.#save(tiles));
    document.addEventListener('click', ({ target }) => {
      if (!this.#menu.contains(target)) this.#menu.open = false;
    });
    this.#menu.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.#menu.open) return;
      event.preventDefault();
      this.#menu.open = false;
      this.#menu.querySelector('summary').focus();
    });
  }

  toggleTroubleFirst() {
    this.#change({ sort: this.#view.sort === 'trouble' ? '' : 'trouble' });
    announce(this.#view.sort === 'trouble' ? 'Trouble first' : 'In their own order');
  }

  show() {
    document.querySelector('#trouble-first').checked = this.#view.sort === 'trouble';
    document.querySelector('#remove-view').hidden = !this.#views.isSaved(this.#view.name);
  }

  // A filter makes a group of the cameras that it shows now.
  #save(tiles) {
    const name = this.#naming.querySelector('[name=name]').value.trim();
    if (this.#naming.returnValue !== 'save' || name === '') return;
    const isPart = this.#view.filter !== '' || this.#view.cameras !== null;
    this.#views.save(name, this.#view, isPart ? tiles.shown.map(({ id }) => id) : null);
    this.#views.choose(name);
    announce(`Saved as ${name}`);
  }

  async #copy() {
    const address = new URL(`./${this.#views.queryOf(this.#view)}`, document.baseURI).href;
    try {
      await navigator.clipboard.writeText(address); // only with TLS, or of this machine
      announce('The address was copied');
    } catch {
      announce('The address is in the address bar');
      history.replaceState(null, '', address);
    }
  }
}
