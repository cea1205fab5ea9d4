// The words for figures, states and times, on every page: the server writes none of them. Pure.

export const UNKNOWN = '–';

const MINUTE_MS = 60 * 1000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

// ---- Quantities ----

export function durationText(ms) {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < MINUTE_MS) return `${(ms / 1000).toFixed(1)} s`;
  return spanText(ms);
}

// Of a state: whole seconds at the least.
export function spanText(ms) {
  if (ms < MINUTE_MS) return `${Math.max(0, Math.floor(ms / 1000))} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`;
  return `${Math.floor(ms / DAY_MS)} days`;
}

export function bytesText(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} KB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

export const rateText = (fps) => `${fps.toFixed(1)} fps`;
export const countText = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

// ---- Moments ----

// Takes long to make, so it is made when it is first used.
function format(options) {
  let made = null;
  return (time) => (made ??= new Intl.DateTimeFormat('en-GB', options)).format(time);
}

const minutes = { hour: '2-digit', minute: '2-digit' };
const clock = { ...minutes, second: '2-digit' };
const FORMATS = {
  minutes: format(minutes),
  clock: format(clock),
  weekday: format({ weekday: 'short' }),
  date: format({ day: 'numeric', month: 'short' }),
  year: format({ day: 'numeric', month: 'short', year: 'numeric' }),
};

const dayOf = (time) => new Date(time).setHours(0, 0, 0, 0);

// The local time, and as much of the date as it takes: "12:41", "Sat 12:41", "21 Nov 12:41", "21 Nov 2025 12:41".
// Takes milliseconds since the epoch. precise: with seconds.
export function momentText(time, now, precise = false) {
  const text = FORMATS[precise ? 'clock' : 'minutes'](time);
  const days = Math.round((dayOf(now) - dayOf(time)) / DAY_MS);
  if (days === 0) return text;
  if (days > 0 && days < 7) return `${FORMATS.weekday(time)} ${text}`;
  const thisYear = new Date(time).getFullYear() === new Date(now).getFullYear();
  return `${FORMATS[thisYear ? 'date' : 'year'](time)} ${text}`;
}

// "2026-01-31 12:41:03 UTC" of the API's "2026-01-31T12:41:03.123Z".
export const utcText = (iso) => `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;

// ---- States ----

// In the order of a summary. The state on show is the API's, with one exception: an idle camera that did not work when
// it was last opened is offline.
export const STATES = ['live', 'idle', 'starting', 'stale', 'offline'];
export const shownState = ({ state, error }) => (state === 'idle' && error !== null ? 'offline' : state);
export const isTrouble = (camera) => ['stale', 'offline'].includes(shownState(camera));

// The state of the cluster that the server is in.
export const clusterText = ({ state }) => (state === 'name_in_use' ? 'name in use' : state);

export function countsOf(cameras) {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0]));
  for (const camera of cameras) counts[shownState(camera)]++;
  return { ...counts, trouble: counts.stale + counts.offline };
}

// What a summary says, each with the filter that shows these cameras: [{ text, filter }]. Trouble goes by the name of
// the state if it is but one.
export function summaryOf(cameras) {
  const counts = countsOf(cameras);
  const parts = ['live', 'idle', 'starting'].map((state) => ({ text: `${counts[state]} ${state}`, filter: state }));
  const [count, state] = counts.stale === 0 ? [counts.offline, 'offline'] : [counts.stale, 'stale'];
  parts.push(counts.stale > 0 && counts.offline > 0
    ? { text: `${counts.trouble} in trouble`, filter: 'trouble' } : { text: `${count} ${state}`, filter: state });
  return [{ text: countText(cameras.length, 'camera'), filter: '' }, ...parts.filter(({ text }) => !/^0 /.test(text))];
}

// "for 12 min, since Sat 12:41": follows the state's name.
export function sinceText({ state_since: since }, now) {
  const time = Date.parse(since);
  return `for ${spanText(now - time)}, since ${momentText(time, now)}`;
}

// ---- A camera ----

// The texts of a camera by the names of their places; one with a title is an object. now: milliseconds since the epoch.
export function figuresOf(camera, now) {
  const newest = camera.last_frame;
  return {
    state: shownState(camera),
    since: { text: sinceText(camera, now), title: utcText(camera.state_since) },
    error: camera.error ?? '',
    last: newest === null ? '' : {
      text: `last picture ${momentText(Date.parse(newest.captured_at), now, true)}`,
      title: utcText(newest.captured_at),
    },
    size: camera.width === null ? UNKNOWN : `${camera.width} × ${camera.height}`,
    rate: rateText(camera.fps.captured),
    configured: camera.fps.configured === null ? UNKNOWN : rateText(camera.fps.configured),
    age: newest === null ? UNKNOWN : `${durationText(newest.age_ms)} ago`,
    source: camera.source,
    format: camera.format ?? UNKNOWN,
    published: camera.frames.published,
    dropped: camera.frames.dropped,
    invalid: camera.frames.invalid,
    restarts: camera.restarts,
    viewers: camera.subscribers?.length,
  };
}

// ---- The server ----

// What to say of an answer that is none; status 0: no answer at all.
export function sentenceOf(status, message) {
  if (status === 0) return 'No connection to the server; trying again.';
  if (status === 401) return 'You are logged out.';
  if (status === 403) return `You may not see this: ${message}.`;
  if (status === 404) return 'This camera is no longer in the configuration.';
  if (status === 503) return `The server is busy: ${message}; trying again.`;
  return `The server has failed (${status}: ${message}); trying again.`;
}
