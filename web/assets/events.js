// What happens, as the server reports it (/api/events), for as long as somebody listens.

const RETRY_MS = 5000; // after a refusal, after which browsers do not try again

export class Events {
  #handlers = []; // [kind, handler]
  #source = null;
  #retry = null;

  // handler(data) is called for each event of a kind; see the kinds in the API's description.
  on(kind, handler) {
    this.#handlers.push([kind, handler]);
    if (this.#source !== null) this.#listen(kind, handler);
  }

  start() {
    if (this.#source !== null) return;
    clearTimeout(this.#retry);
    this.#source = new EventSource('api/events');
    for (const [kind, handler] of this.#handlers) this.#listen(kind, handler);
    this.#source.addEventListener('error', () => {
      if (this.#source?.readyState !== EventSource.CLOSED) return;
      this.stop();
      this.#retry = setTimeout(() => this.start(), RETRY_MS);
    });
  }

  stop() {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
  }

  #listen(kind, handler) {
    this.#source.addEventListener(kind, (event) => handler(JSON.parse(event.data)));
  }
}
