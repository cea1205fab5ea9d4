// Elements of cameras that are added while the page is open: taken over from the page as the server writes it by now.

// A Map from each camera's id to its element, which belongs to no document yet.
export async function fetchElements(selector) {
  const response = await fetch(location.href, { cache: 'no-store' });
  const text = response.ok ? await response.text() : '';
  const fresh = new DOMParser().parseFromString(text, 'text/html');
  for (const fallback of fresh.querySelectorAll('noscript')) fallback.remove();
  return new Map(Array.from(fresh.querySelectorAll(selector), (element) => [element.dataset.id, element]));
}

const idsOf = (cameras) => cameras.map(({ id }) => id);

// Keeps a Map of elements by their camera's id in step with the cameras. add(id, element) and remove(id) change it.
export class Follower {
  #selector;
  #known;
  #handlers;
  #busy = false;

  constructor(selector, ids, handlers) {
    this.#selector = selector;
    this.#known = ids;
    this.#handlers = handlers;
  }

  // The cameras' ids, in the order of the configuration.
  get ids() {
    return this.#known;
  }

  // Takes a list of cameras of the API; true once the elements are these.
  async follow(cameras) {
    const ids = idsOf(cameras);
    if (ids.join() === this.#known.join()) return true;
    if (this.#busy) return false;
    this.#busy = true;
    try {
      await this.#change(ids);
    } finally {
      this.#busy = false;
    }
    return false;
  }

  async #change(ids) {
    const known = new Set(this.#known);
    const wanted = new Set(ids);
    const added = ids.filter((id) => !known.has(id));
    const elements = added.length > 0 ? await fetchElements(this.#selector) : new Map();
    if (added.some((id) => !elements.has(id))) return; // it has changed again meanwhile
    for (const id of this.#known) {
      if (!wanted.has(id)) this.#handlers.remove(id);
    }
    for (const id of added) this.#handlers.add(id, document.adoptNode(elements.get(id)));
    this.#known = ids;
    this.#handlers.changed();
  }
}
