#!/usr/bin/env node
/**
 * Prints what share of the held-back digits both forms of the model get right under onnxruntime: the figures
 * of the model card. `node models/digits/eval.js [FOLDER]`; FOLDER holds the two files, default: this one.
 * Siskin's own figures come from the test suite, which asks split.js for the same digits.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ort from 'onnxruntime-node';
import { heldBack, score } from './split.js';

// Where the processor has no 8-bit dot product, onnxruntime's fast int8 kernels saturate; this asks for exact
// ones.
const EXACT = { extra: { session: { x64quantprecision: '1' } } };

const folder = process.argv[2] ?? dirname(fileURLToPath(import.meta.url));
const digits = heldBack();
for (const file of ['digits.onnx', 'digits-int8.onnx']) {
  const session = await ort.InferenceSession.create(join(folder, file), EXACT);
  const { accuracy, wrong } = await score(async (images, count) => {
    const { probabilities } = await session.run({
      image: new ort.Tensor('float32', images, [count, 1, 28, 28]),
    });
    return /** @type {Float32Array} */ (probabilities.data);
  }, digits);
  console.log(`${file}: ${accuracy.toFixed(2)}% of ${digits.count} held-back digits (${wrong.length} wrong)`);
}
