// A small chart of one figure over the last minutes, drawn as SVG.

const SPAN_MIN_MS = 60 * 1000;
const SPAN_MAX_MS = 5 * 60 * 1000;
const WIDTH = 300;
const HEIGHT = 60;
const HEADROOM = 1.1;

const agoText = (ms) => (ms < 60000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60000)} min`);

function svg(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function text(className) {
  const element = document.createElement('span');
  element.className = className;
  return element;
}

export class Chart {
  #samples = []; // [milliseconds, value or null]
  #format;
  #title;
  #now = text('now');
  #span = text('span');
  #picture = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' });
  #area = svg('path', { class: 'area' });
  #mark = svg('path', { class: 'mark' });
  #marked = null; // a value to compare with
  #markedText = '';
  #line = svg('path', { class: 'line' });

  // figure: an element with a figcaption. format(value): the value as text.
  constructor(figure, format) {
    this.#format = format;
    this.#title = figure.querySelector('figcaption').textContent;
    this.#caption('–', 'no data yet');
    this.#picture.append(this.#area, this.#line, this.#mark);
    figure.append(this.#now, this.#picture, this.#span);
  }

  // A value that the others are compared with: a line across, and text.
  mark(value, text) {
    this.#marked = value;
    this.#markedText = `, ${text}`;
  }

  // The present value; null: unknown, and the line has a gap.
  add(value) {
    const now = performance.now();
    this.#samples.push([now, value]);
    while (now - this.#samples[0][0] > SPAN_MAX_MS) this.#samples.shift();
    this.#draw(now);
  }

  #caption(now, span) {
    this.#now.textContent = now;
    this.#span.textContent = span;
    this.#picture.setAttribute('aria-label', `${this.#title}: ${span}`);
  }

  #draw(now) {
    const values = this.#samples.map(([, value]) => value).filter((value) => value !== null);
    if (values.length === 0) return;
    const min = Math.min(...values);
    const max = Math.max(...values);
    const last = this.#samples.at(-1)[1];
    const range = `${this.#format(min)} to ${this.#format(max)}`;
    const span = agoText(now - this.#samples[0][0]);
    this.#caption(last === null ? '–' : this.#format(last), `${range} in the last ${span}${this.#markedText}`);
    this.#trace(now, Math.max(max, this.#marked ?? 0) * HEADROOM || 1);
  }

  #trace(now, top) {
    const span = Math.max(SPAN_MIN_MS, now - this.#samples[0][0]);
    const x = (time) => (WIDTH * (1 - (now - time) / span)).toFixed(1);
    const y = (value) => (HEIGHT * (1 - value / top)).toFixed(1);
    let line = '';
    let area = '';
    for (const run of this.#runs()) {
      const points = run.map(([time, value]) => `${x(time)} ${y(value)}`).join('L');
      line += `M${points}`;
      area += `M${x(run[0][0])} ${HEIGHT}L${points}L${x(run.at(-1)[0])} ${HEIGHT}Z`;
    }
    this.#mark.setAttribute('d', this.#marked === null ? '' : `M0 ${y(this.#marked)}H${WIDTH}`);
    this.#line.setAttribute('d', line);
    this.#area.setAttribute('d', area);
  }

  // The stretches without a gap.
  #runs() {
    const runs = [];
    let run = null;
    for (const sample of this.#samples) {
      if (sample[1] === null) {
        run = null;
      } else if (run === null) {
        runs.push(run = [sample]);
      } else {
        run.push(sample);
      }
    }
    return runs;
  }
}
