// The bar on the picture of a camera's page: the cameras before and after, zoom, snapshot, picture in picture, and full
// screen; and the keys for it.

import { announce } from './page.js';
import { Lens } from './lens.js';
import { matches, arrange, readView } from './view.js';

const ZOOM_STEP = 1.5;
const PAN_PX = 80;
const FILM_MS = 100; // between two frames for picture in picture

// "front-door_2026-01-31_12-41-03.jpg", by the local time.
export function snapshotName(id, date) {
  const two = (number) => String(number).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${id}_${day}_${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join('-')}.jpg`;
}

// The cameras before and after one, in the order and the filter of the wall; null where there is none.
export function neighboursOf(id, cameras, query) {
  const view = readView(query, cameras.map((camera) => camera.id));
  const byId = new Map(cameras.map((camera) => [camera.id, camera]));
  const found = arrange([...byId.keys()], view.order).filter((other) => other === id ||
    ((view.cameras === null || view.cameras.includes(other)) && matches(view.filter, byId.get(other))));
  const at = found.indexOf(id);
  return { previous: byId.get(found[at - 1]) ?? null, next: byId.get(found[at + 1]) ?? null };
}

export class PictureBar {
  #stage;
  #picture;
  #lens;
  #id;
  #film = null; // the video of a picture in picture

  // picture: a LivePicture on the stage.
  constructor(stage, picture, id) {
    this.#stage = stage;
    this.#picture = picture;
    this.#id = id;
    this.#lens = new Lens(stage, stage.querySelector('.lens'), {
      onChange: (scale) => { this.#find('zoom').textContent = `${Math.round(100 * scale)} %`; },
      onSwipe: (direction) => this.#go(direction > 0 ? 'previous' : 'next'),
    });
    this.#listen();
    this.#find('bar').hidden = false;
  }

  // Takes the list of cameras of the API.
  showNeighbours(cameras) {
    const neighbours = neighboursOf(this.#id, cameras, sessionStorage.getItem('wall') ?? '');
    for (const [place, camera] of Object.entries(neighbours)) {
      const link = this.#find(place);
      link.hidden = camera === null;
      if (camera === null) continue;
      link.href = `camera/${camera.id}`;
      link.title = `${camera.name} (${place === 'next' ? '→' : '←'})`;
      link.setAttribute('aria-label', `${place === 'next' ? 'Next' : 'Previous'} camera, ${camera.name}`);
    }
  }

  #find(name) {
    return name === 'bar' ? this.#stage.querySelector('.picture-bar') : this.#stage.querySelector(`#${name}`);
  }

  #go(place) {
    const link = this.#find(place);
    if (!link.hidden) location.href = link.href;
  }

  #listen() {
    const click = (name, call) => this.#find(name).addEventListener('click', call);
    click('zoom-in', () => this.#lens.zoomBy(ZOOM_STEP));
    click('zoom-out', () => this.#lens.zoomBy(1 / ZOOM_STEP));
    click('pause', () => this.#pause());
    click('full-screen', () => this.toggleFullScreen());
    click('float', () => this.#float());
    this.#find('float').hidden = !document.pictureInPictureEnabled;
    for (const link of document.querySelectorAll('a[download]')) {
      link.addEventListener('click', () => { link.download = snapshotName(this.#id, new Date()); });
    }
  }

  // Returns whether the key was one of the bar's.
  press(key) {
    const steps = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const keys = {
      '+': () => this.#lens.zoomBy(ZOOM_STEP),
      '-': () => this.#lens.zoomBy(1 / ZOOM_STEP),
      0: () => this.#lens.reset(),
      f: () => this.toggleFullScreen(),
      s: () => this.#find('snapshot').click(),
      ' ': () => this.#pause(),
    };
    if (key in steps && this.#lens.isZoomed) {
      this.#lens.panBy(...steps[key].map((step) => PAN_PX * step));
    } else if (key === 'ArrowLeft' || key === 'ArrowRight') {
      this.#go(key === 'ArrowLeft' ? 'previous' : 'next');
    } else if (key.toLowerCase() in keys) {
      keys[key.toLowerCase()]();
    } else {
      return false;
    }
    return true;
  }

  toggleFullScreen() {
    const done = document.fullscreenElement === null ? this.#stage.requestFullscreen() : document.exitFullscreen();
    done.catch((error) => announce(`Full screen failed: ${error.message}`));
  }

  #pause() {
    this.#picture.isPaused = !this.#picture.isPaused;
    this.#find('pause').setAttribute('aria-pressed', String(this.#picture.isPaused));
    announce(this.#picture.isPaused ? 'The picture is paused' : 'The picture moves');
  }

  // Browsers float videos only: the stream becomes one.
  async #float() {
    if (document.pictureInPictureElement !== null) {
      await document.exitPictureInPicture();
      return;
    }
    try {
      this.#film ??= await this.#startFilm();
      await this.#film.requestPictureInPicture();
    } catch (error) {
      announce(`Picture in picture failed: ${error.message}`);
    }
  }

  async #startFilm() {
    const image = this.#stage.querySelector('.picture');
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: image.naturalWidth || 640, height: image.naturalHeight || 360 });
    const context = canvas.getContext('2d', { alpha: false });
    const video = document.createElement('video');
    video.muted = true;
    video.srcObject = canvas.captureStream();
    const timer = setInterval(() => this.#picture.draw(context), FILM_MS);
    video.addEventListener('leavepictureinpicture', () => {
      clearInterval(timer);
      this.#film = null;
    });
    await video.play();
    return video;
  }
}
