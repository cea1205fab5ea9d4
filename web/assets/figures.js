// What both pages share: the words and numbers that describe a camera, and the poll that keeps them fresh.

const UNKNOWN = '–';
const POLL_MS = 1000;
const ANSWER_MS = 5000;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function ageText(ms) {
  if (ms < 1000) return `${ms} ms ago`;
  if (ms < 60000) return `${(ms / 1000).toFixed(1)} s ago`;
  if (ms < 3600000) return `${Math.floor(ms / 60000)} min ago`;
  return `${Math.floor(ms / 3600000)} h ago`;
}

// The same texts as gallery.c writes into the pages.
function figuresOf(camera) {
  return {
    state: camera.state,
    error: camera.error ?? '',
    size: camera.width === null ? UNKNOWN : `${camera.width} × ${camera.height}`,
    rate: `${camera.fps.captured.toFixed(1)} fps`,
    configured: camera.fps.configured === null ? UNKNOWN : `${camera.fps.configured.toFixed(1)} fps`,
    age: camera.last_frame === null ? UNKNOWN : ageText(camera.last_frame.age_ms),
    source: camera.source,
    format: camera.format ?? UNKNOWN,
    published: camera.frames.published,
    dropped: camera.frames.dropped,
    invalid: camera.frames.invalid,
    restarts: camera.restarts,
    viewers: camera.subscribers.length,
  };
}

// Fills in the figures that the element has places for, and tells screen readers when the state has changed.
export function showFigures(element, camera) {
  const figures = figuresOf(camera);
  for (const place of element.querySelectorAll('[data-figure]')) {
    const text = String(figures[place.dataset.figure]);
    if (place.textContent !== text) place.textContent = text;
  }
  if (element.dataset.state !== camera.state) {
    element.dataset.state = camera.state;
    const reason = camera.error === null ? '' : `: ${camera.error}`;
    document.querySelector('[role=status]').textContent = `${camera.name} is ${camera.state}${reason}`;
  }
}

// Calls onAnswer(answer, resumed) about once a second while the page can be seen. `resumed` tells that the answer is
// the first one, or the first after a failure: streams that began before it may have ended.
export async function poll(url, onAnswer) {
  const warning = document.querySelector('.warning');
  let resumed = true;
  for (;;) {
    if (!document.hidden) {
      try {
        const response = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MS) });
        if (!response.ok) throw new Error(response.statusText);
        onAnswer(await response.json(), resumed);
        resumed = false;
      } catch (error) {
        console.warn(`${url}: ${error.message}`);
        resumed = true;
      }
      warning.hidden = !resumed;
    }
    await sleep(POLL_MS);
  }
}
