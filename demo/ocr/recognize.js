/**
 * PP-OCR's recogniser: a line of text in, for every eighth column the probability of each character out (CTC).
 *
 * @typedef {import('./picture.js').Picture} Picture
 */
import { planes, resample } from './picture.js';

const HEIGHT = 48;
const HALF = [0.5, 0.5, 0.5];
/* Widths are padded up to few different ones: each new shape costs a plan of its own. */
const WIDTH_STEP = 160;
const WIDEST = 3200;
const SPACE = 0.008; // summed over a gap; on the sample pictures inside words up to 0.005, between them from 0.012
/* The dictionary's punctuation is partly Chinese, as wide as a Chinese character; elsewhere it looks odd. */
const WIDE_FORMS = /[\uff01-\uff5e]/g;
/** @param {string} c */
const narrow = (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0);

/**
 * @param {Picture} line
 * @returns {{data: Float32Array, dims: number[]}}
 */
export function recognitionInput(line) {
  const width = Math.min(WIDEST, Math.max(8, Math.ceil((HEIGHT * line.width) / line.height)));
  const padded = Math.ceil(width / WIDTH_STEP) * WIDTH_STEP;
  return planes(resample(line, width, HEIGHT), padded, HALF, HALF);
}

/**
 * The network's classes: 0 is the blank between characters, then the file's characters, then the space.
 * @param {string} keys the dictionary file's text, a character a line
 * @returns {string[]}
 */
export function dictionary(keys) {
  return ['', ...keys.replace(/\r?\n$/, '').split(/\r?\n/), ' '];
}

/**
 * The best path: the likeliest class of each step, repeats merged, blanks dropped. The models seldom make the
 * space the likeliest, they were taught on text with few; but between words, and only there, it rises from
 * nothing to a few percent or more, so a lower bar brings the words apart.
 * @param {ArrayLike<number>} probabilities steps x classes
 * @param {string[]} characters of the classes
 * @returns {{text: string, confidence: number}} confidence: the mean probability of the characters
 */
export function decode(probabilities, characters) {
  const classes = characters.length;
  if (probabilities.length % classes !== 0) {
    throw new Error(
      `the dictionary has ${classes} classes, which does not divide ${probabilities.length} values`,
    );
  }
  let text = '';
  let [sum, count, previous, gap] = [0, 0, 0, 0];
  for (let start = 0; start < probabilities.length; start += classes) {
    const best = likeliest(probabilities, start, classes);
    if (best === 0) gap += probabilities[start + classes - 1];
    else if (best !== previous) {
      if (gap >= SPACE && text !== '' && !text.endsWith(' ') && characters[best] !== ' ') text += ' ';
      text += characters[best];
      sum += probabilities[start + best];
      count++;
      gap = 0;
    }
    previous = best;
  }
  if (!/\p{Script=Han}/u.test(text)) text = text.replace(WIDE_FORMS, narrow);
  return { text, confidence: count > 0 ? sum / count : 0 };
}

/** @param {ArrayLike<number>} values @param {number} start @param {number} count */
function likeliest(values, start, count) {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[start + i] > values[start + best]) best = i;
  return best;
}
