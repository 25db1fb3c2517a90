/**
 * Threads in Node: the same bits, no more threads than cores, no process that cannot end, and models that work on when
 * helpers do not.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { built, DIST, rejects, siskin, slow, slowInput, trapIn, twice } from './setup.js';

const { load } = siskin;
const few = slow(3);
const many = availableParallelism() > 1 ? false : 'there is one core only';

test('threads give the same bits as one', { skip: many }, async () => {
  const input = slowInput().map((x) => Math.sin(x) / 3);
  const one = await load(few, { threads: 1 });
  const two = await load(few, { threads: 2 });
  assert.deepEqual([one.info.threads, one.info.notes], [1, []]);
  assert.deepEqual([two.info.threads, two.info.notes], [2, []]);
  assert.match(two.info.wasm, /-threads\.wasm$/);
  const { y } = await one.predict(input);
  for (let i = 0; i < 20; i++) assert.deepEqual((await two.predict(input)).y.data, y.data);
  await one.dispose();
  await two.dispose();
});

test('small models have one thread unless they are given more', { skip: many }, async () => {
  const small = await load(twice);
  assert.deepEqual([small.info.threads, small.info.notes], [1, []]);
  assert.deepEqual([...(await small.predict(new Float32Array(4).fill(3))).y.data], [6, 6, 6, 6]);
  const shared = await load(twice, { threads: 2 });
  assert.equal(shared.info.threads, 2);
  assert.deepEqual([...(await shared.predict(new Float32Array(4).fill(3))).y.data], [6, 6, 6, 6]);
  await small.dispose();
  await shared.dispose();
});

test('all models together have no more threads than there are cores', { skip: many }, async () => {
  const cores = availableParallelism();
  const first = await load(twice, { threads: cores });
  const second = await load(twice, { threads: 2 });
  assert.deepEqual([first.info.threads, second.info.threads], [cores, 1]);
  assert.match(second.info.notes.join(), /2 threads wanted, 1 of \d+ cores free/);
  await first.dispose();
  await rejects(load(new Uint8Array(10), { threads: cores }), 'malformed-model');
  const third = await load(twice, { threads: cores });
  assert.equal(third.info.threads, cores, 'what was disposed of, or failed to load, gave its threads back');
  await second.dispose();
  await third.dispose();
});

test('a process ends although helpers wait for work', { skip: many }, () => {
  const script = `
    import { load } from ${JSON.stringify(pathToFileURL(path.join(DIST, 'siskin.js')).href)};
    const model = await load(new Uint8Array(${JSON.stringify([...twice])}), { threads: 2 });
    const { y } = await model.predict(new Float32Array(4).fill(2));
    console.log(model.info.threads, ...y.data);`;
  const { stdout, status, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 30_000,
    encoding: 'utf8',
  });
  assert.deepEqual([stdout, status, signal], ['2 4 4 4 4\n', 0, null]);
});

test('a helper that breaks is not waited for', { skip: many }, async () => {
  const model = await load(few, {
    threads: 2,
    wasm: { binary: trapIn(built('siskin-simd128-threads.wasm'), 'serve') },
  });
  const input = slowInput();
  assert.deepEqual((await model.predict(input)).y.data, input);
  await model.dispose();
});

test('threads: what makes no sense', async () => {
  for (const threads of [0, -1, 1.5, '2', null])
    await rejects(load(twice, { threads: /** @type {any} */ (threads) }), 'bad-option', /threads/);
  const single = await load(twice, { threads: 2, wasm: { binary: built('siskin-simd128.wasm') } });
  assert.equal(single.info.threads, 1);
  if (!many) assert.match(single.info.notes.join(), /a build without/);
  await single.dispose();
});
