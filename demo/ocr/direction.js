/**
 * PP-OCR's direction classifier: is this line upside down?
 *
 * @typedef {import('./picture.js').Picture} Picture
 */
import { planes, resample } from './picture.js';

const HEIGHT = 48;
const WIDTH = 192;
const HALF = [0.5, 0.5, 0.5];
const SURE = 0.9; // below, the line is left as it is

/**
 * @param {Picture} line
 * @returns {{data: Float32Array, dims: number[]}}
 */
export function directionInput(line) {
  const width = Math.min(WIDTH, Math.max(1, Math.ceil((HEIGHT * line.width) / line.height)));
  return planes(resample(line, width, HEIGHT), WIDTH, HALF, HALF);
}

/**
 * @param {ArrayLike<number>} probabilities of upright, of upside down
 * @returns {boolean}
 */
export function upsideDown(probabilities) {
  return probabilities[1] > SURE;
}
