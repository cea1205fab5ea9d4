// The views of the wall with a name: those of the configuration, and those saved in this browser. Tabs choose one.

import { writeView } from './view.js';

const STORED = 'views';

function readStored() {
  try {
    const views = JSON.parse(localStorage.getItem(STORED));
    return Array.isArray(views) ? views.filter((view) => typeof view?.name === 'string') : [];
  } catch {
    return [];
  }
}

export class Views {
  #tabs;
  #onChoose;
  #configured;
  #saved = readStored();

  // tabs: an element with a link for each view of the configuration. onChoose(changes): what is to become of the view.
  constructor(tabs, onChoose) {
    this.#tabs = tabs;
    this.#onChoose = onChoose;
    this.#configured = Array.from(tabs.querySelectorAll('[data-name]'), ({ dataset }) => ({
      name: dataset.name, layout: dataset.layout, cameras: dataset.cameras.split(','),
      order: dataset.cameras.split(',') }));
    tabs.addEventListener('click', (event) => {
      const tab = event.target.closest('[data-name]');
      if (tab === null) return;
      event.preventDefault();
      this.choose(tab.dataset.name);
    });
  }

  get all() {
    const names = new Set(this.#configured.map(({ name }) => name));
    return [...this.#configured, ...this.#saved.filter(({ name }) => !names.has(name))];
  }

  find(name) {
    return this.all.find((view) => view.name === name) ?? null;
  }

  // The names of the views that a camera belongs to.
  groupsOf(id) {
    return this.all.filter(({ cameras }) => cameras?.includes(id)).map(({ name }) => name);
  }

  // "": all cameras, as they are configured.
  choose(name) {
    const view = this.find(name);
    this.#onChoose(name === '' || view === null ? { name: '', cameras: null, order: [], layout: 'auto', filter: '' } : {
      name, cameras: view.cameras ?? null, order: view.order ?? [], layout: view.layout ?? 'auto', filter: '',
      ...(view.sort !== undefined && { sort: view.sort }),
    });
  }

  // Saves a view of the wall. cameras: the ids on show, or null for all.
  save(name, { layout, order, sort }, cameras) {
    this.#saved = [...this.#saved.filter((view) => view.name !== name), { name, layout, order, sort, cameras }];
    this.#store();
  }

  remove(name) {
    this.#saved = this.#saved.filter((view) => view.name !== name);
    this.#store();
  }

  isSaved(name) {
    return this.#saved.some((view) => view.name === name) && !this.#configured.some((view) => view.name === name);
  }

  // The view's query for others: one of the configuration goes by its name.
  queryOf(view) {
    const isConfigured = this.#configured.some(({ name }) => name === view.name);
    return writeView(isConfigured ? { ...view, cameras: null, order: [] } : view);
  }

  show(chosen) {
    const { all } = this;
    this.#tabs.hidden = all.length === 0;
    this.#tabs.querySelector('ul').replaceChildren(...['', ...all.map(({ name }) => name)].map((name) => {
      const item = document.createElement('li');
      const tab = document.createElement('a');
      tab.href = name === '' ? '.' : `./${writeView({ layout: 'auto', filter: '', order: [], name })}`;
      tab.dataset.name = name;
      tab.textContent = name === '' ? 'All' : name;
      if (name === chosen) tab.setAttribute('aria-current', 'page');
      item.append(tab);
      return item;
    }));
  }

  #store() {
    localStorage.setItem(STORED, JSON.stringify(this.#saved));
  }
}
