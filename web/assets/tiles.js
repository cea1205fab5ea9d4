// The tiles of the wall: which there are, their order, and which of them can be seen.

import { Follower } from './adopt.js';
import { Tile } from './tile.js';

const VISIBLE_SHARE = 0.02; // of a tile; one that only touches the edge gets no frames

export class Tiles {
  #list;
  #tiles;
  #observer;
  #follower;

  // onSeen(): other tiles can be seen now. onChanged(): tiles were added or removed.
  constructor(list, { onSeen, onChanged }) {
    this.#list = list;
    this.#tiles = new Map(Array.from(list.children, (element) => [element.dataset.id, new Tile(element)]));
    this.#observer = new IntersectionObserver((entries) => {
      for (const { target, intersectionRatio } of entries) {
        const tile = this.at(target);
        if (tile !== undefined) tile.visible = intersectionRatio >= VISIBLE_SHARE;
      }
      onSeen();
    }, { threshold: [0, VISIBLE_SHARE] });
    for (const { element } of this.all) this.#observer.observe(element);
    this.#follower = new Follower('.tile[data-id]', [...this.#tiles.keys()], {
      add: (id, element) => this.#add(id, element),
      remove: (id) => this.#remove(id),
      changed: onChanged,
    });
  }

  // In the order of the configuration.
  get all() {
    return [...this.#tiles.values()];
  }

  get ids() {
    return this.#follower === undefined ? [...this.#tiles.keys()] : this.#follower.ids;
  }

  get idsInOrder() {
    return Array.from(this.#list.children, (element) => element.dataset.id);
  }

  // In the order of the wall.
  get shown() {
    return Array.from(this.#list.children, (element) => this.of(element.dataset.id))
      .filter((tile) => !tile.element.hidden);
  }

  get visible() {
    return this.all.filter((tile) => tile.visible && !tile.element.hidden);
  }

  of(id) {
    return this.#tiles.get(id);
  }

  // That of an element or of one within it.
  at(node) {
    return this.of(node?.closest?.('.tile')?.dataset.id);
  }

  // Puts them in an order; takes all ids.
  arrange(ids) {
    if (ids.join() === this.idsInOrder.join()) return;
    const focused = document.activeElement;
    this.#list.append(...ids.map((id) => this.of(id).element));
    if (this.#list.contains(focused)) focused.focus();
  }

  // Finds out at once which tiles can be seen in the element that scrolls them; the observer waits for a frame.
  look(element) {
    const view = element.getBoundingClientRect();
    for (const tile of this.shown) {
      const { left, right, top, bottom, width, height } = tile.element.getBoundingClientRect();
      const across = Math.min(right, view.right) - Math.max(left, view.left);
      const down = Math.min(bottom, view.bottom) - Math.max(top, view.top);
      tile.visible = Math.max(0, across) * Math.max(0, down) > VISIBLE_SHARE * width * height;
    }
  }

  // See Follower.follow().
  follow(cameras) {
    return this.#follower.follow(cameras);
  }

  #add(id, element) {
    this.#list.append(element);
    const tile = new Tile(element);
    this.#tiles.set(id, tile);
    this.#observer.observe(element);
  }

  #remove(id) {
    const { element } = this.of(id);
    this.#observer.unobserve(element);
    element.remove();
    this.#tiles.delete(id);
  }
}
