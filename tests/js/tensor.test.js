/** The Tensor class: what it takes, what it refuses, its conversions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejects, siskin } from './setup.js';

const { Tensor } = siskin;
const any = (/** @type {any} */ x) => x;

/** @type {[any, any][]} */
const ARRAYS = [
  ['float32', Float32Array],
  ['float64', Float64Array],
  ['float16', Uint16Array],
  ['bfloat16', Uint16Array],
  ['int8', Int8Array],
  ['uint8', Uint8Array],
  ['bool', Uint8Array],
  ['int16', Int16Array],
  ['uint16', Uint16Array],
  ['int32', Int32Array],
  ['uint32', Uint32Array],
  ['int64', BigInt64Array],
  ['uint64', BigUint64Array],
  ['float8e4m3fn', Uint8Array],
  ['float8e5m2fnuz', Uint8Array],
  ['float8e8m0', Uint8Array],
];

test('each type takes its own array, as it is', () => {
  for (const [type, Class] of ARRAYS) {
    const data = new Class(6);
    const tensor = new Tensor(type, data, [2, 3]);
    assert.equal(tensor.data, data);
    assert.deepEqual({ ...tensor }, { type, dims: [2, 3], data });
  }
});

test('packed types count bytes', async () => {
  for (const [type, perByte] of [
    ['int4', 2],
    ['uint4', 2],
    ['float4e2m1', 2],
    ['int2', 4],
    ['uint2', 4],
  ]) {
    new Tensor(any(type), new Uint8Array(Math.ceil(7 / Number(perByte))), [7]);
    await rejects(() => new Tensor(any(type), new Uint8Array(7), [7]), 'bad-shape');
  }
});

test('another array is refused by name', async () => {
  await rejects(
    () => new Tensor('float32', any(new Float64Array(1)), [1]),
    'bad-type',
    /Float32Array, not Float64Array/,
  );
  await rejects(() => new Tensor('int8', any(new Uint8Array(1)), [1]), 'bad-type');
  await rejects(() => new Tensor('float32', any(undefined), [1]), 'bad-type', /undefined/);
  await rejects(() => new Tensor('float32', any('abc'), [3]), 'bad-type');
  await rejects(() => new Tensor('float32', any(new DataView(new ArrayBuffer(4))), [1]), 'bad-type');
});

test('unknown types are refused, those of Object.prototype too', async () => {
  for (const type of ['float', 'constructor', '__proto__', 'toString', 'int128', '', undefined]) {
    await rejects(() => new Tensor(any(type), new Uint8Array(0), [0]), 'bad-type');
  }
});

test('shapes have to fit', async () => {
  for (const dims of [[2], [4], [1, 2], [-3], [-1, -3], [1.5, 2], [NaN], [3, Infinity], ['x'], [2 ** 31]]) {
    await rejects(() => new Tensor('uint8', new Uint8Array(3), any(dims)), 'bad-shape');
  }
  await rejects(() => new Tensor('uint8', new Uint8Array(0), [0, 2 ** 32]), 'bad-shape');
  assert.deepEqual(new Tensor('uint8', new Uint8Array(3)).dims, [3]);
  assert.deepEqual(new Tensor('uint8', new Uint8Array(1), []).dims, []);
  assert.deepEqual(new Tensor('uint8', new Uint8Array(0), [2, 0, 7]).dims, [2, 0, 7]);
});

test('the shape is a copy', () => {
  const dims = [2];
  const tensor = new Tensor('uint8', new Uint8Array(2), dims);
  dims[0] = 5;
  assert.deepEqual(tensor.dims, [2]);
});

test('plain arrays, canvas pixels and buffers are taken', () => {
  assert.deepEqual(new Tensor('int64', [1n, -1n], [2]).data, BigInt64Array.of(1n, -1n));
  assert.deepEqual(new Tensor('bool', [true, false], [2]).data, Uint8Array.of(1, 0));
  assert.deepEqual(new Tensor('float32', [0.5], []).data, Float32Array.of(0.5));
  assert.deepEqual(new Tensor('string', ['a', 'b'], [2]).data, ['a', 'b']);
  const pixels = new Uint8ClampedArray([1, 2, 3, 4]).subarray(1, 3);
  const tensor = new Tensor('uint8', pixels, [2]);
  assert.deepEqual(tensor.data, Uint8Array.of(2, 3));
  assert.equal(tensor.data.buffer, pixels.buffer, 'not copied');
  assert.deepEqual(new Tensor('int16', new Int16Array([7, 8]).buffer, [2]).data, Int16Array.of(7, 8));
});

test('Float16Array is taken where the platform has it', (t) => {
  // Node 20 has none: a stand-in of the same shape shows that its bits are used.
  const Half = /** @type {any} */ (globalThis).Float16Array;
  t.diagnostic(Half ? 'the real one' : 'a stand-in');
  class Float16Array extends Uint16Array {
    get [Symbol.toStringTag]() {
      return any('Float16Array');
    }
  }
  const data = Half ? Half.of(1, -2) : Float16Array.of(0x3c00, 0xc000);
  const tensor = new Tensor('float16', data, [2]);
  assert.deepEqual([...tensor.data], [0x3c00, 0xc000]);
  assert.deepEqual([...tensor.toFloat32()], [1, -2]);
});

test('float16 and bfloat16 decode', () => {
  const halves = [0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x03ff, 0x7c00, 0xfc00, 0x3555];
  const expected = [
    0,
    -0,
    1,
    -2,
    65504,
    2 ** -14,
    2 ** -24,
    1023 * 2 ** -24,
    Infinity,
    -Infinity,
    0.333251953125,
  ];
  assert.deepEqual([...new Tensor('float16', Uint16Array.from(halves)).toFloat32()], expected);
  assert.ok(Number.isNaN(new Tensor('float16', [0x7e00]).toFloat32()[0]));
  const brains = new Tensor('bfloat16', [0x3f80, 0xc000, 0x7f80, 0x0000, 0xff80]);
  assert.deepEqual([...brains.toFloat32()], [1, -2, Infinity, 0, -Infinity]);
});

test('other numbers convert, and what has no numbers says so', async () => {
  assert.deepEqual(new Tensor('int64', [3n]).toFloat32(), Float32Array.of(3));
  assert.deepEqual(new Tensor('bool', [true]).toFloat32(), Float32Array.of(1));
  const floats = Float32Array.of(1);
  assert.equal(new Tensor('float32', floats).toFloat32(), floats);
  await rejects(() => new Tensor('string', ['a']).toFloat32(), 'bad-type');
  await rejects(() => new Tensor('int4', Uint8Array.of(1), [2]).toFloat32(), 'bad-type');
});
