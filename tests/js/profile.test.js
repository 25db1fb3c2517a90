/** profile: the times of a prediction's steps, and that taking them changes nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build, node, tensor, value } from './onnx-builder.js';
import { rejects, siskin, slow, slowInput, sumAndDifference, twice } from './setup.js';

const { load } = siskin;
const ones = () => Float32Array.of(1, 1, 1, 1);

/** Three times x + x, in the body of a Loop. */
const looped = build({
  inputs: [value('x', 'float32', [4])],
  outputs: [value('y', 'float32', [4])],
  constants: [tensor('three', 'int64', [], [3n]), tensor('yes', 'bool', [], [1])],
  nodes: [
    node('Loop', ['three', 'yes', 'x'], ['y'], {
      body: {
        graph: {
          inputs: [value('i', 'int64', []), value('go', 'bool', []), value('s', 'float32', [4])],
          outputs: [value('on', 'bool', []), value('d', 'float32', [4])],
          nodes: [node('Identity', ['go'], ['on']), node('Add', ['s', 's'], ['d'], {}, { name: 'doubling' })],
        },
      },
    }),
  ],
});

test('each step with its operator, node, shape and time', async () => {
  const model = await load(slow(5));
  const { runs, ms, load: loading, bind, pack, steps } = await model.profile(slowInput(), { runs: 4 });
  assert.equal(runs, 2, 'the faster half');
  assert.equal(steps.length, 5);
  assert.deepEqual(
    steps.map(({ op, node, calls, type, dims }) => ({ op, node, calls, type, dims })),
    ['h1', 'h2', 'h3', 'h4', 'y'].map((node) => {
      return { op: 'MatMul', node, calls: 1, type: 'float32', dims: [384, 384] };
    }),
  );
  const sum = steps.reduce((sum, step) => sum + step.ms, 0);
  assert.ok(sum <= ms && sum > 0.8 * ms, `${sum} of ${ms} ms are in the steps`);
  const least = Math.min(...steps.map((step) => step.ms));
  assert.ok(least > 0.05 * sum, `equal steps take about the same time, not ${least} of ${sum}`);
  for (const { ms: own, share } of steps) assert.ok(Math.abs(share * ms - own) < 1e-9);
  assert.ok(loading > 0 && pack > 0 && bind >= pack, `load ${loading}, bind ${bind}, pack ${pack}`);
  await model.dispose();
});

test('the body of a loop counts its calls', async () => {
  const model = await load(looped);
  const { steps } = await model.profile(ones());
  const found = steps.find((step) => step.node === 'doubling');
  assert.equal(found?.calls, 3, JSON.stringify(steps));
  await model.dispose();
});

test('without inputs the last prediction is profiled', async () => {
  const model = await load(sumAndDifference);
  await rejects(model.profile(), 'bad-name', /'a' is missing/);
  await model.predict({ a: Float32Array.of(5, 7), b: Float32Array.of(1, 2) });
  const { steps } = await model.profile();
  assert.deepEqual(
    steps.map(({ node }) => node),
    ['sum', 'difference'],
  );
  await model.dispose();
});

test('a kept state outlives a profile, and predictions go on as before', async () => {
  const model = await load(twice);
  const { y } = await model.predict(ones(), { outputs: ['y'], keep: { y: 'x' } });
  assert.deepEqual([...y.data], [2, 2, 2, 2]);
  await model.profile();
  assert.deepEqual([...(await model.predict({})).y.data], [4, 4, 4, 4]);
  assert.deepEqual([...(await model.predict(ones())).y.data], [2, 2, 2, 2]);
  await model.dispose();
});

test('wrong options and inputs are refused, an abort is heeded', async () => {
  const model = await load(slow());
  for (const runs of [0, -1, 1.5, NaN, /** @type {any} */ ('2')])
    await rejects(model.profile(slowInput(), { runs }), 'bad-option', /runs/);
  await rejects(model.profile({ z: ones() }), 'bad-name', /'z'/);
  const signal = AbortSignal.timeout(50);
  await assert.rejects(model.profile(slowInput(), { runs: 1000, signal }), { name: 'TimeoutError' });
  assert.deepEqual([...(await model.predict(slowInput())).y.data.slice(0, 3)], [0, 1, 2]);
  await model.dispose();
});
