/** A model over its life: state kept between calls, warm-up, diagnosis, a crash, the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build, node, value } from './onnx-builder.js';
import { built, rejects, same, siskin, slow, slowInput, sumAndDifference, trapIn, twice } from './setup.js';

const { load } = siskin;
const any = (/** @type {any} */ x) => x;
const ones = () => Float32Array.of(1, 1, 1, 1);

// ---- state ----

const counter = build({
  inputs: [value('step', 'float32', [1]), value('stateIn', 'float32', [1])],
  outputs: [value('stateOut', 'float32', [1]), value('squared', 'float32', [1])],
  nodes: [node('Add', ['step', 'stateIn'], ['stateOut']), node('Mul', ['stateOut', 'stateOut'], ['squared'])],
});

test('keep: an output stays inside as the next input', async () => {
  const recurrent = await load(counter);
  const keep = { stateOut: 'stateIn' };
  const step = Float32Array.of(2);
  const first = await recurrent.predict({ step, stateIn: Float32Array.of(1) }, { keep });
  assert.deepEqual(Object.keys(first), ['squared'], 'what is kept is not handed out');
  assert.equal(first.squared.data[0], 9);
  assert.equal((await recurrent.predict({ step }, { keep })).squared.data[0], 25);
  const both = await recurrent.predict({ step }, { keep, outputs: ['stateOut', 'squared'] });
  assert.deepEqual([both.stateOut.data[0], both.squared.data[0]], [7, 49]);

  // A failed or aborted call leaves the state; one that gives it anew replaces it.
  await rejects(recurrent.predict({ step: any(new Float32Array(3)) }, { keep }), 'bad-shape');
  await assert.rejects(recurrent.predict({ step }, { keep, signal: AbortSignal.abort() }));
  assert.equal((await recurrent.predict({ step }, { keep })).squared.data[0], 81);
  assert.equal((await recurrent.predict({ step, stateIn: Float32Array.of(0) }, { keep })).squared.data[0], 4);
  assert.equal((await recurrent.predict({ step })).squared.data[0], 16);
  await rejects(recurrent.predict({ step }), 'bad-name', /'stateIn' is missing/);
  await recurrent.dispose();
});

test('keep: outputs that are inputs change places', async () => {
  const swap = await load(
    build({
      inputs: [value('a', 'float32', ['n']), value('b', 'float32', ['m'])],
      outputs: [value('x', 'float32', ['m']), value('y', 'float32', ['n'])],
      nodes: [node('Identity', ['b'], ['x']), node('Identity', ['a'], ['y'])],
    }),
  );
  const keep = { x: 'a', y: 'b' };
  const large = new Float32Array(100_000).fill(2);
  await swap.predict({ a: Float32Array.of(1), b: large }, { keep });
  await swap.predict({}, { keep });
  await swap.predict({}, { keep });
  const { x, y } = await swap.predict({});
  assert.deepEqual(x.data, Float32Array.of(1));
  assert.deepEqual(y.data, large);
  await swap.dispose();
});

test('keep: of a name, type or shape that does not fit', async () => {
  const pair = await load(sumAndDifference);
  await rejects(
    pair.predict(
      { a: Float32Array.of(1, 2), b: Float32Array.of(1, 2) },
      { keep: { sum: 'b', nothing: 'a' } },
    ),
    'bad-name',
  );
  await pair.dispose();
  const odd = await load(
    build({
      inputs: [value('x', 'float32', [2])],
      outputs: [value('y', 'float32', [4])],
      nodes: [node('Concat', ['x', 'x'], ['y'], { axis: 0 })],
    }),
  );
  await rejects(odd.predict(Float32Array.of(1, 2), { keep: { y: 'x' } }), 'bad-shape');
  assert.deepEqual([...(await odd.predict(Float32Array.of(1, 2))).y.data], [1, 2, 1, 2]);
  await odd.dispose();
});

test('warmup plans before the first prediction', async () => {
  const fresh = await load(twice);
  const plans = async () => (await fresh.describe('memory')).plans;
  assert.equal(await plans(), 0);
  await rejects(fresh.warmup(), 'bad-name', /'x' is missing/);
  await fresh.warmup({ x: [3, 4] });
  assert.equal(await plans(), 1);
  await fresh.warmup({ x: ones() });
  await rejects(fresh.warmup({ z: [3, 4] }), 'bad-name');
  await rejects(fresh.warmup({ x: [3, 5] }), 'bad-shape');
  await rejects(fresh.warmup({ x: [-1, 4] }), 'limit');
  assert.deepEqual([...(await fresh.predict(ones())).y.data], [2, 2, 2, 2]);
  await rejects(fresh.predict({}), 'bad-name');
  await fresh.dispose();

  const fixed = await load(sumAndDifference);
  await fixed.warmup();
  assert.equal((await fixed.describe('memory')).plans, 1);
  await fixed.dispose();
});

// What only the command line needs is in a build of its own.
const tools = { wasm: { binary: built('siskin-tools.wasm') } };

test('describe', async () => {
  const model = await load(twice);
  assert.deepEqual(await model.describe('io'), { inputs: model.inputs, outputs: model.outputs });
  assert.ok((await model.describe('memory')).inUse > 0);
  await rejects(model.describe('graph'), 'unsupported', /tools/);
  await model.dispose();

  const open = await load(twice, tools);
  assert.match(await open.describe('graph'), /Mul/);
  assert.equal((await open.describe('model')).ops.Mul, 1);
  await rejects(open.describe('plan'), 'bad-state');
  await open.predict(ones());
  assert.ok((await open.describe('plan')).steps.length > 0);
  await rejects(open.describe(any('nothing')), 'bad-value');
  await open.dispose();
});

test('debug.check compares with the reference kernels', async () => {
  const checked = await load(twice, { debug: { check: true }, ...tools });
  await checked.predict(ones());
  const rows = await checked.describe('check');
  assert.ok(rows.length >= 1);
  assert.ok(
    rows.every((/** @type {any} */ row) => row.maxDiff <= 1e-5 * row.maxAbs),
    JSON.stringify(rows),
  );
  await checked.dispose();
  const reference = await load(twice, { debug: { reference: true, noFusion: true }, ...tools });
  assert.deepEqual([...(await reference.predict(ones())).y.data], [2, 2, 2, 2]);
  await reference.dispose();
});

// ---- the end ----

test('dispose ends what runs and what waits, and may be repeated', async () => {
  const long = await load(slow(200));
  const running = long.predict(slowInput());
  const queued = long.predict(slowInput());
  await new Promise((resolve) => setTimeout(resolve, 20));
  await long.dispose();
  await rejects(running, 'disposed');
  await rejects(queued, 'disposed');
  await rejects(long.predict(slowInput()), 'disposed');
  await rejects(long.warmup(), 'disposed');
  await rejects(long.describe('memory'), 'disposed');
  await long.dispose();
});

test('Symbol.asyncDispose', { skip: !Symbol.asyncDispose && 'the platform has none' }, async () => {
  const one = await load(twice);
  await one[Symbol.asyncDispose]();
  await rejects(one.predict(ones()), 'disposed');
});

test('disposed models give their memory back', async () => {
  const large = same('float32', any(['n']));
  const collect = /** @type {any} */ (globalThis).gc;
  const memory = () => {
    collect?.();
    return process.memoryUsage().rss / 1e6;
  };
  const before = memory();
  for (let i = 0; i < 40; i++) {
    const one = await load(large);
    await one.predict(new Float32Array(4 << 20)); // 16 MB in, 16 MB out, at least
    await one.dispose();
  }
  const grown = memory() - before;
  assert.ok(grown < 700, `${grown} MB more after 40 models of over 32 MB each`);
});

test('a crash loses that model and no other', async () => {
  const other = await load(twice);
  const binary = trapIn(built('siskin-simd128.wasm'), 'run');
  const broken = await load(twice, { wasm: { binary } });
  const queued = [broken.predict(ones()), broken.predict(ones())];
  for (const call of queued) await rejects(call, 'crashed', /load the model again/);
  await rejects(broken.describe('memory'), 'crashed');
  assert.equal((await other.predict(ones())).y.data[0], 2);
  await other.dispose();
  await broken.dispose();
  await rejects(broken.predict(ones()), 'disposed');
  const again = await load(twice);
  assert.equal((await again.predict(ones())).y.data[0], 2);
  await again.dispose();
});
