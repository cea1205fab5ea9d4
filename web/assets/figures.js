// What all pages share: the words and numbers that describe a camera, and the poll that keeps them fresh.

export const UNKNOWN = '–';
const POLL_MS = 1000;
const POLL_SOON_MS = 250;
const ANSWER_MS = 5000;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function durationText(ms) {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3600000) return `${Math.floor(ms / 60000)} min`;
  return `${Math.floor(ms / 3600000)} h`;
}

export function bytesText(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} KB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

const rateText = (fps) => `${fps.toFixed(1)} fps`;

// The same texts as gallery.c writes into the pages.
function figuresOf(camera) {
  return {
    state: camera.state,
    since: `since ${camera.state_since.slice(11, 19)} UTC`,
    error: camera.error ?? '',
    size: camera.width === null ? UNKNOWN : `${camera.width} × ${camera.height}`,
    rate: rateText(camera.fps.captured),
    configured: camera.fps.configured === null ? UNKNOWN : rateText(camera.fps.configured),
    age: camera.last_frame === null ? UNKNOWN : `${durationText(camera.last_frame.age_ms)} ago`,
    source: camera.source,
    format: camera.format ?? UNKNOWN,
    published: camera.frames.published,
    dropped: camera.frames.dropped,
    invalid: camera.frames.invalid,
    restarts: camera.restarts,
    viewers: camera.subscribers?.length,
  };
}

// Writes figures into the places that the element has for them.
export function fillFigures(element, figures) {
  for (const place of element.querySelectorAll('[data-figure]')) {
    const figure = figures[place.dataset.figure];
    if (figure !== undefined && place.textContent !== String(figure)) place.textContent = figure;
  }
}

// Tells screen readers.
export function announce(text) {
  document.querySelector('[role=status]').textContent = text;
}

// Fills in a camera's figures, and tells when its state has changed.
export function showFigures(element, camera) {
  fillFigures(element, figuresOf(camera));
  if (element.dataset.state !== camera.state) {
    element.dataset.state = camera.state;
    announce(`${camera.name} is ${camera.state}${camera.error === null ? '' : `: ${camera.error}`}`);
  }
}

// "3 cameras · 2 live · 1 offline", as gallery.c writes it.
export function summaryOf(cameras) {
  const counts = ['live', 'idle', 'starting', 'stale', 'offline']
    .map((state) => [cameras.filter((camera) => camera.state === state).length, state])
    .filter(([count]) => count > 0)
    .map(([count, state]) => `${count} ${state}`);
  return [`${cameras.length} ${cameras.length === 1 ? 'camera' : 'cameras'}`, ...counts].join(' · ');
}

const troubles = new Map();

// Shows on top of the page what is wrong with a part of it; null: nothing any more.
export function showTrouble(part, text) {
  if (text === null) {
    troubles.delete(part);
  } else {
    troubles.set(part, text);
  }
  const warning = document.querySelector('.warning');
  const [first = ''] = troubles.values();
  if (warning.textContent !== first) warning.textContent = first;
  warning.hidden = first === '';
}

// Calls onAnswer(answer, resumed) about once a second while the page can be seen. `resumed` tells that the answer is
// the first one after a failure: streams that began before it may have ended. Returns a function that has the next
// answer come sooner.
export function poll(url, onAnswer) {
  let failed = false;
  let wake;
  async function ask() {
    try {
      const response = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MS) });
      if (response.status === 401) location.reload(); // and the server leads to the login
      if (!response.ok) throw new Error(`the server answers ${response.status}`);
      onAnswer(await response.json(), failed);
      failed = false;
    } catch (error) {
      console.info(`${url}: ${error.message}`);
      failed = true;
    }
    showTrouble('poll', failed ? 'The server does not answer; trying again.' : null);
  }
  async function run() {
    for (;;) {
      if (!document.hidden) await ask();
      await sleep(POLL_SOON_MS);
      await Promise.race([sleep(POLL_MS - POLL_SOON_MS), new Promise((resolve) => { wake = resolve; })]);
    }
  }
  run();
  return () => wake?.();
}
