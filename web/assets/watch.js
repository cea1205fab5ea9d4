// Leads what happens to where it is shown: the list beside the wall, and the calls for attention.

import { Calls } from './calls.js';
import { Events } from './events.js';
import { Happened } from './happened.js';
import { announce } from './page.js';
import { countText, isTrouble, shownState } from './texts.js';

const RELOADED = { true: 'The configuration was read again', false: 'The configuration was refused' };

// tiles: those of the wall. server: hastened when a state changes. onRoom(): the wall has more or less room.
export class Watch {
  events = new Events();
  happened;
  calls;
  isSeeded = false;
  #tiles;
  #acknowledge = document.querySelector('#acknowledge');

  constructor({ tiles, server, onRoom, onTroubles }) {
    this.#tiles = tiles;
    this.happened = new Happened(document.querySelector('.happened'), document.querySelector('#events'), onRoom);
    this.calls = new Calls(() => {
      this.#show();
      onTroubles(this.calls.troubleCount);
    });
    this.events.on('state', (event) => {
      this.#takeState(event);
      server.soon();
    });
    this.events.on('camera', ({ camera, action, at }) => {
      this.happened.add({ at, text: `${camera} was ${action}` });
      server.soon();
    });
    this.events.on('reload', ({ reloaded, error, at }) =>
      this.happened.add({ at, text: `${RELOADED[reloaded]}${error === null ? '' : `: ${error}`}` }));
    this.#listen();
    this.followVisibility();
    document.addEventListener('visibilitychange', () => this.followVisibility());
  }

  // Takes all cameras as they are.
  update(cameras) {
    this.calls.update(cameras);
  }

  // The troubles that were there before, once.
  seed(cameras) {
    this.isSeeded = true;
    for (const camera of cameras.filter(isTrouble)) {
      this.happened.add({
        at: camera.state_since, text: `is ${shownState(camera)}`, camera, state: shownState(camera) });
    }
  }

  // A hidden page listens only where it is to call.
  followVisibility() {
    const { sound, notify } = this.calls.choices;
    if (!document.hidden || sound || notify) this.events.start();
    else this.events.stop();
  }

  #takeState({ camera: id, state, previous, error, since }) {
    const tile = this.#tiles.of(id);
    if (tile === undefined) return;
    const camera = { id, name: tile.name, state, error, state_since: since };
    if (previous !== null) this.#tell(tile, camera);
    this.calls.note(camera);
  }

  // Trouble and its end are news; that a camera starts for a viewer is not.
  #tell(tile, camera) {
    const before = tile.told ?? tile.camera;
    if (isTrouble(camera) || (before !== null && isTrouble(before) && shownState(camera) !== 'starting')) {
      const state = shownState(camera);
      const why = camera.error === null ? '' : `: ${camera.error}`;
      this.happened.add({ at: camera.state_since, text: `is ${state}${why}`, camera, state });
    }
    if (shownState(camera) !== 'starting') tile.told = camera;
  }

  #show() {
    const calling = new Set(this.calls.calling);
    for (const tile of this.#tiles.all) tile.element.classList.toggle('calls', calling.has(tile.id));
    this.#acknowledge.hidden = calling.size === 0;
    this.#acknowledge.textContent = `Acknowledge ${calling.size}`;
  }

  #listen() {
    this.#acknowledge.addEventListener('click', () => {
      announce(`${countText(this.calls.calling.length, 'trouble')} acknowledged`);
      this.calls.acknowledge();
    });
    for (const choice of ['sound', 'notify']) {
      const box = document.querySelector(`#${choice}`);
      box.checked = this.calls.choices[choice];
      box.closest('label').hidden = choice === 'notify' && !('Notification' in globalThis);
      box.addEventListener('change', async () => {
        if (!await this.calls.choose(choice, box.checked)) {
          box.checked = false;
          announce('The browser does not allow notifications of this page');
        }
      });
    }
  }
}
