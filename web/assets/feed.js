// Many cameras over one connection: keeps one subscription of /feed alive, and reconnects.

import { sleep } from './page.js';
import { boundaryOf, MultipartParser } from './multipart.js';

const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 1000;

// What the server says of a request that it refuses.
export async function reasonOf(response) {
  const answer = await response.json().catch(() => null);
  return answer?.error?.message ?? `the server answers ${response.status}`;
}

export class Feed {
  #onData;
  #onPart;
  #onTrouble;
  #address = null;
  #playing = null; // the AbortController of the subscription that delivers frames
  #pending = null; // of the subscription that replaces it
  #heardAt = 0; // time of the last data or request

  // onData(): something has come. onPart(part): see multipart.js. onTrouble(reason): why there are no frames; null once there are.
  constructor({ onData, onPart, onTrouble }) {
    this.#onData = onData;
    this.#onPart = onPart;
    this.#onTrouble = onTrouble;
  }

  get isSubscribed() {
    return this.#address !== null;
  }

  // Takes frames from this address; null: from none. The previous subscription continues until the new one is
  // answered, so that no tile freezes meanwhile.
  subscribe(address) {
    if (address === this.#address) return;
    this.#address = address;
    this.#pending?.abort();
    this.#pending = null;
    if (address === null) {
      this.#playing?.abort();
      this.#playing = null;
      return;
    }
    this.#pending = new AbortController();
    this.#run(address, this.#pending);
  }

  // Reconnects: a connection may die silently.
  restart() {
    const address = this.#address;
    this.subscribe(null);
    this.subscribe(address);
  }

  // Time without any data.
  get silentMs() {
    return performance.now() - this.#heardAt;
  }

  async #run(address, controller) {
    const { signal } = controller;
    this.#heardAt = performance.now();
    let backoff = BACKOFF_MIN_MS;
    for (;;) {
      try {
        const response = await fetch(address, { signal, cache: 'no-store' });
        if (!response.ok) throw new Error(await reasonOf(response));
        this.#takeOver(controller);
        const began = performance.now();
        await this.#play(response, () => { backoff = BACKOFF_MIN_MS; });
        if (performance.now() - began > BACKOFF_MAX_MS) continue; // it ran long enough to retry at once
        throw new Error('the stream has ended');
      } catch (error) {
        if (signal.aborted) return;
        this.#onTrouble(error instanceof TypeError ? 'the server does not respond' : error.message);
      }
      await sleep(backoff);
      if (signal.aborted) return;
      backoff = Math.min(2 * backoff, BACKOFF_MAX_MS);
    }
  }

  #takeOver(controller) {
    if (this.#pending !== controller) return;
    this.#playing?.abort();
    this.#playing = controller;
    this.#pending = null;
  }

  async #play(response, onFirst) {
    const parser = new MultipartParser(boundaryOf(response.headers.get('Content-Type')));
    const reader = response.body.getReader();
    this.#onTrouble(null);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#heardAt = performance.now();
      this.#onData?.();
      for (const part of parser.push(value)) this.#onPart(part);
      onFirst();
    }
  }
}
