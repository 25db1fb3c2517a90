// Runs the ONNX standard's own test vectors (Debian's libonnx-testdata) through the loader, on both wasm builds, and once more
// with models that the ONNX writer has written again:
//   node [--experimental-wasm-relaxed-simd] tests/conformance/run.js [-v] [--data=FOLDER] [NAME-PART...]
//
// FOLDER: other vectors in the same form, such as newer ones (onnx/backend/test/data of a commit of the standard that has
// them); what they give is printed, how many pass is not held against anything.
//
// A vector that needs what the engine does not have yet is skipped, with the engine's own reason, and so are a few
// that are wrong themselves; everything else must pass. Every failure and, with -v, every skipped vector is printed with its reason. FLOOR guards against losing some.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { difference } from './compare.js';
import { readValue } from './tensor-proto.js';
import { load, Tensor, written } from './dist.js';

const FLOOR = 1050; // vectors that must pass on each build
const SETS = ['node', 'simple', 'pytorch-converted', 'pytorch-operator'];

// Vectors that contradict the standard or themselves.
const FAULTY = {
  'node/test_cast_FLOAT_to_BFLOAT16': 'expects truncation; the standard rounds to nearest even',
  'node/test_castlike_BFLOAT16_to_FLOAT': "feeds 'like' as [1] where the model declares [3,4]",
  'node/test_castlike_BFLOAT16_to_FLOAT_expanded': "feeds 'like' as [1] where the model declares [3,4]",
  'node/test_castlike_FLOAT_to_BFLOAT16': "feeds 'like' as [1] where the model declares [3,4]",
  'node/test_castlike_FLOAT_to_BFLOAT16_expanded': "feeds 'like' as [1] where the model declares [3,4]",
  'node/test_adam_multiple': 'expects an epsilon of 0.01, which its model lacks',
};

const verbose = process.argv.includes('-v');
const other = process.argv.find((arg) => arg.startsWith('--data='))?.slice('--data='.length);
const parts = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));

/** Where Debian put them. */
function dataFolder() {
  const files = execFileSync('dpkg', ['-L', 'libonnx-testdata'], { encoding: 'utf8' }).split('\n');
  return path.dirname(files.find((file) => file.endsWith('/data/node')));
}

function vectors() {
  const root = other ?? dataFolder();
  const all = SETS.filter((set) => existsSync(path.join(root, set))).flatMap((set) =>
    readdirSync(path.join(root, set))
      .sort()
      .map((name) => ({ name: `${set}/${name}`, folder: path.join(root, set, name) })),
  );
  return all.filter(
    ({ name, folder }) =>
      existsSync(path.join(folder, 'model.onnx')) && (!parts.length || parts.some((p) => name.includes(p))),
  );
}

/** The values of one data set: input_0.pb, input_1.pb ... */
function values(folder, kind, infos) {
  const file = (i) => path.join(folder, `${kind}_${i}.pb`);
  return infos.map((info, i) =>
    existsSync(file(i))
      ? asDeclared(readValue(new Uint8Array(readFileSync(file(i))), info), info)
      : undefined,
  );
}

/** NumPy has no bfloat16, so the vectors keep such tensors as uint16. */
const asDeclared = (tensor, { type }) =>
  type === 'bfloat16' && tensor?.type === 'uint16' ? new Tensor(type, tensor.data, tensor.dims) : tensor;

/**
 * What Bernoulli and Dropout in training draw is not the standard's business: these vectors pin down type, shape and
 * what a number is that was not dropped.
 */
function randomDifference(got, wanted) {
  if (got.type !== wanted.type || `${got.dims}` !== `${wanted.dims}`) return difference(got, wanted);
  const close = (a, b) => a === 0 || b === 0 || Math.abs(a - b) <= 1e-5 + 1e-3 * Math.abs(b);
  return got.data.every((v, i) => close(Number(v), Number(wanted.data[i])))
    ? ''
    : 'has values that nobody drew';
}

const RANDOM = /test_bernoulli|test_training_dropout(?!_zero)/;

async function runSet(model, folder, random) {
  const inputs = values(folder, 'input', model.inputs);
  const expected = values(folder, 'output', model.outputs);
  const given = inputs
    .map((value, i) => [model.inputs[i].name, value])
    .filter(([, value]) => value !== undefined);
  const outputs = await model.predict(Object.fromEntries(given));
  expected.forEach((wanted, i) => {
    const { name } = model.outputs[i];
    const text = (random ? randomDifference : difference)(outputs[name], wanted);
    if (text) throw new Error(`output '${name}' ${text}`);
  });
}

/** @returns {Promise<string>} '' when passed; 'skip: ...' or the failure's reason */
async function runVector(folder, build) {
  let model;
  try {
    const bytes = readFileSync(path.join(folder, 'model.onnx'));
    model =
      build === 'written'
        ? await load(await written(bytes), { simd: 'simd128' })
        : await load(bytes, { simd: build });
    const sets = readdirSync(folder).filter((name) => name.startsWith('test_data_set'));
    for (const set of sets) await runSet(model, path.join(folder, set), RANDOM.test(folder));
    return '';
  } catch (error) {
    const missing = error.code === 'unsupported';
    return `${missing ? 'skip: ' : ''}${error.message}`;
  } finally {
    await model?.dispose();
  }
}

let failed = 0;
let passed = 0;
let skipped = 0;
const list = vectors();
for (const simd of ['simd128', 'relaxed', 'written']) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, folder } of list) {
    const reason =
      !other && FAULTY[name]
        ? `skip: the vector is wrong: it ${FAULTY[name]}`
        : await runVector(folder, simd);
    if (!reason) count.passed++;
    else if (reason.startsWith('skip: ')) count.skipped++;
    else count.failed++;
    if (reason && (verbose || !reason.startsWith('skip: '))) console.log(`${simd} ${name}: ${reason}`);
  }
  console.log(
    `${simd}: ${count.passed} of ${list.length} vectors pass, ${count.failed} fail, ${count.skipped} are skipped (-v says why)`,
  );
  if (!other && !parts.length && count.passed < FLOOR) {
    console.log(`${simd}: fewer than ${FLOOR} passed`);
    count.failed++;
  }
  passed += count.passed;
  failed += count.failed;
  skipped += count.skipped;
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed ? 1 : 0;
