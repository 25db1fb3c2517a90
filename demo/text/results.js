/**
 * The boxes over the picture and the list beside it, tied together: pointing at one shows the other.
 *
 * @typedef {import('./protocol.js').FromWorker} FromWorker
 * @typedef {import('../ocr/reader.js').Reading} Reading
 */

const SVG = 'http://www.w3.org/2000/svg';

export class Results {
  /** @type {SVGPolygonElement[]} */
  #boxes = [];
  #text = '';
  #finding = 0;

  /** @param {(name: string) => HTMLElement} part */
  constructor(part) {
    this.part = part;
    this.overlay = /** @type {SVGSVGElement} */ (/** @type {unknown} */ (part('overlay')));
    part('copy').addEventListener('click', () => this.#copy());
  }

  clear() {
    this.#boxes = [];
    this.#text = '';
    this.overlay.replaceChildren();
    this.part('lines').replaceChildren();
    this.part('summary').textContent = '';
    this.part('copy').hidden = true;
    this.part('nothing').hidden = true;
    this.part('placeholder').hidden = true;
  }

  /** @param {FromWorker} event */
  follow(event) {
    if (event.type === 'boxes') this.#showBoxes(event);
    else if (event.type === 'reading') this.#showReading(event.index, event.reading);
    else if (event.type === 'done') this.#finish(event);
    else if (event.type === 'cancelled') this.part('summary').textContent = 'Cancelled';
  }

  /** @param {Extract<FromWorker, {type: 'boxes'}>} event */
  #showBoxes({ boxes, width, height, milliseconds }) {
    this.#finding = milliseconds;
    this.overlay.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.#boxes = boxes.map(({ quad }, index) => {
      const box = document.createElementNS(SVG, 'polygon');
      box.setAttribute('points', points(quad));
      for (const type of ['pointerenter', 'pointerleave']) {
        box.addEventListener(type, () => this.#mark(index, type === 'pointerenter'));
      }
      return box;
    });
    this.overlay.replaceChildren(...this.#boxes);
  }

  /** @param {number} index @param {Reading} reading */
  #showReading(index, { text, confidence, turned }) {
    this.#boxes[index].classList.add('read');
    const line = document.createElement('li');
    line.dataset.index = String(index);
    line.tabIndex = 0;
    const words = document.createElement('span');
    words.className = 'words';
    words.textContent = text || ' ';
    if (turned) words.insertAdjacentHTML('beforeend', ' <span class="turned">upside down</span>');
    const sure = document.createElement('span');
    sure.className = 'sure';
    sure.style.setProperty('--value', String(confidence));
    sure.textContent = `${Math.round(confidence * 100)}%`;
    line.append(words, sure);
    for (const type of ['pointerenter', 'focus', 'pointerleave', 'blur']) {
      line.addEventListener(type, () => this.#mark(index, type === 'pointerenter' || type === 'focus'));
    }
    this.part('lines').append(line);
  }

  /** @param {number} index @param {boolean} on */
  #mark(index, on) {
    this.#boxes[index]?.classList.toggle('marked', on);
    this.part('lines').querySelector(`[data-index="${index}"]`)?.classList.toggle('marked', on);
  }

  /** @param {Extract<FromWorker, {type: 'done'}>} event */
  #finish({ readings, text, milliseconds }) {
    this.#text = text;
    // What the reader thought too unsure to be text goes, box and line.
    const kept = new Set(readings.map(({ quad }) => points(quad)));
    this.#boxes.forEach((box, index) => {
      if (kept.has(box.getAttribute('points') ?? '')) return;
      box.remove();
      this.part('lines').querySelector(`[data-index="${index}"]`)?.remove();
    });
    this.part('nothing').hidden = readings.length > 0;
    this.part('copy').hidden = readings.length === 0;
    const seconds = (/** @type {number} */ time) => `${(time / 1000).toFixed(time < 9950 ? 2 : 1)} s`;
    this.part('summary').textContent =
      `${readings.length} ${readings.length === 1 ? 'text' : 'texts'} in ${seconds(milliseconds)}` +
      (readings.length > 0
        ? `: found in ${seconds(this.#finding)}, read in ${seconds(milliseconds - this.#finding)}`
        : '');
  }

  async #copy() {
    const button = this.part('copy');
    try {
      await navigator.clipboard.writeText(this.#text);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Not allowed to copy';
    }
    setTimeout(() => {
      button.textContent = 'Copy text';
    }, 1500);
  }
}

/** @param {import('../ocr/picture.js').Quad} quad */
const points = (quad) => quad.map(({ x, y }) => `${x},${y}`).join(' ');
