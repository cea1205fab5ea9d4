// What administrators see on a camera's page besides: why motion is reported, and areas of the picture to draw.

import { Areas } from './areas.js';
import { Motion } from './motion.js';
import { Overlay } from './overlay.js';
import { fetchJson } from './page.js';

export class Setup {
  #overlay;
  #motion;
  #areas;

  constructor(id, main) {
    this.#overlay = new Overlay(main.querySelector('.lens'));
    this.#areas = new Areas(main.querySelector('.setup-areas'), this.#overlay);
    this.#motion = new Motion(id, main.querySelector('.setup-motion'), this.#overlay, (seen) => this.#areas.take(seen));
    const section = main.querySelector('.setup-areas');
    section.hidden = false;
    section.addEventListener('toggle', () => this.#loadPrivacyMasks(id), { once: true });
    const sections = [...main.querySelectorAll('.setup')];
    for (const each of sections) {
      each.addEventListener('toggle', () => this.#areas.setVisible(sections.some(({ open }) => open)));
    }
  }

  async #loadPrivacyMasks(id) {
    const answer = await fetchJson(`api/cameras/${id}/privacy_masks`);
    if (answer !== null) this.#areas.takePrivacy(answer.privacy_masks);
  }

  // Takes each status of the camera.
  show(camera) {
    if (camera.width !== null) this.#overlay.resize(camera.width, camera.height);
    this.#motion.show(camera);
  }
}
