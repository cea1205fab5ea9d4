// Many cameras over one connection: keeps one subscription of /feed alive.

import { sleep } from './figures.js';
import { boundaryOf, MultipartParser } from './multipart.js';

const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 2000;

// In words, as the server gives them.
async function reasonOf(response) {
  const answer = await response.json().catch(() => null);
  return answer?.error?.message ?? `the server answers ${response.status}`;
}

export class Feed {
  #onPart;
  #onTrouble;
  #address = null;
  #playing = null; // the AbortController of the subscription that frames come from
  #pending = null; // of the one that is to take over
  #heardAt = 0; // when anything came, or was asked for

  // onPart(part): see multipart.js. onTrouble(reason): why no frames come; null once they do.
  constructor({ onPart, onTrouble }) {
    this.#onPart = onPart;
    this.#onTrouble = onTrouble;
  }

  // Takes frames from this address from now on; null: from none. The subscription before it plays on until the new one
  // has its answer, so that no tile stands still meanwhile.
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

  // Begins anew: what played may have ended without a word.
  restart() {
    const address = this.#address;
    this.subscribe(null);
    this.subscribe(address);
  }

  // For how long nothing has come.
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
        if (performance.now() - began > BACKOFF_MAX_MS) continue; // it has had its time
        throw new Error('the stream has ended');
      } catch (error) {
        if (signal.aborted) return;
        this.#onTrouble(error instanceof TypeError ? 'the server does not answer' : error.message);
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
      for (const part of parser.push(value)) this.#onPart(part);
      onFirst();
    }
  }
}
