// Draws masks, zones and privacy masks on a camera's picture, and shows them as the configuration has them. Nothing is
// sent to the server: the file stays what counts.

import { announce } from './page.js';
import { PolygonEditor } from './polygon-editor.js';
import { configurationOf, faultOf } from './polygon.js';

const KINDS = { mask: 'Motion mask', zone: 'Motion zone', privacy: 'Privacy mask' };

export class Areas {
  #section;
  #overlay;
  #hasMotion = false;
  #isMotionTaken = false;
  #arePrivacyMasksKnown = false;
  #areas = []; // { kind, name, points, sensitivity: null or a number }
  #editor = null;
  #edited = null; // the area that is being drawn

  // section: an element with the places of areas.html; overlay: an Overlay.
  constructor(section, overlay) {
    this.#section = section;
    this.#overlay = overlay;
    for (const button of section.querySelectorAll('[data-draw]')) {
      button.addEventListener('click', () => this.#begin(button.dataset.draw));
    }
    section.querySelector('.done').addEventListener('click', () => this.#end());
    section.querySelector('.copy').addEventListener('click', () => this.#copy());
    this.#show();
  }

  // What the camera has, as /api/cameras/N/motion says at first; left out if something has been drawn by then.
  take({ masks, zones }) {
    this.#hasMotion = true;
    if (!this.#isMotionTaken && this.#editor === null && this.#areas.every(({ kind }) => kind === 'privacy')) {
      this.#isMotionTaken = true;
      this.#areas = [...this.#areas, ...masks.map((points) => ({ kind: 'mask', name: '', points })),
        ...zones.map(({ name, polygon, sensitivity }) => ({ kind: 'zone', name, points: polygon, sensitivity }))];
    }
    this.#show();
  }

  // What is masked in the picture, so that what is copied has it, too.
  takePrivacy(masks) {
    this.#arePrivacyMasksKnown = true;
    this.#areas.unshift(...masks.map((points) => ({ kind: 'privacy', name: '', points })));
    this.#show();
  }

  #begin(kind) {
    this.#end();
    const count = this.#areas.filter((area) => area.kind === kind).length;
    const area = { kind, name: kind === 'zone' ? `zone ${count + 1}` : '', points: [] };
    this.#areas.push(area);
    this.#edit(area);
  }

  #edit(area) {
    this.#end();
    this.#edited = area;
    this.#editor = new PolygonEditor(this.#overlay.element, {
      points: area.points,
      name: `a ${KINDS[area.kind].toLowerCase()}`,
      onChange: (points) => {
        area.points = points.map((point) => [...point]);
        this.#show();
      },
      onEnd: () => this.#end(),
    });
    this.#show();
  }

  #end() {
    if (this.#editor === null) return;
    const { kind, points } = this.#edited;
    this.#editor.remove();
    this.#editor = this.#edited = null;
    if (points.length === 0) this.#areas.pop();
    this.#show();
    this.#section.querySelector(`[data-draw=${kind}]`).focus({ preventScroll: true });
    if (points.length > 0) announce(`${KINDS[kind]} with ${points.length} points. ${faultOf(points)}`);
  }

  async #copy() {
    const text = this.#section.querySelector('textarea');
    try {
      await navigator.clipboard.writeText(text.value);
      announce('Copied');
    } catch {
      text.select(); // without https there is no clipboard
      announce('Selected: copy it with Ctrl+C');
    }
  }

  // ---- Showing ----

  #row(area, index) {
    const row = document.createElement('li');
    const title = document.createElement(area.kind === 'zone' ? 'input' : 'span');
    if (area.kind === 'zone') {
      Object.assign(title, { value: area.name, maxLength: 64, type: 'text' });
      title.setAttribute('aria-label', `Name of zone ${index + 1}`);
      title.addEventListener('input', () => {
        area.name = title.value;
        this.#showText();
      });
    } else {
      title.textContent = KINDS[area.kind];
    }
    const fault = document.createElement('span');
    fault.className = 'fault';
    fault.textContent = area === this.#edited && area.points.length < 3 ? 'Set its points.' : faultOf(area.points);
    row.append(title, this.#button('Edit', area, () => this.#edit(area)), this.#button('Remove', area, () => {
      if (area === this.#edited) this.#end();
      this.#areas = this.#areas.filter((other) => other !== area);
      this.#show();
    }), fault);
    return row;
  }

  #button(word, area, call) {
    const button = document.createElement('button');
    Object.assign(button, { type: 'button', textContent: word });
    button.setAttribute('aria-label', `${word} ${area.name || KINDS[area.kind].toLowerCase()}`);
    button.addEventListener('click', call);
    return button;
  }

  #show() {
    const list = this.#section.querySelector('ul');
    if (!list.contains(document.activeElement)) list.replaceChildren(...this.#areas.map((area, index) => this.#row(area, index)));
    this.#section.querySelector('.done').hidden = this.#editor === null;
    this.#overlay.showAreas(this.#areas.filter((area) => area !== this.#edited));
    this.#showText();
  }

  #showText() {
    const text = configurationOf(this.#areas.filter(({ points }) => faultOf(points) === ''), this.#hasMotion);
    this.#section.querySelector('.result').hidden = text === '';
    this.#section.querySelector('.privacy-note').hidden = this.#arePrivacyMasksKnown || !this.#areas.some(({ kind }) => kind === 'privacy');
    this.#section.querySelector('textarea').value = text;
  }
}
