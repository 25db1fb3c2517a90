/**
 * PP-OCR's text detector: a picture in, for each pixel the probability of text out (DB, "differentiable
 * binarization"), and from that the boxes. The numbers are PaddleOCR's own for the PP-OCRv4 models.
 *
 * @typedef {import('./picture.js').Picture} Picture
 * @typedef {import('./picture.js').Quad} Quad
 */
import { cornersOf, hull, meanInside, regions, smallestRectangle } from './geometry.js';
import { planes, resample } from './picture.js';

const LONGEST_SIDE = 960;
const MULTIPLE = 32; // the network halves the picture five times
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

const PIXEL_THRESHOLD = 0.3;
const BOX_THRESHOLD = 0.6;
const UNCLIP_RATIO = 1.5; // the network draws text thinner than it is
const SMALLEST_SIDE = 3;
const MOST_BOXES = 1000;

/**
 * @param {Picture} picture
 * @param {number} [longest] side, in pixels, that the network gets to see
 * @returns {{data: Float32Array, dims: number[]}}
 */
export function detectionInput(picture, longest = LONGEST_SIDE) {
  const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
  /** @param {number} side */
  const fit = (side) => Math.max(MULTIPLE, Math.round((side * scale) / MULTIPLE) * MULTIPLE);
  const seen = resample(picture, fit(picture.width), fit(picture.height));
  return planes(seen, seen.width, MEAN, DEVIATION);
}

/**
 * @param {Float32Array} map probability of text, width x height
 * @param {number} width
 * @param {number} height
 * @param {{width: number, height: number}} size of the picture, in whose pixels the boxes are wanted
 * @returns {{quad: Quad, score: number}[]} in reading order
 */
export function boxesFrom(map, width, height, size) {
  const found = [];
  for (const region of regions(map, width, height, PIXEL_THRESHOLD).slice(0, MOST_BOXES)) {
    const tight = smallestRectangle(hull(region));
    if (Math.min(tight.width, tight.height) < SMALLEST_SIDE) continue;
    const score = meanInside(map, width, height, cornersOf(tight));
    if (score < BOX_THRESHOLD) continue;
    const margin = (tight.width * tight.height * UNCLIP_RATIO) / (2 * (tight.width + tight.height));
    const wide = { ...tight, width: tight.width + 2 * margin, height: tight.height + 2 * margin };
    if (Math.min(wide.width, wide.height) < SMALLEST_SIDE + 2) continue;
    const quad = /** @type {Quad} */ (
      cornersOf(wide).map(({ x, y }) => ({
        x: clamp(Math.round((x / width) * size.width), size.width),
        y: clamp(Math.round((y / height) * size.height), size.height),
      }))
    );
    found.push({ quad, score });
  }
  return found;
}

/** @param {number} value @param {number} limit */
const clamp = (value, limit) => Math.min(limit, Math.max(0, value));
