/**
 * The ONNX writer on real models: what it makes of a model gives the model's results to the last bit, and onnxruntime
 * loads it and agrees.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { detectionInput } from '../../demo/ocr/detect.js';
import { assertClose } from './compare.js';
import { reference } from './engines.js';
import { MODELS, picture } from './files.js';
import { load, Tensor, written } from '../conformance/dist.js';

/** @typedef {import('./compare.js').Named} Named */

const noise = (/** @type {readonly number[]} */ dims) => {
  let state = 12345;
  const length = dims.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
  return { type: 'float32', data, dims };
};
const sample = picture('demo/samples/desk.jpg');
const rate = { type: 'int64', data: new BigInt64Array([16000n]), dims: [] };

/** @type {Record<string, [string, Named]>} */
const CASES = {
  digits: [MODELS.digits, { image: noise([2, 1, 28, 28]) }],
  'digits, int8': [MODELS.digitsInt8, { image: noise([2, 1, 28, 28]) }],
  detection: [MODELS.detection, { x: { type: 'float32', ...detectionInput(sample, 320) } }],
  direction: [MODELS.direction, { x: noise([1, 3, 48, 192]) }],
  recognition: [MODELS.recognition, { x: noise([1, 3, 48, 160]) }],
  'voice, legacy': [
    MODELS.vadLegacy,
    { input: noise([1, 1536]), sr: rate, h: noise([2, 1, 64]), c: noise([2, 1, 64]) },
  ],
  voice: [MODELS.vad5, { input: noise([1, 512]), sr: rate, state: noise([2, 1, 128]) }],
  'faces, front': [MODELS.faceFront, { 'input:0': noise([1, 128, 128, 3]) }],
  'faces, back': [MODELS.faceBack, { 'input:0': noise([1, 256, 256, 3]) }],
};

/** @param {Uint8Array} bytes @param {Named} inputs @returns {Promise<Named>} */
async function outputs(bytes, inputs) {
  const model = await load(bytes, { simd: 'simd128' });
  try {
    const given = Object.entries(inputs).map(([name, { type, data, dims }]) => [
      name,
      new Tensor(type, data, dims),
    ]);
    return await model.predict(Object.fromEntries(given));
  } finally {
    await model.dispose();
  }
}

for (const [name, [file, inputs]] of Object.entries(CASES)) {
  test(`${name}: written again it is the same model`, async () => {
    const bytes = new Uint8Array(readFileSync(file));
    const again = await written(bytes);
    const [want, got] = [await outputs(bytes, inputs), await outputs(again, inputs)];
    for (const [output, { data, dims }] of Object.entries(want)) {
      assert.deepEqual(got[output].dims, dims, `${name}, ${output}: dims`);
      assert.deepEqual(got[output].data, data, `${name}, ${output}: data`);
    }
    // Where a QuantizeLinear rounds, the reference may step to the other side.
    const session = await reference.load(/** @type {any} */ (again));
    try {
      assertClose(got, await session.predict(inputs), name, name.includes('int8') ? 0.02 : undefined);
    } finally {
      await session.dispose();
    }
  });
}
