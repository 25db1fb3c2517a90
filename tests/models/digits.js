/**
 * The project's digit network, float32 and int8: how many held-back digits each reads, and the same outputs as
 * the reference.
 *
 * @typedef {import('./compare.js').Engine} Engine
 */
import assert from 'node:assert/strict';
import { heldBack, score } from '../../models/digits/split.js';
import { assertClose, assertVaried, once, withModel } from './compare.js';
import { onnxruntime } from './engines.js';
import { MODELS } from './files.js';

const AT_LEAST = 99; // percent
const WITHIN = 0.2; // of the float32 form, in points
const COMPARED = 100;

const digits = once(async () => heldBack());

/*
 * Unoptimized, the reference computes what the file says, each tensor rounded where a QuantizeLinear stands. Its
 * fused int8 kernels round elsewhere, and where a value lies on the edge between two steps a tensor then differs
 * by a whole step.
 */
const reference = onnxruntime({ graphOptimizationLevel: 'disabled' });

/** @param {Float32Array} images @param {number} count */
const inputs = (images, count) => ({ image: { type: 'float32', data: images, dims: [count, 1, 28, 28] } });

/** @param {string} name @param {string} file */
function sameOutputs(name, file) {
  /** @param {Engine} engine */
  const run = async (engine) => {
    const { images, count } = await digits();
    // Every 20th, since they come class after class.
    const some = new Float32Array(COMPARED * 784);
    for (let i = 0; i < COMPARED; i++) {
      const from = Math.floor((i * count) / COMPARED) * 784;
      some.set(images.subarray(from, from + 784), i * 784);
    }
    return withModel(engine, file, (model) => model.predict(inputs(some, COMPARED)));
  };
  const expected = once(() => run(reference));
  return {
    name,
    /** @param {Engine} engine */
    async check(engine) {
      const want = await expected();
      assertVaried([want.probabilities], name);
      assertClose(await run(engine), want, name);
    },
  };
}

/** @param {Engine} engine @param {string} file @returns {Promise<number>} percent */
const accuracy = async (engine, file) => {
  const all = await digits();
  assert.equal(all.count, 2000);
  return withModel(engine, file, async (model) => {
    const predict = async (/** @type {Float32Array} */ images, /** @type {number} */ count) => {
      const { probabilities } = await model.predict(inputs(images, count));
      return /** @type {ArrayLike<number>} */ (probabilities.data);
    };
    return (await score(predict, all)).accuracy;
  });
};

const heldBackDigits = {
  name: `the digit networks read at least ${AT_LEAST}% of 2,000 held-back digits, within ${WITHIN} of each other`,
  /** @param {Engine} engine */
  async check(engine) {
    const float = await accuracy(engine, MODELS.digits);
    const int8 = await accuracy(engine, MODELS.digitsInt8);
    assert.ok(float >= AT_LEAST, `float32: ${float}%`);
    assert.ok(Math.abs(float - int8) <= WITHIN, `int8 ${int8}%, float32 ${float}%`);
  },
};

export const cases = [
  sameOutputs('digits, float32', MODELS.digits),
  sameOutputs('digits, int8', MODELS.digitsInt8),
  heldBackDigits,
];
