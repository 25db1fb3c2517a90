/**
 * Reads the text in a picture: detect boxes, cut each out, turn it if it is upside down, recognise it. The
 * networks are handed in as functions, so the same pipeline runs on any engine.
 *
 * @typedef {import('./picture.js').Picture} Picture
 * @typedef {import('./picture.js').Quad} Quad
 * @typedef {{data: Float32Array, dims: readonly number[]}} Values
 * @typedef {(input: Values, signal?: AbortSignal) => Promise<Values>} Network
 * @typedef {{detect: Network, direction: Network, recognize: Network, characters: string[]}} Networks
 * @typedef {{quad: Quad, score: number, line: number}} Box  line: which line of the page it stands on
 * @typedef {Box & {text: string, confidence: number, turned: boolean}} Reading
 * @typedef {object} Watcher
 * @property {AbortSignal} [signal]
 * @property {(boxes: Box[]) => void} [onBoxes] all boxes, as soon as they are known
 * @property {(index: number, reading: Reading) => void} [onReading] each text as it is read
 */
import { boxesFrom, detectionInput } from './detect.js';
import { directionInput, upsideDown } from './direction.js';
import { lines } from './order.js';
import { cut, turn } from './picture.js';
import { decode, recognitionInput } from './recognize.js';

const LEAST_CONFIDENCE = 0.5; // what is read with less is noise taken for text

/**
 * @param {Networks} networks
 * @param {Picture} picture
 * @param {Watcher} [watcher]
 * @returns {Promise<Reading[]>} in reading order
 */
export async function read(networks, picture, { signal, onBoxes, onReading } = {}) {
  const map = await networks.detect(detectionInput(picture), signal);
  const [height, width] = map.dims.slice(-2);
  const boxes = lines(boxesFrom(map.data, width, height, picture)).flatMap((line, number) =>
    line.map((box) => ({ ...box, line: number })),
  );
  onBoxes?.(boxes);
  const readings = [];
  for (const [index, box] of boxes.entries()) {
    signal?.throwIfAborted();
    const reading = { ...box, ...(await readLine(networks, cut(picture, box.quad), signal)) };
    onReading?.(index, reading);
    readings.push(reading);
  }
  return readings.filter(({ confidence, text }) => confidence >= LEAST_CONFIDENCE && text.trim() !== '');
}

/**
 * @param {Networks} networks
 * @param {Picture} crop one line
 * @param {AbortSignal} [signal]
 * @returns {Promise<{text: string, confidence: number, turned: boolean}>}
 */
async function readLine({ direction, recognize, characters }, crop, signal) {
  const turned = upsideDown((await direction(directionInput(crop), signal)).data);
  const { data } = await recognize(recognitionInput(turned ? turn(crop) : crop), signal);
  return { ...decode(data, characters), turned };
}

/**
 * @param {Reading[]} readings
 * @returns {string} the page's text, a line a line
 */
export function pageText(readings) {
  const page = new Map();
  for (const { line, text } of readings) page.set(line, page.has(line) ? `${page.get(line)} ${text}` : text);
  return [...page.values()].join('\n');
}
