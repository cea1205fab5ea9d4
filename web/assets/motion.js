// Why motion is reported or not: what the detector sees, over the live picture, and its score beside the threshold.

import { Chart } from './charts.js';
import { fetchJson, sleep } from './page.js';

const LOOK_MS = 200; // as often as the detector looks, by default

export class Motion {
  #address;
  #section;
  #overlay;
  #onSeen;
  #chart;
  #switch;
  #isLooking = false;

  // section: a <details> with the places of the page. onSeen(seen): each answer.
  constructor(id, section, overlay, onSeen) {
    this.#address = `api/cameras/${id}/motion`;
    this.#section = section;
    this.#overlay = overlay;
    this.#onSeen = onSeen;
    this.#chart = new Chart(section.querySelector('.chart'), (score) => `${Math.round(score)} of 100`);
    this.#switch = section.querySelector('input');
    this.#switch.addEventListener('change', () => this.#set(this.#switch.checked));
    section.addEventListener('toggle', () => this.#look());
  }

  // Shows the section as long as the camera is watched.
  show({ motion }) {
    this.#section.hidden = motion === null;
    if (motion !== null && !this.#section.open) this.#describe(motion);
  }

  #describe({ active, moving, events, state, reason }) {
    const words = moving ? 'Something moves.' : active ? 'Nothing moves.' : 'It makes no events now.';
    const why = reason === undefined || reason === null ? '' : ` ${state}: ${reason}.`;
    this.#section.querySelector('.words').textContent = `${words}${why} ${events} ${events === 1 ? 'event' : 'events'} so far.`;
  }

  #take(seen) {
    this.#describe(seen);
    if (document.activeElement !== this.#switch) this.#switch.checked = seen.active;
    this.#chart.mark(seen.threshold, `threshold ${seen.threshold}`);
    this.#chart.add(seen.cells === null ? null : seen.score);
    this.#overlay.showSight(seen);
    this.#onSeen(seen);
  }

  // While the section is open.
  async #look() {
    if (this.#isLooking) return;
    this.#isLooking = true;
    while (this.#section.open) {
      if (!document.hidden) {
        const answer = await fetchJson(this.#address);
        if (answer !== null && this.#section.open) this.#take(answer);
      }
      await sleep(LOOK_MS);
    }
    this.#overlay.showSight(null);
    this.#isLooking = false;
  }

  async #set(active) {
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify({ active });
    const answer = await fetch(this.#address, { method: 'PUT', headers, body }).then((response) => response.json())
      .catch(() => ({ error: { message: 'The server does not respond; nothing was changed.' } }));
    this.#section.querySelector('.refusal').textContent = answer.error?.message ?? '';
    if (answer.error === undefined) this.#take(answer);
  }
}
