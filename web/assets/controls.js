// The controls of a camera: a field for each of /api/cameras/N/controls.

import { fetchJson } from './page.js';

function field(control) {
  const element = document.createElement(control.type === 'menu' ? 'select' : 'input');
  if (control.type === 'menu') {
    element.append(...control.menu.map(({ value, label }) => new Option(label, value)));
  } else if (control.type === 'boolean') {
    element.type = 'checkbox';
  } else {
    Object.assign(element, { type: 'range', min: control.min, max: control.max, step: control.step });
  }
  return element;
}

function write(element, control) {
  if (control.type === 'boolean') {
    element.checked = control.value;
  } else {
    element.value = control.value;
  }
  element.disabled = control.writable === false;
}

const read = (element) => (element.type === 'checkbox' ? element.checked : Number(element.value));

class Controls {
  #address;
  #section;
  #fields = new Map();

  constructor(address, section) {
    this.#address = address;
    this.#section = section;
  }

  // Setting one control may change others: with automatic exposure, a camera accepts no exposure time.
  show(controls) {
    for (const control of controls) {
      if (!this.#fields.has(control.name)) this.#addField(control);
      const { input, output } = this.#fields.get(control.name);
      write(input, control);
      output.textContent = control.type === 'integer' ? control.value : '';
    }
    this.#section.hidden = controls.length === 0;
  }

  #addField(control) {
    const label = document.createElement('label');
    const name = document.createElement('span');
    const input = field(control);
    const output = document.createElement('output');
    name.textContent = control.label;
    label.append(name, input);
    if (control.type === 'integer') label.append(output);
    input.addEventListener('input', () => { output.textContent = control.type === 'integer' ? input.value : ''; });
    input.addEventListener('change', () => this.#set(control.name, read(input)));
    this.#section.querySelector('.fields').append(label);
    this.#fields.set(control.name, { input, output });
  }

  async #set(name, value) {
    const body = JSON.stringify({ [name]: value });
    const headers = { 'Content-Type': 'application/json' };
    let refusal = '';
    try {
      const answer = await (await fetch(this.#address, { method: 'PUT', headers, body })).json();
      refusal = answer.error?.message ?? '';
      if (answer.controls !== undefined) this.show(answer.controls);
    } catch {
      refusal = 'The server does not respond; nothing was changed.';
    }
    this.#section.querySelector('.refusal').textContent = refusal;
  }
}

// Fills in the section and shows it if the camera has controls.
export async function showControls(id, section) {
  const address = `api/cameras/${id}/controls`;
  const answer = await fetchJson(address);
  if (answer !== null) new Controls(address, section).show(answer.controls);
}
