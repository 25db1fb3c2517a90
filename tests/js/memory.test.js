/** What a model holds: nothing grows with predictions, and its file goes when its weights are packed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { build, node, tensor, value } from './onnx-builder.js';
import { siskin, sumAndDifference } from './setup.js';

const { load, Tensor } = siskin;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/** Bytes of array buffers, when all that is unreachable is gone; wasm memory does not count among them. */
async function buffers() {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return process.memoryUsage().arrayBuffers;
}

const WIDTH = 512;
const LAYERS = 16; // of 1 MB

/** Products with constants, all rows of which sum up to one. @param {number | string} rows */
function deep(rows) {
  const weights = new Float32Array(WIDTH * WIDTH).fill(1 / WIDTH);
  return build({
    inputs: [value('x', 'float32', [rows, WIDTH])],
    outputs: [value('y', 'float32', [rows, WIDTH])],
    constants: Array.from({ length: LAYERS }, (_, i) => tensor(`w${i}`, 'float32', [WIDTH, WIDTH], weights)),
    nodes: Array.from({ length: LAYERS }, (_, i) =>
      node('MatMul', [i ? `h${i}` : 'x', `w${i}`], [i < LAYERS - 1 ? `h${i + 1}` : 'y']),
    ),
  });
}
const rows = (/** @type {number} */ n) =>
  new Tensor('float32', new Float32Array(n * WIDTH).fill(1), [n, WIDTH]);

test('1,000 predictions take no more memory than ten', async () => {
  const models = [await load(sumAndDifference, { threads: 1 }), await load(deep('n'), { threads: 1 })];
  const inputs = [{ a: Float32Array.of(1, 2), b: Float32Array.of(3, 4) }, { x: rows(1) }];
  for (const [i, model] of models.entries()) {
    for (let n = 0; n < 10; n++) await model.predict(inputs[i]);
    const { memory } = model.info;
    const before = await model.describe('memory');
    const held = await buffers();
    for (let n = 0; n < 1000; n++) await model.predict(inputs[i]);
    assert.equal(model.info.memory, memory);
    assert.deepEqual(await model.describe('memory'), before);
    const grown = (await buffers()) - held;
    assert.ok(grown < 100_000, `${grown} bytes more in JavaScript`);
    await model.dispose();
  }
});

test('where all shapes are fixed, the file is let go while its weights are packed', async () => {
  let bytes = /** @type {Uint8Array | undefined} */ (deep(2));
  const size = bytes.length;
  const model = await load(bytes);
  bytes = undefined;
  const loaded = await buffers();
  for (let n = 0; n < 12; n++) {
    // tuning comes between, and plans made anew
    const { y } = await model.predict(rows(2));
    assert.ok(Math.abs(y.data[WIDTH + 1] - 1) < 1e-5);
  }
  const freed = loaded - (await buffers());
  assert.ok(freed > size - (2 << 20), `${freed} of ${size} bytes freed`);
  await model.dispose();
});

test('where shapes are open, other shapes are possible after the first', async () => {
  const model = await load(deep('n'));
  for (const n of [1, 2, 7, 64, 1]) {
    const { y } = await model.predict(rows(n));
    assert.deepEqual(y.dims, [n, WIDTH]);
    assert.ok(Math.abs(y.data[n * WIDTH - 1] - 1) < 1e-5);
  }
  await model.dispose();
});

test('a constant that two nodes use, and one that is an output, stay as long as they are wanted', async () => {
  const w = Float32Array.from({ length: 64 * 64 }, (_, i) => (i % 65 ? 0 : 2));
  const model = await load(
    build({
      inputs: [value('x', 'float32', [64, 64])],
      outputs: [
        value('y', 'float32', [64, 64]),
        value('z', 'float32', [64, 64]),
        value('c', 'float32', [3, 1000]),
      ],
      constants: [
        tensor('w', 'float32', [64, 64], w),
        tensor('c', 'float32', [3, 1000], new Float32Array(3000).fill(7)),
      ],
      nodes: [node('MatMul', ['x', 'w'], ['y']), node('Add', ['y', 'w'], ['z'])],
    }),
  );
  for (let n = 0; n < 3; n++) {
    const { y, z, c } = await model.predict(new Float32Array(64 * 64).fill(1));
    assert.deepEqual([y.data[5], z.data[0], z.data[1], c.data[2999]], [2, 4, 2, 7]);
  }
  await model.dispose();
});
