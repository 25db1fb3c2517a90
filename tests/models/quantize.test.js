/**
 * Our own quantizer on real models: what it costs on the held-back digits, and that PP-OCR and BlazeFace, quantized, run
 * and give what onnxruntime gives for the same file.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { decode, dictionary, recognitionInput } from '../../demo/ocr/recognize.js';
import { heldBack, score } from '../../models/digits/split.js';
import { load, Tensor } from '../conformance/dist.js';
import { withModel } from './compare.js';
import { onnxruntime, siskin } from './engines.js';
import { at, dictionaryText, MODELS } from './files.js';
import { lineCrops } from './ocr.js';

const dist = process.env.SISKIN_DIST ?? at('dist');
/** @type {typeof import('../../js/compress.js')} */
const { quantize } = await import(pathToFileURL(path.join(dist, 'compress.js')).href);

// Unoptimized it rounds where a QuantizeLinear stands.
const reference = onnxruntime({ graphOptimizationLevel: 'disabled' });
const engine = siskin('simd128');

/** Digits that are not held back, some of each class. @returns {import('../../js/siskin.d.ts').Inputs[]} */
function trainingDigits(each = 20) {
  const folder = path.dirname(createRequire(import.meta.url).resolve('mnist/package.json'));
  return Array.from({ length: 10 }, (_, digit) => {
    /** @type {number[]} */
    const pixels = JSON.parse(readFileSync(path.join(folder, 'src', 'digits', `${digit}.json`), 'utf8')).data;
    const images = Float32Array.from(pixels.slice(0, each * 784), (v) => Math.round(v * 255) / 255);
    return { image: new Tensor('float32', images, [each, 1, 28, 28]) };
  });
}

/** @param {any} file path or bytes @returns {Promise<number>} percent of the held-back digits */
const accuracy = (file) =>
  withModel(engine, file, async (model) => {
    const predict = async (/** @type {Float32Array} */ images, /** @type {number} */ count) => {
      const input = { type: 'float32', data: images, dims: [count, 1, 28, 28] };
      return /** @type {ArrayLike<number>} */ ((await model.predict({ image: input })).probabilities.data);
    };
    return (await score(predict, heldBack())).accuracy;
  });

/** @type {[string, import('../../js/compress.js').QuantizeOptions, number][]} points that it may cost */
const FORMS = [
  ['static', { data: trainingDigits() }, 0.1],
  ['static, 7-bit activations', { data: trainingDigits(), activations: 'u7' }, 0.1],
  ['static, all that was seen', { data: trainingDigits(), method: 'minmax' }, 0.1],
  ['static, int8', { data: trainingDigits(), activations: 's8', weights: 's8' }, 0.1],
  ['dynamic', { form: 'dynamic' }, 0.1],
  ['weights', { form: 'weights' }, 0.15],
  ['weights of 4 bits', { form: 'weights', weights: 'int4' }, 0.3],
];
for (const [name, options, most] of FORMS) {
  test(`digits, quantized (${name}): at most ${most} points fewer of the held-back ones`, async () => {
    const bytes = await quantize(MODELS.digits, options);
    const [float, quantized] = [await accuracy(MODELS.digits), await accuracy(bytes)];
    assert.ok(quantized >= float - most, `${quantized}% instead of ${float}%`);
  });
}

/**
 * Outputs of both engines on the same file: a value on the edge between two steps may fall to either side and so move
 * what follows, so the mean difference is held, and the largest loosely.
 * @param {Uint8Array} bytes @param {import('./compare.js').Named} inputs @param {string} name @param {number} [most]
 */
async function agree(bytes, inputs, name, most = 0.01) {
  const run = (/** @type {import('./compare.js').Engine} */ one) =>
    withModel(one, /** @type {any} */ (bytes), (model) => model.predict(inputs));
  const [got, want] = [await run(engine), await run(reference)];
  for (const [output, { data, dims }] of Object.entries(want)) {
    assert.deepEqual([...got[output].dims], [...dims]);
    let [largest, sum] = [0, 0];
    for (let i = 0; i < data.length; i++) {
      largest = Math.max(largest, Math.abs(Number(data[i])));
      sum += Math.abs(Number(data[i]) - Number(got[output].data[i]));
    }
    const mean = sum / data.length / largest;
    assert.ok(
      mean <= most,
      `${name}, ${output}: off by ${mean} of the largest magnitude on average, allowed is ${most}`,
    );
  }
  return got;
}

test('PP-OCR recognition, quantized: 0.27 of the bytes, the same text, onnxruntime agrees', async () => {
  const inputs = lineCrops().map(recognitionInput);
  const data = inputs.map(({ data, dims }) => ({ x: new Tensor('float32', data, dims) }));
  const bytes = await quantize(MODELS.recognition, { data });
  const size = readFileSync(MODELS.recognition).length;
  assert.ok(
    bytes.length <= 0.27 * size,
    `${bytes.length} bytes, ${bytes.length / size} of the float32 model`,
  );
  const characters = dictionary(dictionaryText());
  const float = await load(MODELS.recognition, { simd: 'simd128' });
  try {
    for (const [i, { data: pixels, dims }] of inputs.entries()) {
      const [want] = Object.values(await float.predict(data[i]));
      const got = await agree(bytes, { x: { type: 'float32', data: pixels, dims } }, `line ${i}`);
      const text = (/** @type {any} */ output) => decode(output.data, characters).text;
      // How faint a space may be is the demo's own choice.
      assert.equal(text(Object.values(got)[0]).replaceAll(' ', ''), text(want).replaceAll(' ', ''));
    }
  } finally {
    await float.dispose();
  }
});

test('PP-OCR recognition, weights of 4 bits: 0.15 of the bytes', async () => {
  const bytes = await quantize(MODELS.recognition, { form: 'weights', weights: 'int4' });
  const size = readFileSync(MODELS.recognition).length;
  assert.ok(bytes.length <= 0.15 * size, `${bytes.length / size} of the float32 model`);
  const { data, dims } = recognitionInput(lineCrops()[0]);
  await agree(bytes, { x: { type: 'float32', data, dims } }, 'weights of 4 bits', 1e-4);
});
