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
  #isVisible = false;
  #areas = []; // { kind, name, points, sensitivity: null or a number }, and the row of the list once it is shown
  #editor = null;
  #edited = null; // the area that is being drawn

  // section: a <details> with the places of the page; overlay: an Overlay.
  constructor(section, overlay) {
    this.#section = section;
    this.#overlay = overlay;
    for (const button of section.querySelectorAll('[data-draw]')) {
      button.addEventListener('click', () => this.#begin(button.dataset.draw));
    }
    section.addEventListener('toggle', () => {
      if (!section.open) this.#end(); // there is no button to end it any more
    });
    section.querySelector('.done').addEventListener('click', () => this.#end());
    section.querySelector('.copy').addEventListener('click', () => this.#copy());
    this.#show();
  }

  // What the camera has, as /api/cameras/N/motion says at first; left out if something has been drawn by then.
  take({ masks, zones }) {
    this.#hasMotion = true;
    if (this.#isMotionTaken || this.#editor !== null || this.#areas.some(({ kind }) => kind !== 'privacy')) return;
    this.#isMotionTaken = true;
    this.#areas.push(...masks.map((points) => ({ kind: 'mask', name: '', points })),
      ...zones.map(({ name, polygon, sensitivity }) => ({ kind: 'zone', name, points: polygon, sensitivity })));
    this.#show();
  }

  // What is masked in the picture, so that what is copied has it, too.
  takePrivacy(masks) {
    this.#arePrivacyMasksKnown = true;
    this.#areas.unshift(...masks.map((points) => ({ kind: 'privacy', name: '', points })));
    this.#show();
  }

  // Whether they are on the picture.
  setVisible(isVisible) {
    this.#isVisible = isVisible;
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
    const edited = this.#edited;
    const { kind, points } = edited;
    this.#editor.remove();
    this.#editor = this.#edited = null;
    if (points.length === 0) this.#areas = this.#areas.filter((area) => area !== edited);
    this.#show();
    this.#drawButton(kind).focus({ preventScroll: true });
    if (points.length > 0) announce(`${KINDS[kind]} with ${points.length} points. ${faultOf(points)}`);
  }

  #remove(area) {
    const next = area.row.nextElementSibling;
    if (area === this.#edited) this.#end();
    this.#areas = this.#areas.filter((other) => other !== area);
    this.#show();
    (next?.querySelector('.remove') ?? this.#drawButton(area.kind)).focus({ preventScroll: true });
    announce(`${KINDS[area.kind]} removed`);
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

  #drawButton(kind) {
    return this.#section.querySelector(`[data-draw=${kind}]`);
  }

  #makeRow(area) {
    const row = document.createElement('li');
    const title = document.createElement(area.kind === 'zone' ? 'input' : 'span');
    if (area.kind === 'zone') {
      Object.assign(title, { value: area.name, maxLength: 64, type: 'text' });
      title.addEventListener('input', () => {
        area.name = title.value;
        this.#show();
      });
    } else {
      title.textContent = KINDS[area.kind];
    }
    const fault = document.createElement('span');
    fault.className = 'fault';
    row.append(title, this.#makeButton('Edit', () => this.#edit(area)), this.#makeButton('Remove', () => this.#remove(area)), fault);
    return row;
  }

  #makeButton(word, call) {
    const button = document.createElement('button');
    Object.assign(button, { type: 'button', className: word.toLowerCase(), textContent: word });
    button.addEventListener('click', call);
    return button;
  }

  #showRow(area, index) {
    const isEdited = area === this.#edited;
    for (const button of area.row.querySelectorAll('button')) {
      button.setAttribute('aria-label', `${button.textContent} ${area.name || KINDS[area.kind].toLowerCase()}`);
    }
    area.row.querySelector('input')?.setAttribute('aria-label', `Name of zone ${index + 1}`);
    area.row.querySelector('.edit').disabled = isEdited;
    area.row.querySelector('.fault').textContent = isEdited && area.points.length < 3 ? 'Set its points.' : faultOf(area.points);
  }

  // A row stays the same element, so that it keeps the focus, and a press that has begun on it.
  #showRows() {
    const list = this.#section.querySelector('ul');
    const rows = this.#areas.map((area) => area.row ??= this.#makeRow(area));
    for (const row of [...list.children]) {
      if (!rows.includes(row)) row.remove();
    }
    rows.forEach((row, index) => {
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
    });
    this.#areas.forEach((area, index) => this.#showRow(area, index));
  }

  #show() {
    this.#showRows();
    this.#section.querySelector('.done').hidden = this.#editor === null;
    this.#overlay.showAreas(this.#isVisible ? this.#areas.filter((area) => area !== this.#edited) : []);
    const text = configurationOf(this.#areas.filter(({ points }) => faultOf(points) === ''), this.#hasMotion);
    this.#section.querySelector('.result').hidden = text === '';
    this.#section.querySelector('.privacy-note').hidden = this.#arePrivacyMasksKnown || !this.#areas.some(({ kind }) => kind === 'privacy');
    this.#section.querySelector('textarea').value = text;
  }
}
