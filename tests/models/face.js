/**
 * BlazeFace, both models, on a portrait: raw outputs and the face they mean.
 *
 * @typedef {import('../../demo/ocr/picture.js').Picture} Picture
 * @typedef {import('./compare.js').Named} Named
 */
import assert from 'node:assert/strict';
import { resample } from '../../demo/ocr/picture.js';
import { assertClose, assertVaried, once, withModel } from './compare.js';
import { reference } from './engines.js';
import { MODELS, picture } from './files.js';

const SURE = 0.75;
const OVERLAP = 0.3;
/* Outputs come in pairs, scores and boxes, of a grid of 16 x 16 cells with 2 anchors and one of 8 x 8 with 6. */
const GRIDS = [
  { cells: 16, anchors: 2, scores: 'Identity:0', boxes: 'Identity_2:0' },
  { cells: 8, anchors: 6, scores: 'Identity_1:0', boxes: 'Identity_3:0' },
];

/** @param {Picture} source @param {number} size @returns {Named} */
function input(source, size) {
  const { data } = resample(source, size, size);
  const values = new Float32Array(size * size * 3);
  for (let i = 0; i < size * size; i++) {
    for (let c = 0; c < 3; c++) values[i * 3 + c] = data[i * 4 + c] / 127.5 - 1;
  }
  return { 'input:0': { type: 'float32', data: values, dims: [1, size, size, 3] } };
}

/** @typedef {{score: number, x: number, y: number, width: number, height: number}} Face  x and y of its centre */

/** @param {Face} a @param {Face} b @returns {number} intersection over union */
function overlap(a, b) {
  /** @param {'x' | 'y'} at @param {'width' | 'height'} size */
  const shared = (at, size) =>
    Math.max(
      0,
      Math.min(a[at] + a[size] / 2, b[at] + b[size] / 2) - Math.max(a[at] - a[size] / 2, b[at] - b[size] / 2),
    );
  const both = shared('x', 'width') * shared('y', 'height');
  return both / (a.width * a.height + b.width * b.height - both);
}

/**
 * @param {Named} outputs
 * @param {number} size of the input, in pixels
 * @returns {Face[]} in pixels of the input, one for each face
 */
function faces(outputs, size) {
  /** @type {Face[]} */
  const found = [];
  for (const { cells, anchors, scores, boxes } of GRIDS) {
    for (let i = 0; i < outputs[scores].data.length; i++) {
      const score = 1 / (1 + Math.exp(-Number(outputs[scores].data[i])));
      if (score <= SURE) continue;
      const cell = Math.floor(i / anchors);
      const [x, y, width, height] = Array.from({ length: 4 }, (_, k) =>
        Number(outputs[boxes].data[i * 16 + k]),
      );
      const cellSize = size / cells;
      found.push({
        score,
        x: x + ((cell % cells) + 0.5) * cellSize,
        y: y + (Math.floor(cell / cells) + 0.5) * cellSize,
        width,
        height,
      });
    }
  }
  found.sort((a, b) => b.score - a.score);
  /** @type {Face[]} */
  const kept = [];
  for (const face of found) if (kept.every((other) => overlap(face, other) < OVERLAP)) kept.push(face);
  return kept;
}

/** @param {string} name @param {string} file @param {number} size */
function faceCase(name, file, size) {
  /** @param {import('./compare.js').Engine} engine */
  const run = (engine) =>
    withModel(engine, file, (model) => model.predict(input(picture('tests/models/data/face.jpg'), size)));
  const expected = once(() => run(reference));
  return {
    name,
    /** @param {import('./compare.js').Engine} engine */
    async check(engine) {
      const want = await expected();
      const [face, ...others] = faces(want, size);
      assert.ok(face && others.length === 0, 'the reference finds one face');
      assert.ok(
        Math.hypot(face.x / size - 0.48, face.y / size - 0.36) < 0.1,
        `where it is, not at ${face.x}, ${face.y}`,
      );
      for (const [output, values] of Object.entries(want)) assertVaried([values], `${name}, ${output}`);

      const got = await run(engine);
      assertClose(got, want, name);
      /** @param {Face[]} list */
      const round = (list) => list.map(({ x, y, width, height }) => [x, y, width, height].map(Math.round));
      assert.deepEqual(round(faces(got, size)), round(faces(want, size)));
    },
  };
}

export const cases = [
  faceCase('BlazeFace front', MODELS.faceFront, 128),
  faceCase('BlazeFace back', MODELS.faceBack, 256),
];
