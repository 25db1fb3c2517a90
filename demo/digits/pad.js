/**
 * A square to draw on with mouse, finger, pen or the keyboard. Ink is strokes, so that one can be taken back,
 * on top of an optional picture that was put there.
 *
 * @typedef {{x: number, y: number}} Point  in the pad's own units, 0 to SIDE
 */
import { SIZE } from './prepare.js';

const SIDE = 560; // a multiple of SIZE; the screen's size of the pad does not matter
const PEN = SIDE / 13;
const PLAY_SPEED = 3; // points a frame
const KEY_STEP = SIDE / SIZE;

export class Pad extends EventTarget {
  /** @type {Point[][]} */
  #strokes = [];
  /** @type {ImageBitmap | HTMLCanvasElement | null} */
  #picture = null;
  /** @type {Point[] | null} */
  #current = null;
  /** @type {Point} */
  #cursor = { x: SIDE / 2, y: SIDE / 4 };
  #penDown = false;
  #playing = 0;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    super();
    this.canvas = canvas;
    canvas.width = SIDE;
    canvas.height = SIDE;
    this.context = /** @type {CanvasRenderingContext2D} */ (
      canvas.getContext('2d', { willReadFrequently: true })
    );
    canvas.addEventListener('pointerdown', (event) => this.#down(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    for (const type of ['pointerup', 'pointercancel']) canvas.addEventListener(type, () => this.#up());
    canvas.addEventListener('keydown', (event) => this.#key(event));
    canvas.addEventListener('blur', () => this.#liftPen());
  }

  get empty() {
    return this.#strokes.length === 0 && !this.#picture;
  }

  /** The keyboard's pen, in hundredths of the pad, and whether it draws. */
  get cursor() {
    return { x: (this.#cursor.x / SIDE) * 100, y: (this.#cursor.y / SIDE) * 100, down: this.#penDown };
  }

  /** @returns {import('./prepare.js').Ink} */
  ink() {
    const { data } = this.context.getImageData(0, 0, SIDE, SIDE);
    const ink = new Float32Array(SIDE * SIDE);
    for (let i = 0; i < ink.length; i++) ink[i] = data[i * 4 + 3] / 255;
    return { width: SIDE, height: SIDE, data: ink };
  }

  clear() {
    this.#playing++;
    this.#strokes = [];
    this.#picture = null;
    this.#current = null;
    this.#liftPen();
    this.#draw();
  }

  undo() {
    this.#playing++;
    this.#liftPen();
    if (this.#strokes.length > 0) this.#strokes.pop();
    else this.#picture = null;
    this.#draw();
  }

  /** @param {HTMLCanvasElement} picture whose opacity is ink; replaces what was drawn */
  show(picture) {
    this.clear();
    this.#picture = picture;
    this.#draw();
  }

  /**
   * Draws strokes as a hand would, or at once for those who asked for less motion.
   * @param {number[][][]} strokes in hundredths of the pad
   */
  async play(strokes) {
    this.clear();
    const mine = this.#playing;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    for (const stroke of strokes) {
      /** @type {Point[]} */
      const drawn = [];
      this.#strokes.push(drawn);
      for (const [at, point] of glide(stroke).entries()) {
        drawn.push(point);
        if (still || at % PLAY_SPEED !== 0) continue;
        this.#draw();
        await new Promise((resolve) => requestAnimationFrame(resolve));
        if (mine !== this.#playing) return;
      }
    }
    this.#draw();
  }

  /** @param {PointerEvent} event @returns {Point} */
  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * SIDE,
      y: ((event.clientY - box.top) / box.height) * SIDE,
    };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    this.#playing++;
    this.#liftPen();
    this.canvas.setPointerCapture(event.pointerId);
    this.#current = [this.#place(event)];
    this.#strokes.push(this.#current);
    this.#draw();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.#current) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const part of events.length > 0 ? events : [event]) this.#current.push(this.#place(part));
    this.#draw();
  }

  #up() {
    this.#current = null;
  }

  #liftPen() {
    this.#penDown = false;
    this.#current = null;
    this.dispatchEvent(new Event('cursor'));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step) {
      /** @param {number} value */
      const inside = (value) => Math.min(SIDE - PEN / 2, Math.max(PEN / 2, value));
      this.#cursor = {
        x: inside(this.#cursor.x + step[0] * KEY_STEP),
        y: inside(this.#cursor.y + step[1] * KEY_STEP),
      };
      if (this.#penDown) this.#current?.push(this.#cursor);
    } else if (event.key === ' ') {
      if (this.#penDown) this.#liftPen();
      else {
        this.#playing++;
        this.#penDown = true;
        this.#current = [this.#cursor];
        this.#strokes.push(this.#current);
      }
    } else if (event.key === 'Delete' || event.key === 'Escape') this.clear();
    else if (event.key === 'Backspace') this.undo();
    else return;
    event.preventDefault();
    this.dispatchEvent(new Event('cursor'));
    this.#draw();
  }

  #draw() {
    const { context } = this;
    context.clearRect(0, 0, SIDE, SIDE);
    if (this.#picture) context.drawImage(this.#picture, 0, 0, SIDE, SIDE);
    context.lineWidth = PEN;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    context.strokeStyle = getComputedStyle(this.canvas).color;
    for (const stroke of this.#strokes) {
      context.beginPath();
      context.moveTo(stroke[0].x, stroke[0].y);
      for (const { x, y } of stroke) context.lineTo(x, y);
      context.stroke();
    }
    this.dispatchEvent(new Event('change'));
  }
}

/**
 * Points along a smooth curve through the given ones (Catmull-Rom).
 * @param {number[][]} stroke in hundredths of the pad
 * @returns {Point[]}
 */
function glide(stroke) {
  const points = [];
  for (let i = 0; i + 1 < stroke.length; i++) {
    const [p0, p1, p2, p3] = [
      stroke[Math.max(0, i - 1)],
      stroke[i],
      stroke[i + 1],
      stroke[Math.min(stroke.length - 1, i + 2)],
    ];
    const steps = Math.max(2, Math.round(Math.hypot(p2[0] - p1[0], p2[1] - p1[1]) / 1.5));
    for (let k = i === 0 ? 0 : 1; k <= steps; k++) {
      const t = k / steps;
      const [x, y] = [0, 1].map(
        (c) =>
          (2 * p1[c] +
            (p2[c] - p0[c]) * t +
            (2 * p0[c] - 5 * p1[c] + 4 * p2[c] - p3[c]) * t * t +
            (3 * p1[c] - p0[c] - 3 * p2[c] + p3[c]) * t * t * t) /
          2,
      );
      points.push({ x: (x / 100) * SIDE, y: (y / 100) * SIDE });
    }
  }
  return points;
}
