// The connection to the server: asks it about once a second, and notices when it is lost.

import { sleep, warn } from './page.js';
import { sentenceOf } from './texts.js';

const POLL_MS = 1000;
const SOON_MS = 250; // between two requests at the least
const RETRY_MS = 400; // while it does not answer
const ANSWER_MS = 5000; // for an answer
const LOST_MS = 2000; // without any sign of it
const WATCH_MS = 250;

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(url, timeoutMs) {
  const response = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(timeoutMs) });
  if (response.ok) return response.json();
  const body = await response.json().catch(() => null);
  throw new Refusal(response.status, body?.error?.message ?? response.statusText);
}

export class Server {
  isLost = false;
  #url;
  #handlers;
  #heardAt = performance.now();
  #answeredAt = performance.now();
  #failed = false;
  #isOver = false;
  #wake = null;

  // onAnswer(answer, resumed): each answer of the url. resumed: the first after a failure, so that streams may have
  // ended meanwhile. onLost(silentMs): again and again while there is no connection; silentMs: since the last answer.
  // onRefused(status): an answer that is none; optional.
  constructor(url, handlers) {
    this.#url = url;
    this.#handlers = handlers;
    document.addEventListener('visibilitychange', () => this.heard());
    // Nothing is asked for with a session that is being ended.
    document.querySelector('form[action=logout]')?.addEventListener('submit', () => { this.#isOver = true; });
    setInterval(() => this.#watch(), WATCH_MS);
    this.#run();
  }

  // Takes note of a sign of the server from elsewhere.
  heard() {
    this.#heardAt = performance.now();
  }

  // Hastens the next request.
  soon() {
    this.#wake?.();
  }

  #watch() {
    const now = performance.now();
    if (document.hidden || this.#isOver || (!this.isLost && now - this.#heardAt < LOST_MS)) return;
    this.isLost = now - this.#heardAt >= LOST_MS;
    if (this.isLost) this.#handlers.onLost(now - this.#answeredAt);
  }

  async #poll() {
    try {
      const answer = await ask(this.#url, this.isLost ? LOST_MS : ANSWER_MS);
      this.heard();
      this.isLost = false;
      this.#answeredAt = performance.now();
      warn('server', null);
      const resumed = this.#failed;
      this.#failed = false;
      this.#handlers.onAnswer(answer, resumed);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error) {
    console.info(`${this.#url}: ${error.message}`);
    const status = error.status ?? 0;
    if (status !== 0 && status !== 503) this.heard(); // it works, and has nothing for this page
    this.#failed = true;
    warn('server', sentenceOf(status, error.message));
    if (status === 401) location.reload(); // the server leads to the login
    if (status !== 0) this.#handlers.onRefused?.(status);
  }

  async #run() {
    for (;;) {
      if (!document.hidden && !this.#isOver) await this.#poll();
      const waitMs = this.#failed ? RETRY_MS : POLL_MS;
      const woken = new Promise((resolve) => { this.#wake = resolve; });
      await sleep(SOON_MS);
      await Promise.race([sleep(waitMs - SOON_MS), woken]);
    }
  }
}
