// The keys of the wall.

import { KEYS, toggleKeys } from './keys-help.js';
import { announce } from './page.js';
import { neighbour } from './pack.js';
import { boxesOf } from './screen.js';

const LAYOUT_KEYS = { 0: 'auto', 1: '1', 4: '4', 5: '25', 6: '16', 7: '36', 8: '64', 9: '9' };

export function listenToKeys(wall) {
  const { tiles, view, filterBox, kiosk, menu, change, moveTile, togglePause, toggleFullScreen } = wall;
  const click = (id) => {
    const button = document.querySelector(id);
    if (!button.hidden) button.click();
  };
  const LETTERS = {
    a: () => click('#acknowledge'),
    e: () => click('#events'),
    f: toggleFullScreen,
    t: () => menu.toggleTroubleFirst(),
    '/': () => filterBox.focus(),
    '?': () => toggleKeys(KEYS.wall),
  };
  let last = null; // the tile that had the focus last

  function pressArrow(event) {
    const { shown } = tiles;
    if (shown.length === 0) return;
    const at = shown.indexOf(tiles.at(document.activeElement));
    const to = at < 0 ? 0 : neighbour(boxesOf(shown), at, event.key);
    event.preventDefault();
    if (to < 0) return;
    if (event.shiftKey && at >= 0) {
      moveTile(shown[at], tiles.idsInOrder.indexOf(shown[to].id));
      shown[at].link.focus();
    } else {
      shown[to].link.focus();
    }
  }

  // From the filter back to the tile; otherwise one step back towards the plain wall.
  function pressEscape() {
    if (view.filter !== '') change({ filter: '' });
    else if (view.kiosk) change({ kiosk: false });
    if (document.activeElement === filterBox) (last?.element.isConnected ? last.link : filterBox).focus();
  }

  document.addEventListener('focusin', ({ target }) => { last = tiles.at(target) ?? last; });
  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || target.closest('dialog')) return;
    if (key === 'Escape') {
      pressEscape();
    } else if (target === filterBox || (key.startsWith('Arrow') && target.matches('[type=radio]'))) {
      return; // they use these keys themselves
    } else if (key.startsWith('Arrow')) {
      pressArrow(event);
    } else if (key in LAYOUT_KEYS) {
      change({ layout: LAYOUT_KEYS[key] });
      if (target.matches('[type=radio]')) document.querySelector('[name=layout]:checked').focus();
      announce(`Layout ${view.layout}`);
    } else if (key.toLowerCase() in LETTERS) {
      LETTERS[key.toLowerCase()]();
      if (key === '/') event.preventDefault();
    } else if (key === ' ' && !target.matches('button, summary, input')) {
      event.preventDefault();
      if (view.kiosk) kiosk.pause();
      else togglePause();
    } else if (view.kiosk && (key === 'PageUp' || key === 'PageDown')) {
      kiosk.turn(key === 'PageUp' ? -1 : 1);
    }
  });
}
