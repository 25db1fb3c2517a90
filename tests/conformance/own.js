// Runs vectors of our own, for operators that the standard's older vectors lack, on both wasm builds:
//   node [--experimental-wasm-relaxed-simd] tests/conformance/own.js [-v] [NAME-PART...]
//   node tests/conformance/own.js --save FOLDER     only writes the models, for tests/fuzz/operators.js
//
// A file of own/ exports a list of cases, each one node:
//   { name,
//     op, opset, domain?, attrs?,   opset is that of the domain; attrs as onnx-builder.js writes them
//     inputs,                       tensors (cases.js makes them) or null for an absent one
//     constants?: [1],              these inputs are initializers of the model
//     outputs,                      tensors expected: written from the standard's text or computed by a naive function
//                                   beside the case, never taken from what the engine gave; null: not wanted
//     rtol?, atol?,                 1e-5 relative and 1e-6 absolute by default
//     ort?: 'why not',              onnxruntime contradicts the standard here, and how
//     draws?: true,                 random numbers: only types and shapes of the outputs count
//     model?: () => bytes,          instead of op: a whole model, with inputs x0, x1... and outputs y0, y1...
//     nodes?, opsets?,              instead of op: several nodes, with inputs x0, x1... and outputs y0, y1...
//     error?: 'bad-shape' }         instead of outputs: the code of the error that is expected
//
// Where onnxruntime knows operator and version it must give the expectation too, so that a wrong expectation is found. What
// it makes of a wrong model is its own affair (some end the process).
// Every build is run twice: with the inputs' shapes declared, and with nothing but their ranks.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { build, node, tensor as constant, value } from '../js/onnx-builder.js';
import { difference } from './compare.js';
import { load, Tensor } from './dist.js';

const verbose = process.argv.includes('-v');
const saving = process.argv[2] === '--save' ? process.argv[3] : undefined;
const parts = process.argv.slice(saving ? 4 : 2).filter((arg) => !arg.startsWith('-'));
const folder = path.join(import.meta.dirname, 'own');

/** The model of a case; `open`: no dimension is declared. */
function modelOf(test, open) {
  if (test.model) return test.model();
  const { op, opset = 1, domain = '', attrs, inputs, outputs = [null], constants = [] } = test;
  const names = inputs.map((input, i) => (input ? `x${i}` : ''));
  const results = outputs.map((output, i) => (output || test.error ? `y${i}` : ''));
  const declare = (name, { type, dims }) => value(name, type, open ? dims.map(() => null) : dims);
  const fed = (i) => inputs[i] && !constants.includes(i);
  return build({
    opset: domain ? 21 : opset,
    opsets: test.opsets ?? (domain ? { [domain]: opset } : {}),
    irVersion: 10,
    inputs: inputs.flatMap((input, i) => (fed(i) ? [declare(names[i], input)] : [])),
    outputs: outputs.flatMap((output, i) =>
      results[i] ? [output ? declare(results[i], output) : value(results[i], 'float32')] : [],
    ),
    constants: constants.map((i) => constant(names[i], inputs[i].type, inputs[i].dims, inputs[i].data)),
    nodes: test.nodes ?? [node(op, names, results, attrs, { name: 'tested', domain })],
  });
}

const feedsOf = ({ inputs, constants = [] }, convert = (tensor) => tensor) =>
  Object.fromEntries(
    inputs.flatMap((input, i) => (input && !constants.includes(i) ? [[`x${i}`, convert(input)]] : [])),
  );

/** What differs from the expectation, '' when nothing does. */
function judge({ outputs, draws, rtol = 1e-5, atol = 1e-6 }, got) {
  for (const [i, wanted] of outputs.entries()) {
    if (draws && `${got[`y${i}`].type} ${got[`y${i}`].dims}` === `${wanted.type} ${wanted.dims}`) continue;
    const text = wanted && difference(got[`y${i}`], wanted, { rtol, atol });
    if (text) return `output ${i} ${text}`;
  }
  return '';
}

/** @returns {Promise<string>} '' when the engine does as expected, else what is wrong */
async function engine(test, simd, open) {
  let model;
  try {
    model = await load(modelOf(test, open), { simd });
    const got = await model.predict(feedsOf(test));
    return test.error ? `runs, where an error '${test.error}' is expected` : judge(test, got);
  } catch (error) {
    return error.code && error.code === test.error ? '' : `${error.code ?? 'error'}: ${error.message}`;
  } finally {
    await model?.dispose();
  }
}

const UNKNOWN =
  /NOT_IMPLEMENTED|could not find an implementation|is not a registered function|no op registered|under development|not supported (?:tensor )?type|invalid for input|unsupported (?:data|tensor) type/i;

/** The same from onnxruntime; null when it does not know the operator, with the reason in `unknown`. */
async function other(test, unknown) {
  let session;
  try {
    session = await ort.InferenceSession.create(modelOf(test, false), { logSeverityLevel: 4 });
    const feeds = feedsOf(test, ({ type, data, dims }) => new ort.Tensor(type, data, dims));
    const got = await session.run(feeds);
    const back = ([name, { type, data, dims }]) => [name, new Tensor(type, data, dims)];
    return judge(test, Object.fromEntries(Object.entries(got).map(back)));
  } catch (error) {
    if (!UNKNOWN.test(error.message)) return error.message;
    unknown.push(`${test.name}: ${error.message.slice(0, 160)}`);
    return null;
  } finally {
    await session?.release();
  }
}

async function* cases() {
  const names = new Set();
  for (const file of readdirSync(folder).sort()) {
    const { default: list } = await import(path.join(folder, file));
    if (!list.length) throw new Error(`${file} has no cases`);
    for (const test of list) {
      const name = `${file.replace(/\.js$/, '')}/${test.name}`;
      if (names.has(name)) throw new Error(`two cases are named ${name}`);
      names.add(name);
      if (!parts.length || parts.some((part) => name.includes(part))) yield { ...test, name };
    }
  }
}

if (saving) {
  mkdirSync(saving, { recursive: true });
  for await (const test of cases())
    writeFileSync(path.join(saving, `${test.name.replace(/[^\w.-]+/g, '_')}.onnx`), modelOf(test, false));
  process.exit();
}

const total = { passed: 0, failed: 0, skipped: 0 };
let known = 0;
const unknown = [];
for await (const test of cases()) {
  const problems = [];
  for (const simd of ['simd128', 'relaxed'])
    for (const open of [false, true]) {
      const text = await engine(test, simd, open);
      if (text) problems.push(`${simd}${open ? ', open shapes' : ''}: ${text}`);
    }
  if (!test.ort && !test.error) {
    const text = await other(test, unknown);
    if (text) problems.push(`onnxruntime differs from the expectation: ${text}`);
    known += text === '' ? 1 : 0;
  }
  total[problems.length ? 'failed' : 'passed']++;
  for (const problem of problems) console.log(`${test.name}: ${problem}`);
}
if (verbose) for (const text of unknown) console.log(`not checked by onnxruntime: ${text}`);
console.log(`${known} cases were checked by onnxruntime too`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed || !total.passed ? 1 : 0;
