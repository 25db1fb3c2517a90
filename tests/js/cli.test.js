// The command line as a user meets it: what it prints, what it writes, and how it says no.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { readNpy } from '../../js/cli/npy.js';
import { build, mapValue, node, sequenceValue, value } from './onnx-builder.js';

const root = path.join(import.meta.dirname, '../..');
const dist = process.env.SISKIN_DIST ?? path.join(root, 'dist');
const digits = path.join(root, 'models/digits/digits.onnx');
const seven = path.join(root, 'models/digits/sample-7.npy');
const folder = mkdtempSync(path.join(tmpdir(), 'siskin-cli-'));
after(() => rmSync(folder, { recursive: true }));

function siskin(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(dist, 'cli.js'), ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** One line on stderr, nothing on stdout, exit code 2. */
function refused(args, pattern) {
  const { status, stdout, stderr } = siskin(...args);
  assert.equal(stdout, '');
  assert.match(stderr, /^siskin: [^\n]+\n$/, stderr);
  assert.match(stderr, pattern);
  assert.equal(status, 2);
}

test('without arguments it prints its usage and fails', () => {
  const { status, stderr } = siskin();
  assert.equal(status, 2);
  assert.match(stderr, /siskin info MODEL/);
});

test('--help and --version succeed', () => {
  assert.match(siskin('--help').stdout, /siskin run MODEL/);
  assert.equal(siskin('info', '--help').status, 0);
  assert.match(siskin('--version').stdout, /^\d+\.\d+\.\d+\n$/);
});

test('what is wrong with the call is one line and exit code 2', () => {
  refused(['walk', digits], /no command 'walk'/);
  refused(['info'], /wants a model/);
  refused(['info', digits, digits], /one model at a time/);
  refused(['info', '--grpah', digits], /--grpah/);
  refused(['info', 'nowhere.onnx'], /no file 'nowhere.onnx'/);
  refused(['info', root], /is a folder/);
  refused(['info', digits, '--simd', 'avx'], /--simd/);
  refused(['info', digits, '--shape', 'image=1,one'], /not a shape/);
  refused(['run', digits], /input missing: image/);
  refused(['run', digits, '-i', 'picture=x.npy'], /no input 'picture'.*'image'/);
  refused(['run', digits, '-i', 'image=nowhere.npy'], /no file 'nowhere.npy'/);
  refused(['run', digits, '-i', `image=${digits}`], /not a .npy file/);
  refused(['run', digits, '-i', seven, '--repeat', '0'], /--repeat/);
  refused(['run', digits, '-i', seven, '--mean', 'grey'], /--mean/);
});

test('a model that fails is one line and exit code 1', () => {
  const broken = path.join(folder, 'broken.onnx');
  writeFileSync(broken, '<!doctype html><title>404</title>');
  for (const args of [
    ['info', broken],
    ['run', digits, '-i', 'random:1,1,28,27'],
  ]) {
    const { status, stderr } = siskin(...args);
    assert.equal(status, 1);
    assert.match(stderr, /^siskin: [^\n]+\n$/);
  }
});

test('info tells inputs, operators, parameters, work and memory', () => {
  const { status, stdout } = siskin('info', digits, '--shape', 'image=2,1,28,28', '--plan', '--graph');
  assert.equal(status, 0);
  for (const part of [
    /image: float32\[batch, 1, 28, 28\]/,
    /parameters +\d/,
    /Conv \d/,
    /multiply-accumulates/,
    /working/,
    /alive/,
    /= Conv\(/,
  ])
    assert.match(stdout, part);
});

test('info --json counts work by the shapes given', () => {
  const of = (batch) =>
    JSON.parse(siskin('info', digits, '--json', '--shape', `image=${batch},1,28,28`).stdout);
  const [one, two] = [of(1), of(2)];
  assert.equal(two.plan.macs, 2 * one.plan.macs);
  assert.ok(one.parameters > 10_000 && one.parameters <= 60_000);
  assert.equal(one.inputs[0].name, 'image');
});

test('run takes .npy and images, prints JSON and writes .npy', () => {
  const out = path.join(folder, 'out');
  const { status, stdout } = siskin('run', digits, '--input', `image=${seven}`, '--json', '--output', out);
  assert.equal(status, 0);
  const { outputs } = JSON.parse(stdout);
  const { data, dims } = outputs.probabilities;
  assert.deepEqual(dims, [1, 10]);
  assert.equal(data.indexOf(Math.max(...data)), 7);
  assert.deepEqual(readdirSync(out), ['probabilities.npy']);
  const written = readNpy(
    new Uint8Array(readFileSync(path.join(out, 'probabilities.npy'))),
    'probabilities.npy',
  );
  assert.equal(written.type, 'float32');
  assert.deepEqual([...new Float32Array(written.bytes.buffer)], data);

  const image = JSON.parse(
    siskin('run', digits, '-i', path.join(root, 'models/digits/sample-7.png'), '--json').stdout,
  );
  assert.equal(image.outputs.probabilities.data.indexOf(Math.max(...image.outputs.probabilities.data)), 7);
});

test('run --check-nodes agrees with the scalar reference at every node', () => {
  const { status, stdout } = siskin('run', digits, '-i', 'random:1,1,28,28', '--check-nodes', '--json');
  assert.equal(status, 0);
  const { check } = JSON.parse(stdout);
  assert.ok(check.length >= 8);
  for (const { op, maxAbs, maxDiff } of check)
    assert.ok(maxDiff <= 1e-5 * maxAbs, `${op}: ${maxDiff} of ${maxAbs}`);
});

test('run --profile prints the time by operator and node, with the speed where work is known', () => {
  const args = ['run', digits, '-i', 'random:1,1,28,28', '--profile', '--runs', '6'];
  const { status, stdout } = siskin(...args);
  assert.equal(status, 0);
  for (const part of [
    /ms a prediction/,
    /packing/,
    /^op +nodes +ms +share +GFLOP/m,
    /^Conv +\d/m,
    /^node +op/m,
  ])
    assert.match(stdout, part);
  const { profile } = JSON.parse(siskin(...args, '--json').stdout);
  assert.equal(profile.runs, 3);
  const convolutions = profile.steps.filter((/** @type {any} */ step) => step.op === 'Conv');
  assert.ok(convolutions.length >= 2);
  for (const { ms, share, macs, dims } of convolutions)
    assert.ok(ms > 0 && share > 0 && share <= 1 && macs > 1000 && dims.length === 4);
  refused(['run', digits, '-i', seven, '--profile', '--runs', 'many'], /--runs/);
});

test('strings, sequences, maps and optionals are given as JSON and printed', () => {
  const save = (name, model) => {
    const file = path.join(folder, `${name}.onnx`);
    writeFileSync(file, build(model));
    return file;
  };
  const words = save('words', {
    inputs: [value('x', 'string', ['n'])],
    outputs: [value('y', 'string', ['n'])],
    nodes: [node('Identity', ['x'], ['y'])],
  });
  assert.match(siskin('run', words, '-i', 'x=["red","grün"]').stdout, /^y: string\[2\]\n {2}"red" "grün"\n/);
  assert.match(siskin('run', words, '-i', 'x=red').stdout, /"red"/);

  const list = save('list', {
    inputs: [sequenceValue('s', 'float32', { optional: true })],
    outputs: [value('has', 'bool', []), sequenceValue('t', 'float32', { optional: true })],
    nodes: [node('OptionalHasElement', ['s'], ['has']), node('Identity', ['s'], ['t'])],
    opset: 18,
  });
  assert.match(siskin('info', list).stdout, /^input +s: optional sequence of float32$/m);
  const out = path.join(folder, 'list');
  const { outputs } = JSON.parse(siskin('run', list, '-i', 's=[[1,2],[3]]', '--json', '-o', out).stdout);
  assert.deepEqual(outputs.t[0], { type: 'float32', dims: [2], data: [1, 2] });
  assert.deepEqual(JSON.parse(readFileSync(path.join(out, 't.json'), 'utf8')), outputs.t);
  assert.match(siskin('run', list).stdout, /t: absent/);
  refused(['run', list, '-i', 's=nothing'], /wants JSON: a sequence/);

  const map = save('map', {
    opsets: { 'ai.onnx.ml': 1 },
    inputs: [mapValue('m', 'string', 'float32')],
    outputs: [value('y', 'float32', [1, 2])],
    nodes: [
      node('DictVectorizer', ['m'], ['y'], { string_vocabulary: ['a', 'b'] }, { domain: 'ai.onnx.ml' }),
    ],
  });
  assert.match(siskin('run', map, '-i', 'm={"b": 2}').stdout, /\n {2}0 2\n/);
  assert.match(siskin('info', map).stdout, /^input +m: map from string to float32$/m);
});
