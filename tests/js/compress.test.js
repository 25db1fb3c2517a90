// siskin/compress and the commands quantize and eval: forms of quantization on small models, figures, data sets, and
// what bad input gives: one error, no file.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { crc32, deflateRawSync } from 'node:zlib';
import ort from 'onnxruntime-node';
import { writeNpy } from '../../js/cli/npy.js';
import { latencyOf, rocOf, scoresOf } from '../../js/compress/metrics.js';
import { build, node, tensor, value } from './onnx-builder.js';
import { DIST, rejects, siskin } from './setup.js';

const { load, Tensor } = siskin;
/** @type {typeof import('../../js/compress.js')} */
const { evaluate, quantize } = await import(pathToFileURL(path.join(DIST, 'compress.js')).href);

const folder = mkdtempSync(path.join(tmpdir(), 'siskin-compress-'));
after(() => rmSync(folder, { recursive: true }));

/** The same numbers in every run. */
function noise(length, seed = 1) {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

/** A convolution, a Relu, a residual sum, a pooling and a matrix product: [n,3,8,8] -> [n,4]. */
const network = (changes = {}) =>
  build({
    inputs: [value('x', 'float32', ['n', 3, 8, 8])],
    outputs: [value('y', 'float32', ['n', 4])],
    constants: [
      tensor('w1', 'float32', [8, 3, 3, 3], changes.w1 ?? noise(216)),
      tensor('b1', 'float32', [8], noise(8, 2)),
      tensor('w2', 'float32', [8, 8, 3, 3], noise(576, 3)),
      tensor('w3', 'float32', [8, 4], noise(32, 4)),
      tensor('b3', 'float32', [4], noise(4, 5)),
    ],
    nodes: [
      node('Conv', ['x', 'w1', 'b1'], ['c1'], { pads: [1, 1, 1, 1] }),
      node('Relu', ['c1'], ['r1']),
      node('Conv', ['r1', 'w2'], ['c2'], { pads: [1, 1, 1, 1] }),
      node('Add', ['c2', 'r1'], ['s']),
      node('Relu', ['s'], ['r2']),
      node('GlobalAveragePool', ['r2'], ['p']),
      node('Flatten', ['p'], ['f']),
      node('Gemm', ['f', 'w3', 'b3'], ['y']),
    ],
  });
const samples = Array.from({ length: 8 }, (_, i) => ({
  x: new Tensor('float32', noise(192, 10 + i), [1, 3, 8, 8]),
}));

async function outputOf(bytes, input) {
  const model = await load(bytes);
  try {
    return (await model.predict(input)).y.data;
  } finally {
    await model.dispose();
  }
}

async function ortOutputOf(bytes, { x }) {
  const session = await ort.InferenceSession.create(bytes, {
    logSeverityLevel: 3,
    graphOptimizationLevel: 'disabled',
  });
  try {
    return (await session.run({ x: new ort.Tensor('float32', x.data, x.dims) })).y.data;
  } finally {
    await session.release();
  }
}

/** Largest difference relative to the largest magnitude. */
function off(got, want) {
  const largest = Math.max(...want.map(Math.abs));
  return Math.max(...want.map((v, i) => Math.abs(v - got[i]))) / largest;
}

const FORMS = [
  [{ data: samples }, 0.06],
  [{ data: samples, weights: 's8' }, 0.04],
  [{ data: samples, activations: 's8', weights: 's8' }, 0.04],
  [{ data: samples, activations: 'u7' }, 0.08],
  [{ data: samples, perChannel: false, weights: 's8' }, 0.04],
  [{ data: samples, method: 'minmax' }, 0.06],
  [{ data: samples, method: 'mse' }, 0.08],
  [{ data: samples, method: 'entropy' }, 0.5],
  [{ form: 'dynamic' }, 0.06],
  [{ form: 'dynamic', weights: 's8' }, 0.04],
  [{ form: 'weights' }, 0.02],
  [{ form: 'weights', weights: 'int4' }, 0.3],
];
for (const [options, most] of FORMS) {
  const { data, ...shown } = options;
  test(`quantized as ${JSON.stringify(shown)}: near the float32 model, and onnxruntime agrees`, async () => {
    const float = network();
    const bytes = await quantize(float, options);
    assert.ok(bytes.length < float.length, `${bytes.length} bytes, were ${float.length}`);
    for (const sample of samples.slice(0, 3)) {
      const want = await outputOf(float, sample);
      const got = await outputOf(bytes, sample);
      assert.ok(off(got, want) <= most, `off by ${off(got, want)} of the largest magnitude`);
      assert.ok(off(got, want) > 0, 'nothing was rounded');
      // A rounding that falls to the other side moves the result by a fraction of a step.
      const theirs = await ortOutputOf(bytes, sample);
      assert.ok(off(got, theirs) <= 0.01, `${[...got]} where onnxruntime has ${[...theirs]}`);
    }
  });
}

test('4 bits of a matrix product, as MatMulNBits', async () => {
  const float = build({
    inputs: [value('x', 'float32', [2, 100])],
    outputs: [value('y', 'float32', [2, 24])],
    constants: [tensor('w', 'float32', [100, 24], noise(2400))],
    nodes: [node('MatMul', ['x', 'w'], ['y'])],
  });
  const sample = { x: new Tensor('float32', noise(200, 7), [2, 100]) };
  const bytes = await quantize(float, { form: 'weights', weights: 'int4', matMulNBits: true, block: 32 });
  const [want, got] = [await outputOf(float, sample), await outputOf(bytes, sample)];
  assert.ok(off(got, want) < 0.2 && off(got, want) > 0);
  assert.ok(off(got, await ortOutputOf(bytes, sample)) <= 1e-4);
});

test('what is between two products is quantized, the output is not; excluded nodes stay', async () => {
  /** @type {any} */
  let report;
  const options = { data: samples, onReport: (made) => (report = made) };
  await quantize(network(), options);
  assert.deepEqual(
    report.products.map(({ op }) => op),
    ['Conv', 'Conv', 'Gemm'],
  );
  assert.equal(report.values, 6); // x, r1, c2, r2, p and f, which has p's scale
  await quantize(network(), { ...options, exclude: ['c2'] });
  assert.deepEqual(
    report.products.map(({ op }) => op),
    ['Conv', 'Gemm'],
  );
});

test('progress, an abort, and data that can be gone over only once', async () => {
  const seen = [];
  const onProgress = ({ phase, done, total }) => seen.push(`${phase} ${done}/${total}`);
  const once = (function* () {
    yield* samples;
  })();
  await quantize(network(), { data: once, onProgress });
  assert.equal(seen[0], 'ranges 0/null');
  assert.ok(seen.includes('ranges 8/null') && seen.includes('histograms 8/8'));
  const stop = new AbortController();
  const endless = function* () {
    for (let i = 0; ; i++) {
      if (i === 3) stop.abort(new Error('enough'));
      yield samples[0];
    }
  };
  await assert.rejects(quantize(network(), { data: endless, signal: stop.signal }), /enough/);
});

test('bad input: one clear error each', async () => {
  const float = network();
  const nan = new Tensor('float32', noise(192).fill(NaN, 5, 6), [1, 3, 8, 8]);
  await rejects(quantize(float, { data: [samples[0], { x: nan }] }), 'bad-value', /sample 1: input 'x'.*NaN/);
  await rejects(
    quantize(float, { data: [{ x: new Tensor('float32', noise(64), [1, 1, 8, 8]) }] }),
    'bad-shape',
    /sample 0: /,
  );
  await rejects(quantize(float, { data: [] }), 'bad-value', /not one sample/);
  await rejects(quantize(float, {}), 'bad-option', /data/);
  await rejects(quantize(float, { data: samples, exclude: ['c9'] }), 'bad-name', /no node 'c9'/);
  await rejects(quantize(float, { data: samples, activations: 'u6' }), 'bad-option', /u8, s8, u7, not 'u6'/);
  await rejects(quantize(float, { data: samples, weights: 'int4' }), 'bad-option', /int4/);
  const zero = network({ w1: new Float32Array(216) });
  await rejects(quantize(zero, { data: samples }), 'bad-value', /weights 'w1' are all zero/);
  const infinite = network({ w1: noise(216).fill(Infinity, 3, 4) });
  await rejects(
    quantize(infinite, { form: 'weights' }),
    'bad-value',
    /weights 'w1' have a NaN or an infinity/,
  );
  const bytes = await quantize(float, { data: samples });
  await rejects(quantize(bytes, { data: samples }), 'bad-value', /quantized already/);
  const nothing = build({
    inputs: [value('x', 'float32', [4])],
    outputs: [value('y', 'float32', [4])],
    nodes: [node('Relu', ['x'], ['y'])],
  });
  await rejects(quantize(nothing, { form: 'dynamic' }), 'bad-value', /nothing to quantize/);
});

test('a channel of zeros is none to refuse; its bias stays', async () => {
  const float = network({ w1: noise(216).fill(0, 0, 27) });
  const bytes = await quantize(float, { data: samples });
  assert.ok(off(await outputOf(bytes, samples[0]), await outputOf(float, samples[0])) < 0.06);
});

// ---- figures ----

test('figures of a classifier, worked out by hand', () => {
  const outcome = (actual, ...scores) => ({ actual, scores, predicted: scores.indexOf(Math.max(...scores)) });
  const outcomes = [
    outcome(0, 0.7, 0.2, 0.1),
    outcome(0, 0.3, 0.6, 0.1),
    outcome(1, 0.1, 0.8, 0.1),
    outcome(2, 0.2, 0.5, 0.3),
  ];
  const scores = scoresOf(outcomes, ['a', 'b', 'c'], [1, 2]);
  assert.equal(scores.accuracy, 0.5);
  assert.deepEqual(scores.top, { 1: 0.5, 2: 1 });
  assert.deepEqual(scores.confusion, [
    [1, 1, 0],
    [0, 1, 0],
    [0, 1, 0],
  ]);
  const near = (got, want) => assert.ok(Math.abs(got - want) < 1e-12, `${got}, not ${want}`);
  near(scores.precision, (1 + 1 / 3 + 0) / 3);
  near(scores.recall, (0.5 + 1 + 0) / 3);
  near(scores.f1, (2 / 3 + 0.5 + 0) / 3);
  near(scores.auc, 1);
  near(rocOf([1, 1, 0, 0].map((p, i) => ({ score: [0.9, 0.4, 0.4, 0.1][i], positive: !!p }))).auc, 0.875);
  assert.equal(rocOf([{ score: 1, positive: true }]).auc, null);
  assert.deepEqual(latencyOf([3, 1, 2]), { p50: 2, p95: 3, p99: 3, mean: 2 });
});

test('evaluate: accuracy, and agreement with another model', async () => {
  const float = network();
  const labels = [];
  for (const sample of samples)
    labels.push((await outputOf(float, sample)).reduce((b, v, i, all) => (v > all[b] ? i : b), 0));
  const data = samples.map((inputs, i) => ({ inputs, label: i ? labels[i] : (labels[0] + 1) % 4 }));
  const result = await evaluate(float, {
    data,
    against: await quantize(float, { data: samples }),
    top: [1, 2, 9],
  });
  assert.equal(result.samples, 8);
  assert.equal(result.scores?.accuracy, 7 / 8);
  assert.deepEqual(Object.keys(result.scores.top), ['1', '2']);
  assert.ok(result.latency.p50 > 0 && result.peak > 0 && result.bytes === float.length);
  assert.ok(result.against.agreement > 0.5 && result.against.difference.largest < 0.1);
  assert.ok(result.against.difference.largest > 0 && result.against.bytes < float.length);
  await rejects(evaluate(float, { data: [{ inputs: samples[0], label: 7 }] }), 'bad-value', /none of the/);
  await rejects(evaluate(float, { data, output: 'z' }), 'bad-name', /no output 'z'/);
});

// ---- the command line ----

const digits = path.join(import.meta.dirname, '../../models/digits/digits.onnx');
const cli = [path.join(DIST, 'cli.js')];
function run(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...process.execArgv, ...cli, ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}
const at = (name) => path.join(folder, name);

/** An .npz, deflated. */
function npz(name, arrays) {
  const [parts, list] = [[], []];
  let offset = 0;
  for (const [entry, array] of Object.entries(arrays)) {
    const [content, file] = [writeNpy(array), Buffer.from(`${entry}.npy`)];
    const packed = deflateRawSync(content);
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0);
    head.writeUInt16LE(8, 4);
    head.writeUInt32LE(crc32 ? crc32(content) : 0, 10);
    head.writeUInt32LE(packed.length, 14);
    head.writeUInt32LE(content.length, 18);
    head.writeUInt16LE(file.length, 22);
    const entryHead = Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), head, Buffer.alloc(14)]);
    entryHead.writeUInt32LE(offset, 42);
    list.push(entryHead, file);
    parts.push(Buffer.from('PK\x03\x04'), head, file, packed);
    offset += 30 + file.length + packed.length;
  }
  const listed = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(Object.keys(arrays).length, 8);
  end.writeUInt16LE(Object.keys(arrays).length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  writeFileSync(at(name), Buffer.concat([...parts, listed, end]));
  return at(name);
}

const file = at('network.onnx');
writeFileSync(file, network());
const batch = npz('batch.npz', {
  x: new Tensor('float32', noise(8 * 192, 20), [8, 3, 8, 8]),
  label: new Tensor('int64', new BigInt64Array(8), [8]),
});

test('siskin quantize and eval on an .npz', () => {
  const out = at('small.onnx');
  const made = run('quantize', file, '--calibrate', batch, '-o', out);
  assert.equal(made.status, 0, made.stderr);
  assert.match(
    made.stdout,
    /3 products quantized, 6 activations, opset \d+\nwrote .*small\.onnx: [\d.]+ KiB, [\d.]+% of/,
  );
  assert.ok(!readdirSync(folder).some((name) => name.endsWith('.part')));
  const { status, stdout, stderr } = run('eval', file, '--data', batch, '--against', out, '--json');
  assert.equal(status, 0, stderr);
  const result = JSON.parse(stdout);
  assert.equal(result.labelled, 8);
  assert.ok(result.against.agreement >= 0.75 && result.bytes === readFileSync(file).length);
  const text = run('eval', file, '--data', batch, '--against', out);
  assert.match(
    text.stdout,
    /8 samples, 8 of them labelled\n[\s\S]*accuracy[\s\S]*latency p99[\s\S]*the same class for/,
  );
});

test('data: a folder of images named by class, and a .csv', () => {
  const seven = path.join(path.dirname(digits), 'sample-7.png');
  const images = at('images');
  for (const [label, name] of [
    ['3', 'sample-3.png'],
    ['7', 'sample-7.png'],
  ]) {
    mkdirSync(path.join(images, label), { recursive: true });
    writeFileSync(path.join(images, label, 'a.png'), readFileSync(path.join(path.dirname(seven), name)));
  }
  const result = JSON.parse(run('eval', digits, '--data', images, '--json').stdout);
  assert.equal(result.samples, 2);
  assert.equal(result.scores.accuracy, 1);
  const flat = build({
    inputs: [value('x', 'float32', ['n', 2])],
    outputs: [value('y', 'float32', ['n', 2])],
    constants: [tensor('w', 'float32', [2, 2], [1, 0, 0, 1])],
    nodes: [node('MatMul', ['x', 'w'], ['y'])],
  });
  writeFileSync(at('flat.onnx'), flat);
  writeFileSync(at('flat.csv'), 'a,b,label\n1,0,"no"\n0,1,yes\n0.25,0.75,no\n');
  const table = JSON.parse(run('eval', at('flat.onnx'), '--data', at('flat.csv'), '--json').stdout);
  assert.deepEqual(table.scores.confusion, [
    [1, 1],
    [0, 1],
  ]);
});

/** One line on stderr, no file left. */
function refused(args, pattern) {
  const before = readdirSync(folder).length;
  const { status, stdout, stderr } = run(...args, '-o', at('none.onnx'));
  assert.equal(stdout, '');
  assert.match(stderr, /^siskin: [^\n]+\n$/);
  assert.match(stderr, pattern);
  assert.ok(status === 1 || status === 2);
  assert.equal(readdirSync(folder).length, before, 'a file was left');
}

test('bad input of siskin quantize: one line, no file', () => {
  const shape = npz('shape.npz', { x: new Tensor('float32', noise(64), [1, 1, 8, 8]) });
  const nan = npz('nan.npz', { x: new Tensor('float32', noise(192).fill(NaN), [1, 3, 8, 8]) });
  mkdirSync(at('empty'));
  refused(['quantize', file, '--calibrate', shape], /sample 0: .*\[1, ?1, ?8, ?8\]/);
  refused(['quantize', file, '--calibrate', nan], /NaN/);
  refused(['quantize', file, '--calibrate', at('empty')], /holds no \.png or \.jpg/);
  refused(['quantize', file, '--calibrate', at('nowhere')], /no file or folder/);
  refused(['quantize', file, '--calibrate', batch, '--exclude', 'c1,c9'], /no node 'c9'/);
  refused(['quantize', at('small.onnx'), '--calibrate', batch], /quantized already/);
  refused(['quantize', file], /--calibrate/);
  refused(['quantize', file, '--dynamic', '--weight-only'], /not both/);
  refused(['quantize', file, '--calibrate', batch, '--method', 'best'], /minmax, percentile/);
});

test('Ctrl-C ends quantize at once and leaves nothing', async () => {
  const many = npz('many.npz', { image: new Tensor('float32', noise(784 * 20000), [20000, 1, 28, 28]) });
  const before = readdirSync(folder);
  const args = ['quantize', digits, '--calibrate', many, '--samples', '20000', '-o', at('stopped.onnx')];
  const child = spawn(process.execPath, [...process.execArgv, ...cli, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const timer = setTimeout(() => child.kill('SIGINT'), 1500);
  const [code] = await new Promise((resolve) => child.on('close', (...end) => resolve(end)));
  clearTimeout(timer);
  assert.equal(code, 130, stderr);
  assert.match(stderr, /interrupted/);
  assert.deepEqual(readdirSync(folder), before);
});
