/** From `--input NAME=VALUE` to tensors. */
import { readFileSync, statSync } from 'node:fs';
import { Tensor } from '../index.js';
import { arrayOf } from '../tensor.js';
import { decodeImage, imageTensor, isImage } from './images.js';
import { readNpy } from './npy.js';
import { wrong } from './usage.js';

/** @typedef {import('../siskin.d.ts').ValueInfo} ValueInfo */

/** @param {string} file @returns {Uint8Array<ArrayBuffer>} */
export function readFile(file) {
  try {
    if (statSync(file).isDirectory()) wrong(`${file} is a folder`);
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    return wrong(code === 'ENOENT' ? `no file '${file}'` : message);
  }
}

/** '1,3,224,224' or '1x3x224x224'. @param {string} text */
export function parseDims(text) {
  const dims = text.trim() ? text.split(/[,x]/).map(Number) : [];
  if (!dims.every((d) => Number.isInteger(d) && d >= 0))
    wrong(`'${text}' is not a shape such as 1,3,224,224`);
  return dims;
}

/** @param {string} text @param {string} option @returns {number[]} */
export function parseNumbers(text, option) {
  const numbers = text.split(',').map(Number);
  if (!text.trim() || numbers.some(Number.isNaN))
    wrong(`${option} wants numbers such as 0.485,0.456,0.406, not '${text}'`);
  return numbers;
}

/** NAME=VALUE; without NAME the only input is meant. @param {string} text @param {readonly ValueInfo[]} inputs */
export function splitNamed(text, inputs) {
  const input = inputs.find(({ name }) => text.startsWith(`${name}=`));
  if (input) return { input, value: text.slice(input.name.length + 1) };
  const list = inputs.map(({ name }) => `'${name}'`).join(', ');
  const at = text.indexOf('=');
  if (at > 0 && !/[/.[]/.test(text.slice(0, at)))
    wrong(`the model has no input '${text.slice(0, at)}': it has ${list}`);
  if (inputs.length !== 1) wrong(`say which input '${text}' is for, as NAME=VALUE: the model has ${list}`);
  return { input: inputs[0], value: text };
}

/** A small generator, so that random inputs are the same everywhere (xorshift32). */
function random() {
  let state = 2463534242;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** @param {ValueInfo} input @param {number[]} dims @param {(i: number) => number} value */
function filled(input, dims, value) {
  const length = dims.reduce((a, b) => a * b, 1);
  const whole = !/float/.test(input.type);
  const big = /int64/.test(input.type);
  const one = (/** @type {unknown} */ _, /** @type {number} */ i) =>
    big ? BigInt(Math.round(value(i))) : whole ? Math.round(value(i)) : value(i);
  return new Tensor(input.type, arrayOf(input.type).from({ length }, one), dims);
}

/** Nested arrays of numbers: their shape, checked. @param {any} value @returns {number[]} */
function shapeOf(value) {
  return Array.isArray(value) ? [value.length, ...(value.length ? shapeOf(value[0]) : [])] : [];
}

/** @param {ValueInfo} input @param {string} text @returns {Tensor | undefined} */
function literal(input, text) {
  if (!/^[-+.\d[]/.test(text)) return undefined;
  try {
    const value = JSON.parse(text);
    const dims = shapeOf(value);
    const flat = [value].flat(Infinity).map(Number);
    if (dims.reduce((a, b) => a * b, 1) !== flat.length || flat.some(Number.isNaN))
      wrong(`'${text}' is not an even array of numbers`);
    return filled(input, dims.length || !input.dims?.length ? dims : input.dims.map(() => 1), (i) => flat[i]);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What JSON says of a string tensor, a sequence (an array of arrays) or a map (an object); null: absent. @param {ValueInfo} input @param {string} text */
function structured(input, text) {
  const { type, kind, optional } = input;
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (optional && value === null) return null;
  const tensor = (/** @type {any} */ one) => {
    const flat = [one].flat(Infinity);
    if (type === 'string') return new Tensor('string', flat.map(String), shapeOf(one));
    return filled(input, shapeOf(one), (i) => Number(flat[i]));
  };
  if (kind === 'map') return value;
  if (kind === 'sequence') return Array.isArray(value) ? value.map(tensor) : undefined;
  return type === 'string' ? tensor(value) : undefined;
}

/**
 * @param {string} text what stands behind --input
 * @param {readonly ValueInfo[]} inputs
 * @param {{mean: number[], std: number[], raw: boolean}} image
 * @returns {[string, any]} a value that predict takes for it
 */
export function parseInput(text, inputs, image) {
  const { input, value } = splitNamed(text, inputs);
  const made = /^(random|zeros):(.*)$/.exec(value);
  if (made) {
    const next = made[1] === 'random' ? random() : () => 0;
    return [input.name, filled(input, parseDims(made[2]), next)];
  }
  if (input.kind || input.optional || input.type === 'string') {
    const given = structured(input, value);
    if (given !== undefined) return [input.name, given];
    if (input.kind)
      wrong(
        `'${input.name}' wants JSON: a ${input.kind === 'map' ? 'map as {"key": 1}' : 'sequence as [[1, 2], [3]]'}`,
      );
    if (input.type === 'string')
      return [input.name, new Tensor('string', [value], input.dims?.map(() => 1) ?? [1])];
  }
  const number = literal(input, value);
  if (number) return [input.name, number];
  const file = readFile(value);
  if (isImage(file)) {
    const { type, data, dims } = imageTensor(decodeImage(file, value), input, image);
    return [input.name, new Tensor(type, data, dims)];
  }
  const { type, bytes, dims } = readNpy(file, value);
  return [input.name, new Tensor(type, new (arrayOf(type))(bytes.buffer), dims)];
}
