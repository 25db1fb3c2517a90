/**
 * The "Digits" half of the page: a pad, ten bars that follow the pen, and what the network gets to see.
 */
import { load, Tensor } from '../siskin.js';
import { Pad } from './pad.js';
import { inkOf, prepare, SIZE } from './prepare.js';
import { samples } from './samples.js';

const MODEL = new URL('../../models/digits/digits-int8.onnx', import.meta.url);
const MANIFEST = new URL('../../models/digits/model.json', import.meta.url);
const LARGEST_UPLOAD = 560;

/** @typedef {{onFacts: (facts: {build?: string, milliseconds?: number}) => void}} Host */

/**
 * @param {HTMLElement} root
 * @param {Host} host
 */
export function startDigits(root, host) {
  /** @param {string} name */
  const part = (name) => /** @type {HTMLElement} */ (root.querySelector(`[data-part="${name}"]`));
  const pad = new Pad(/** @type {HTMLCanvasElement} */ (part('pad')));
  const view = new View(part);
  const network = new Network(host);

  let drawing = false;
  let again = false;
  // Drawing is faster than a screen; while one prediction runs, only the newest ink waits.
  async function follow() {
    if (drawing) {
      again = true;
      return;
    }
    drawing = true;
    do {
      again = false;
      const image = prepare(pad.ink());
      view.showInput(image, pad.empty);
      try {
        view.showResult(image && (await network.predict(image)), pad.empty);
      } catch (error) {
        view.showError(/** @type {Error} */ (error));
      }
      await new Promise((resolve) => requestAnimationFrame(resolve));
    } while (again);
    drawing = false;
  }

  pad.addEventListener('change', follow);
  pad.addEventListener('cursor', () => view.showCursor(pad.cursor));
  part('clear').addEventListener('click', () => pad.clear());
  part('undo').addEventListener('click', () => pad.undo());
  part('retry').addEventListener('click', follow);
  view.makeSamples((digit) => pad.play(samples[digit]));
  const upload = /** @type {HTMLInputElement} */ (part('upload'));
  upload.addEventListener('change', async () => {
    const [file] = upload.files ?? [];
    upload.value = '';
    if (!file) return;
    try {
      pad.show(await inkPicture(file, getComputedStyle(pad.canvas).color));
      if (prepare(pad.ink()) === null)
        throw new Error(`${file.name} shows no digit: it is all of one shade.`);
    } catch (error) {
      view.showError(/** @type {Error} */ (error));
    }
  });
  network.ready().then(
    () => view.showReady(),
    (error) => view.showError(error),
  );
}

/** The model, loaded once; a failed load is tried again when it is next needed. */
class Network {
  /** @type {Promise<any> | null} */
  #model = null;
  #build = '';

  /** @param {Host} host */
  constructor(host) {
    this.host = host;
  }

  ready() {
    this.#model ??= this.#load().catch((error) => {
      this.#model = null;
      throw error;
    });
    return this.#model;
  }

  async #load() {
    const manifest = await fetch(MANIFEST).then((response) => (response.ok ? response.json() : null));
    const file = manifest?.files.find((/** @type {{form: string}} */ { form }) => form === 'int8');
    const model = await load(MODEL, { integrity: file?.integrity });
    this.#build = model.info.build;
    await model.warmup({ image: [1, 1, SIZE, SIZE] });
    return model;
  }

  /** @param {Float32Array} image @returns {Promise<Float32Array>} ten probabilities */
  async predict(image) {
    const model = await this.ready();
    const start = performance.now();
    const { probabilities } = await model.predict({
      image: new Tensor('float32', image, [1, 1, SIZE, SIZE]),
    });
    this.host.onFacts({ build: this.#build, milliseconds: performance.now() - start });
    return probabilities.data;
  }
}

class View {
  /** @param {(name: string) => HTMLElement} part */
  constructor(part) {
    this.part = part;
    /** @type {HTMLElement[]} */
    this.bars = Array.from({ length: 10 }, (_, digit) => makeBar(digit));
    part('bars').append(...this.bars);
    this.seen = /** @type {CanvasRenderingContext2D} */ (
      /** @type {HTMLCanvasElement} */ (part('seen')).getContext('2d')
    );
    this.said = 0;
  }

  /** @param {(digit: number) => void} choose */
  makeSamples(choose) {
    samples.forEach((strokes, digit) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'sample-digit';
      button.setAttribute('aria-label', `Draw a sample ${digit}`);
      const lines = strokes.map(
        (stroke) => `<polyline points="${stroke.map((point) => point.join()).join(' ')}"/>`,
      );
      button.innerHTML = `<svg viewBox="15 5 70 90" aria-hidden="true">${lines.join('')}</svg>`;
      button.addEventListener('click', () => choose(digit));
      this.part('samples').append(button);
    });
  }

  showReady() {
    this.part('status').textContent = '';
  }

  /** @param {{x: number, y: number, down: boolean}} cursor */
  showCursor({ x, y, down }) {
    const { style, dataset } = this.part('cursor');
    style.setProperty('--x', `${x}%`);
    style.setProperty('--y', `${y}%`);
    dataset.down = String(down);
  }

  /** @param {Float32Array | null} image @param {boolean} empty */
  showInput(image, empty) {
    this.part('hint').hidden = !empty;
    const pixels = this.seen.createImageData(SIZE, SIZE);
    for (let i = 0; i < SIZE * SIZE; i++) {
      const value = (image?.[i] ?? 0) * 255;
      pixels.data.set([value, value, value, 255], i * 4);
    }
    this.seen.putImageData(pixels, 0, 0);
  }

  /** @param {Float32Array | null} probabilities @param {boolean} empty */
  showResult(probabilities, empty) {
    this.part('error').hidden = true;
    const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
    this.bars.forEach((bar, digit) => {
      const value = probabilities?.[digit] ?? 0;
      bar.style.setProperty('--value', String(value));
      bar.classList.toggle('best', digit === best);
      /** @type {HTMLElement} */ (bar.querySelector('.percent')).textContent = probabilities
        ? percent(value)
        : '';
    });
    this.part('answer').textContent = best < 0 ? '?' : String(best);
    this.part('sure').textContent = probabilities
      ? `${percent(probabilities[best])} sure`
      : empty
        ? 'Waiting for a digit'
        : 'No ink to read';
    // Said once the pen rests: a screen reader that follows each stroke would never come to an end.
    clearTimeout(this.said);
    this.said = window.setTimeout(() => {
      this.part('live').textContent = probabilities
        ? `Looks like ${best}, ${percent(probabilities[best])}`
        : '';
    }, 600);
  }

  /** @param {Error} error */
  showError(error) {
    this.part('status').textContent = '';
    this.part('error').hidden = false;
    this.part('error-text').textContent = error.message;
  }
}

/** @param {number} value */
const percent = (value) =>
  `${value > 0.995 && value < 0.9995 ? (value * 100).toFixed(1) : Math.round(value * 100)}%`;

/** @param {number} digit */
function makeBar(digit) {
  const bar = document.createElement('li');
  bar.className = 'bar';
  bar.innerHTML = `<span class="digit">${digit}</span><span class="track"><span class="fill"></span></span><span class="percent"></span>`;
  return bar;
}

/**
 * @param {File} file
 * @param {string} colour of the ink
 * @returns {Promise<HTMLCanvasElement>} square, its opacity the picture's ink
 */
async function inkPicture(file, colour) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name} is not a picture that this browser can open.`);
  });
  const scale = LARGEST_UPLOAD / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const source = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (source.getContext('2d'));
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const ink = inkOf(context.getImageData(0, 0, width, height));
  const [r, g, b] = (colour.match(/\d+/g) ?? []).map(Number);
  const mask = new ImageData(width, height);
  for (const [i, value] of ink.data.entries()) mask.data.set([r, g, b, value * 255], i * 4);
  const result = document.createElement('canvas');
  result.width = result.height = LARGEST_UPLOAD;
  const [x, y] = [(LARGEST_UPLOAD - width) >> 1, (LARGEST_UPLOAD - height) >> 1];
  /** @type {CanvasRenderingContext2D} */ (result.getContext('2d')).putImageData(mask, x, y);
  return result;
}
