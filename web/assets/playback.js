// Plays recorded frames of several cameras in step, over one connection.

import { reasonOf } from './feed.js';
import { boundaryOf, MultipartParser } from './multipart.js';

export const timeText = (ms) => new Date(ms).toISOString();

// To the microsecond, as the server has it.
export const secondsText = (ms) => (ms / 1000).toFixed(6);

export class Playback {
  #handlers;
  #controller = null;

  // onPart(id, ms, body): a frame, of so many ms since 1970. onEnd(reason): it has ended; null: at the end of what is
  // recorded.
  constructor(handlers) {
    this.#handlers = handlers;
  }

  get isPlaying() {
    return this.#controller !== null;
  }

  stop() {
    this.#controller?.abort();
    this.#controller = null;
  }

  play(ids, ms, speed) {
    this.stop();
    const controller = this.#controller = new AbortController();
    this.#run(`feed?cameras=${ids.map(encodeURIComponent).join(',')}&at=${secondsText(ms)}&speed=${speed}`, controller);
  }

  // The frames that were the newest at the moment. Resolves once all have come; a camera without one gives null.
  async show(ids, ms) {
    this.stop();
    const controller = this.#controller = new AbortController();
    await Promise.all(ids.map(async (id) => {
      const found = await this.#fetchFrame(id, ms, controller.signal);
      if (!controller.signal.aborted) this.#handlers.onPart(id, found?.ms ?? null, found?.body ?? null);
    }));
    if (this.#controller === controller) this.#controller = null;
  }

  async #fetchFrame(id, ms, signal) {
    const response = await fetch(`camera/${encodeURIComponent(id)}/snapshot?at=${secondsText(ms)}`,
      { signal, cache: 'no-store' }).catch(() => null);
    if (!response?.ok) return null;
    return {
      ms: Number(response.headers.get('X-Timestamp')) * 1000,
      body: new Uint8Array(await response.arrayBuffer().catch(() => new ArrayBuffer(0))),
    };
  }

  // The time of the first frame of a camera behind a moment; null: there is none.
  async nextFrame(id, ms) {
    const controller = new AbortController();
    try {
      for await (const part of this.#parts(`camera/${encodeURIComponent(id)}/video_feed?at=${secondsText(ms)}&speed=max`,
        controller.signal)) {
        const at = Number(part.headers.get('x-timestamp')) * 1000;
        if (at > ms + 0.5) return at;
      }
    } catch {
      return null;
    } finally {
      controller.abort();
    }
    return null;
  }

  async* #parts(address, signal) {
    const response = await fetch(address, { signal, cache: 'no-store' });
    if (!response.ok) throw new Error(await reasonOf(response));
    const parser = new MultipartParser(boundaryOf(response.headers.get('Content-Type')));
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(value);
    }
  }

  async #run(address, controller) {
    let reason = null;
    try {
      for await (const { headers, body } of this.#parts(address, controller.signal)) {
        if (controller.signal.aborted) return;
        this.#handlers.onPart(headers.get('x-camera-id'), Number(headers.get('x-timestamp')) * 1000, body);
      }
    } catch (error) {
      reason = error instanceof TypeError ? 'the server does not respond' : error.message;
    }
    if (controller.signal.aborted) return;
    this.#controller = null;
    this.#handlers.onEnd(reason);
  }
}
