#!/usr/bin/env node
/**
 * One prediction in the terminal, the first thing that `make demo` shows: a bundled digit, the ten
 * probabilities that Siskin gives it, and how long that took.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SIZE } from './digits/prepare.js';
import { load, Tensor } from './siskin.js';

const FOLDER = new URL('../models/digits/', import.meta.url);
const SHADES = ' .:-=+*#%@';
const WIDTH = 30;

/** @returns {Float32Array} the sample, from a .npy file: magic, version, length of the header, header, data */
function sample() {
  const bytes = readFileSync(new URL('sample-7.npy', FOLDER));
  return new Float32Array(
    bytes.buffer.slice(bytes.byteOffset + 10 + bytes.readUInt16LE(8), bytes.byteOffset + bytes.length),
  );
}

const image = sample();
const model = await load(fileURLToPath(new URL('digits-int8.onnx', FOLDER)));
const input = { image: new Tensor('float32', image, [1, 1, SIZE, SIZE]) };
await model.warmup({ image: [1, 1, SIZE, SIZE] });
const start = performance.now();
const { probabilities } = await model.predict(input);
const milliseconds = performance.now() - start;

const digit = probabilities.data.indexOf(Math.max(...probabilities.data));
// Two rows of pixels a line, since characters are twice as high as wide; the bars beside the middle.
for (let line = 0; line < SIZE / 2; line++) {
  let text = '  ';
  for (let x = 0; x < SIZE; x++) {
    const ink = (image[2 * line * SIZE + x] + image[(2 * line + 1) * SIZE + x]) / 2;
    text += SHADES[Math.round(ink * (SHADES.length - 1))];
  }
  const value = probabilities.data[line - 2];
  if (value !== undefined)
    text += `  ${line - 2} ${'#'.repeat(Math.round(value * WIDTH)).padEnd(WIDTH, '.')} ${(value * 100).toFixed(1).padStart(5)}%`;
  console.log(text);
}
console.log(
  `\n  models/digits/sample-7.npy is a ${digit}, says digits-int8.onnx (${model.info.build}, ${milliseconds.toFixed(2)} ms)\n`,
);
await model.dispose();
