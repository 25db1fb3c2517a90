// Runs the ONNX standard's own test vectors (Debian's libonnx-testdata) through the loader, on both wasm builds:
//   node [--experimental-wasm-relaxed-simd] tests/conformance/run.js [-v] [NAME-PART...]
//
// A vector that needs what the engine does not have yet is skipped, with the engine's own reason; everything else must
// pass. Every failure and, with -v, every skipped vector is printed with its reason. FLOOR guards against losing some.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { difference } from './compare.js';
import { readTensor } from './tensor-proto.js';

const FLOOR = 400; // vectors that must pass on each build
const SETS = ['node', 'simple', 'pytorch-converted', 'pytorch-operator'];

const verbose = process.argv.includes('-v');
const parts = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
const dist = process.env.SISKIN_DIST ?? path.resolve('dist');
const { load } = await import(path.join(dist, 'siskin.js'));

/** Where Debian put them. */
function dataFolder() {
  const files = execFileSync('dpkg', ['-L', 'libonnx-testdata'], { encoding: 'utf8' }).split('\n');
  return path.dirname(files.find((file) => file.endsWith('/data/node')));
}

function vectors() {
  const root = dataFolder();
  const all = SETS.flatMap((set) =>
    readdirSync(path.join(root, set))
      .sort()
      .map((name) => ({ name: `${set}/${name}`, folder: path.join(root, set, name) })),
  );
  return all.filter(
    ({ name, folder }) => existsSync(path.join(folder, 'model.onnx')) && (!parts.length || parts.some((p) => name.includes(p))),
  );
}

/** The tensors of one data set: input_0.pb, input_1.pb ... */
function tensors(folder, kind) {
  const list = [];
  for (let i = 0; existsSync(path.join(folder, `${kind}_${i}.pb`)); i++)
    list.push(readTensor(new Uint8Array(readFileSync(path.join(folder, `${kind}_${i}.pb`)))).tensor);
  return list;
}

async function runSet(model, folder) {
  const inputs = tensors(folder, 'input');
  const expected = tensors(folder, 'output');
  const feeds = Object.fromEntries(inputs.map((tensor, i) => [model.inputs[i].name, tensor]));
  const outputs = await model.predict(feeds);
  expected.forEach((wanted, i) => {
    const { name } = model.outputs[i];
    const text = difference(outputs[name], wanted);
    if (text) throw new Error(`output '${name}' ${text}`);
  });
}

/** @returns {Promise<string>} '' when passed; 'skip: ...' or the failure's reason */
async function runVector(folder, simd) {
  let model;
  try {
    model = await load(readFileSync(path.join(folder, 'model.onnx')), { simd });
    const sets = readdirSync(folder).filter((name) => name.startsWith('test_data_set'));
    for (const set of sets) await runSet(model, path.join(folder, set));
    return '';
  } catch (error) {
    const missing = error.code === 'unsupported' || /^(not a tensor|complex\d+ tensors)$/.test(error.message);
    return `${missing ? 'skip: ' : ''}${error.message}`;
  } finally {
    await model?.dispose();
  }
}

let failed = 0;
let passed = 0;
let skipped = 0;
const list = vectors();
for (const simd of ['simd128', 'relaxed']) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, folder } of list) {
    const reason = await runVector(folder, simd);
    if (!reason) count.passed++;
    else if (reason.startsWith('skip: ')) count.skipped++;
    else count.failed++;
    if (reason && (verbose || !reason.startsWith('skip: '))) console.log(`${simd} ${name}: ${reason}`);
  }
  console.log(`${simd}: ${count.passed} of ${list.length} vectors pass, ${count.failed} fail, ${count.skipped} need what is not there yet`);
  if (!parts.length && count.passed < FLOOR) {
    console.log(`${simd}: fewer than ${FLOOR} passed`);
    count.failed++;
  }
  passed += count.passed;
  failed += count.failed;
  skipped += count.skipped;
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed ? 1 : 0;
