/** predict: names, types and shapes of what goes in and out, who owns it, order and abort. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { build, node, value } from './onnx-builder.js';
import { rejects, same, siskin, slow, slowInput, sumAndDifference, twice } from './setup.js';

const { load, Tensor } = siskin;
const any = (/** @type {any} */ x) => x;
const ones = () => Float32Array.of(1, 1, 1, 1);

/** @type {import('../../js/siskin.d.ts').Model} */
let model;
/** @type {import('../../js/siskin.d.ts').Model} */
let pair;
before(async () => {
  model = await load(twice);
  pair = await load(sumAndDifference);
});
after(async () => {
  await model.dispose();
  await pair.dispose();
});

/** The models of this file still work. */
async function stillWorks() {
  assert.deepEqual([...(await model.predict(ones())).y.data], [2, 2, 2, 2]);
  const { sum, difference } = await pair.predict({ a: Float32Array.of(5, 7), b: Float32Array.of(1, 2) });
  assert.deepEqual([...sum.data, ...difference.data], [6, 9, 4, 5]);
}

// ---- inputs ----

test('inputs and outputs are described', () => {
  assert.deepEqual(model.inputs, [{ name: 'x', type: 'float32', dims: ['n', 4] }]);
  assert.deepEqual(model.outputs, [{ name: 'y', type: 'float32', dims: ['n', 4] }]);
});

test('by name or alone, as Tensor, typed array or like a tensor', async () => {
  const x = new Tensor('float32', ones(), [1, 4]);
  const like = { type: /** @type {const} */ ('float32'), data: ones(), dims: [1, 4] };
  for (const inputs of [{ x }, x, { x: ones() }, ones(), { x: like }, like]) {
    const { y } = await model.predict(inputs);
    assert.ok(y instanceof Tensor);
    assert.deepEqual({ ...y }, { type: 'float32', dims: [1, 4], data: Float32Array.of(2, 2, 2, 2) });
  }
});

test("an open dimension is the array's length", async () => {
  assert.deepEqual((await model.predict(new Float32Array(12))).y.dims, [3, 4]);
  assert.deepEqual((await model.predict(new Float32Array(0))).y.dims, [0, 4]);
  await rejects(model.predict(new Float32Array(6)), 'bad-shape', /input 'x'/);
  const open = await load(same('float32', any(['a', 'b'])));
  await rejects(open.predict(ones()), 'bad-shape', /a,b.*Tensor/);
  assert.deepEqual((await open.predict(new Tensor('float32', ones(), [2, 2]))).y.dims, [2, 2]);
  await open.dispose();
});

test('wrong names say what there is', async () => {
  await rejects(model.predict({ z: ones() }), 'bad-name', /'z'.*'x'/);
  await rejects(model.predict({ x: ones(), z: ones() }), 'bad-name');
  await rejects(model.predict({}), 'bad-name', /'x' is missing/);
  await rejects(model.predict(any(undefined)), 'bad-name', /'x' is missing/);
  await rejects(pair.predict({ a: Float32Array.of(1, 2) }), 'bad-name', /'b' is missing/);
  await rejects(pair.predict(Float32Array.of(1, 2)), 'bad-name', /2 inputs/);
  await rejects(model.predict(ones(), { outputs: ['z'] }), 'bad-name', /'z'.*'y'/);
  await rejects(model.predict(ones(), { keep: { y: 'z' } }), 'bad-name');
  await rejects(model.predict(ones(), { keep: { z: 'x' } }), 'bad-name');
  await rejects(model.predict(JSON.parse('{"__proto__": null}')), 'bad-name', /__proto__/);
  await stillWorks();
});

test('an input given to an earlier call does not count for the next', async () => {
  await pair.predict({ a: Float32Array.of(1, 2), b: Float32Array.of(1, 2) });
  await rejects(pair.predict({ b: Float32Array.of(1, 2) }), 'bad-name', /'a' is missing/);
  await stillWorks();
});

test('wrong types and shapes say what was expected and what came', async () => {
  await rejects(
    model.predict({ x: new Tensor('int32', [1, 2, 3, 4], [1, 4]) }),
    'bad-type',
    /float32.*int32/,
  );
  await rejects(
    model.predict({ x: any(new Float64Array(4)) }),
    'bad-type',
    /input 'x'.*Float32Array.*Float64Array/,
  );
  await rejects(model.predict({ x: any('abc') }), 'bad-type');
  await rejects(model.predict({ x: any(5) }), 'bad-type');
  await rejects(model.predict({ x: any([1, 2, 3, 4]) }), 'bad-type');
  await rejects(model.predict(new Tensor('float32', ones(), [2, 2])), 'bad-shape', /4\].*\[2,2\]/);
  await rejects(model.predict(new Tensor('float32', ones(), [4])), 'bad-shape');
  await rejects(
    model.predict(new Tensor('float32', ones(), [1, 1, 1, 1, 1, 1, 1, 1, 4])),
    'bad-shape',
    /rank/,
  );
  await stillWorks();
});

test('a tensor that was changed since is checked again', async () => {
  const x = new Tensor('float32', ones(), [1, 4]);
  any(x).dims[0] = 1000;
  await rejects(model.predict({ x }), 'bad-shape');
  any(x).dims = [1, 4];
  any(x).data = new Float32Array(3);
  await rejects(model.predict({ x }), 'bad-shape');
  await stillWorks();
});

test('every element type goes through', async () => {
  const samples = {
    float32: [1.5, -2, 0, 3],
    float64: [1.5, -2, 0, 3],
    int8: [-128, 127, 0, 1],
    uint8: [0, 255, 1, 2],
    int16: [-32768, 32767, 0, 1],
    uint16: [0, 65535, 1, 2],
    int32: [-(2 ** 31), 2 ** 31 - 1, 0, 1],
    uint32: [0, 2 ** 32 - 1, 1, 2],
    int64: [-(2n ** 63n), 2n ** 63n - 1n, 0n, 1n],
    uint64: [0n, 2n ** 64n - 1n, 1n, 2n],
    bool: [0, 1, 1, 0],
    float16: [0x3c00, 0, 0xffff, 1],
    bfloat16: [0x3f80, 0, 0xffff, 1],
  };
  for (const [type, elements] of Object.entries(samples)) {
    const identity = await load(same(type));
    const given = new Tensor(any(type), elements, [4]);
    const { y } = await identity.predict(given);
    assert.deepEqual({ ...y }, { ...given }, type);
    assert.deepEqual({ ...(await identity.predict(given.data)).y }, { ...given }, `${type}, bare`);
    await identity.dispose();
  }
});

test('rank 0 and empty tensors', async () => {
  const scalar = await load(same('float32', []));
  const { y } = await scalar.predict(Float32Array.of(7));
  assert.deepEqual({ ...y }, { type: 'float32', dims: [], data: Float32Array.of(7) });
  await scalar.dispose();
  const empty = await load(same('float32', [2, 0]));
  assert.deepEqual(
    { ...(await empty.predict(new Float32Array(0))).y },
    { type: 'float32', dims: [2, 0], data: new Float32Array(0) },
  );
  await empty.dispose();
});

test('strings go in and come out', async () => {
  const texts = await load(same('string'));
  const given = ['a', '', 'Übung 🐦', 'line\nline'];
  const { y } = await texts.predict(new Tensor('string', given));
  assert.deepEqual([y.type, y.dims, y.data], ['string', [4], given]);
  const again = await texts.predict(given.map((text) => text.toUpperCase()));
  assert.equal(again.y.data[2], 'ÜBUNG 🐦');
  assert.deepEqual(y.data, given, 'the earlier ones are still there');
  await rejects(texts.predict(new Tensor('float32', [1, 2, 3, 4])), 'bad-type', /string/);
  await texts.dispose();
});

// ---- results ----

test('results have no prototype, and hostile names are names', async () => {
  const names = ['__proto__', 'constructor', 'then', 'toString'];
  const hostile = await load(
    build({
      inputs: names.map((name) => value(name, 'float32', [1])),
      outputs: names.map((name) => value(`${name}_`, 'float32', [1])),
      nodes: names.map((name) => node('Neg', [name], [`${name}_`])),
    }),
  );
  const inputs = JSON.parse('{"__proto__": 0, "constructor": 0, "then": 0, "toString": 0}');
  for (const [i, name] of names.entries()) {
    Object.defineProperty(inputs, name, { value: Float32Array.of(i + 1), enumerable: true });
  }
  const out = await hostile.predict(inputs);
  assert.equal(Object.getPrototypeOf(out), null);
  assert.deepEqual(
    names.map((name) => out[`${name}_`].data[0]),
    [-1, -2, -3, -4],
  );
  await hostile.dispose();

  const proto = await load(
    build({
      inputs: [value('x', 'float32', [1])],
      outputs: [value('__proto__', 'float32', [1])],
      nodes: [node('Neg', ['x'], ['__proto__'])],
    }),
  );
  const result = await proto.predict(Float32Array.of(3));
  assert.equal(Object.getPrototypeOf(result), null);
  assert.deepEqual(Object.keys(result), ['__proto__']);
  assert.equal(Object.values(result)[0].data[0], -3);
  await proto.dispose();
});

test('outputs asked for are the ones that come', async () => {
  const inputs = { a: Float32Array.of(5, 7), b: Float32Array.of(1, 2) };
  assert.deepEqual(Object.keys(await pair.predict(inputs)), ['sum', 'difference']);
  assert.deepEqual(Object.keys(await pair.predict(inputs, { outputs: ['difference'] })), ['difference']);
  assert.deepEqual(Object.keys(await pair.predict(inputs, { outputs: [] })), []);
});

test("results are the caller's: later predictions do not touch them", async () => {
  const { y } = await model.predict(ones());
  y.data[0] = 99;
  await model.predict(new Float32Array(4));
  assert.deepEqual([...y.data], [99, 2, 2, 2]);
});

// ---- ownership of inputs ----

test('inputs are copied at the call, and only their own bytes', async () => {
  const around = new Float32Array(1 << 20).fill(9);
  const view = around.subarray(8, 12);
  view.set([1, 2, 3, 4]);
  const queued = [model.predict(view), model.predict(view)];
  view.fill(0);
  for (const { y } of await Promise.all(queued)) assert.deepEqual([...y.data], [2, 4, 6, 8]);
  assert.equal(around.length, 1 << 20);
  assert.equal(view.length, 4);
});

test('transfer gives buffers away; shared memory is copied all the same', async () => {
  const buffer = new ArrayBuffer(32);
  new Float32Array(buffer).set([1, 2, 3, 4, 5, 6, 7, 8]);
  const a = new Float32Array(buffer, 0, 2);
  const b = new Float32Array(buffer, 8, 2);
  const { sum } = await pair.predict({ a, b }, { transfer: true });
  assert.deepEqual([...sum.data], [4, 6]);
  const shared = new Float32Array(new SharedArrayBuffer(16)).fill(1);
  assert.equal((await model.predict(shared, { transfer: true })).y.data[3], 2);
  assert.equal(shared.length, 4);
});

// ---- order, abort ----

test('calls queue and each gets its own answer', async () => {
  const calls = Array.from({ length: 50 }, (_, i) =>
    model.predict(new Float32Array(4 * (1 + (i % 3))).fill(i)),
  );
  for (const [i, { y }] of (await Promise.all(calls)).entries()) {
    assert.equal(y.data.length, 4 * (1 + (i % 3)));
    assert.ok(y.data.every((/** @type {number} */ one) => one === 2 * i));
  }
});

test('a rejection does not touch the calls around it', async () => {
  const good = [0, 1, 2].map((i) => model.predict(new Float32Array(4).fill(i)));
  const bad = [
    model.predict(new Tensor('float32', ones(), [4])),
    model.predict({}),
    model.predict({ z: ones() }),
  ];
  const later = model.predict(ones());
  assert.deepEqual(
    (await Promise.allSettled(bad)).map(({ status }) => status),
    Array(3).fill('rejected'),
  );
  assert.deepEqual(
    (await Promise.all(good)).map(({ y }) => y.data[0]),
    [0, 2, 4],
  );
  assert.equal((await later).y.data[0], 2);
});

test('a running prediction stops within a slice or a step, a queued one at once', async () => {
  const long = await load(slow(200));
  await long.predict(slowInput(), { signal: AbortSignal.timeout(30_000) });
  const started = performance.now();
  await long.predict(slowInput());
  const whole = performance.now() - started;

  const stop = new AbortController();
  const stopQueued = new AbortController();
  const running = long.predict(slowInput(), { signal: stop.signal });
  const queued = long.predict(slowInput(), { signal: stopQueued.signal });
  const third = long.predict(slowInput());
  await new Promise((resolve) => setTimeout(resolve, whole / 20));
  const own = new Error('mine');
  let at = performance.now();
  stopQueued.abort(own);
  await assert.rejects(queued, (error) => error === own);
  assert.ok(performance.now() - at < 100, `queued: ${performance.now() - at} ms`);
  at = performance.now();
  stop.abort();
  await assert.rejects(running, { name: 'AbortError' });
  assert.ok(performance.now() - at < 100, `running: ${performance.now() - at} ms`);

  // The third starts at once: it takes about one run from here, not the rest of the first as well.
  assert.deepEqual((await third).y.data, slowInput());
  const rest = performance.now() - at;
  assert.ok(rest < whole * 1.7 + 300, `${rest} ms after the abort, a whole run takes ${whole}`);
  await assert.rejects(long.predict(slowInput(), { signal: AbortSignal.abort() }), { name: 'AbortError' });
  await long.dispose();
});

test('the event loop turns during a long prediction', async () => {
  const long = await load(slow(60));
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await long.predict(slowInput());
  clearInterval(timer);
  assert.ok(turns >= 5, `${turns} turns`);
  await long.dispose();
});
