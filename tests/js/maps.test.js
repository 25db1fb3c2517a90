/** Maps as inputs and outputs: ZipMap, DictVectorizer and CastMap of ai.onnx.ml, which onnxruntime for Node cannot show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build, mapValue, node, value } from './onnx-builder.js';
import { rejects, siskin } from './setup.js';

const { load, Tensor } = siskin;
const any = (/** @type {any} */ x) => x;

const one = (op, attributes, inputs, outputs) =>
  load(
    build({
      opsets: { 'ai.onnx.ml': 1 },
      inputs,
      outputs,
      nodes: [node(op, ['x'], ['y'], attributes, { domain: 'ai.onnx.ml' })],
    }),
  );
const zip = (keys, attributes) =>
  one('ZipMap', attributes, [value('x', 'float32', ['n', 3])], [mapValue('y', keys, 'float32', true)]);
const scores = new Tensor('float32', Float32Array.of(0.5, 0.25, 0.125, -1, 2, 4), [2, 3]);
const plain = (/** @type {any} */ list) => list.map((/** @type {any} */ map) => ({ ...map }));

test('ZipMap with names as keys gives plain objects', async () => {
  const model = await zip('string', { classlabels_strings: ['ape', 'cow', 'Ünal'] });
  const { y } = await model.predict({ x: scores });
  assert.deepEqual(plain(y), [
    { ape: 0.5, cow: 0.25, Ünal: 0.125 },
    { ape: -1, cow: 2, Ünal: 4 },
  ]);
  const kept = await model.predict({ x: new Tensor('float32', Float32Array.of(7, 8, 9), [1, 3]) });
  assert.deepEqual(plain(kept.y), [{ ape: 7, cow: 8, Ünal: 9 }]);
  assert.deepEqual(plain(y)[0], { ape: 0.5, cow: 0.25, Ünal: 0.125 }, 'the earlier maps are still there');
  await model.dispose();
});

test('ZipMap with integers as keys', async () => {
  const model = await zip('int64', { classlabels_int64s: [3, -1, 2 ** 40] });
  const { y } = await model.predict({ x: scores });
  assert.deepEqual(plain(y)[1], { 3: -1, '-1': 2, 1099511627776: 4 });
  const { y: none } = await model.predict({ x: new Tensor('float32', new Float32Array(0), [0, 3]) });
  assert.deepEqual(none, []);
  await model.dispose();
});

test('ZipMap refuses other widths and keys that are missing or given twice', async () => {
  await rejects(zip('string', { classlabels_strings: ['a', 'b'] }), 'bad-shape');
  await rejects(zip('string', {}), 'malformed-model');
  await rejects(zip('string', { classlabels_strings: ['a'], classlabels_int64s: [1] }), 'malformed-model');
});

test('DictVectorizer puts values where the vocabulary says', async () => {
  const make = (keys, values, attributes) =>
    one('DictVectorizer', attributes, [mapValue('x', keys, values)], [value('y', values, [1, 4])]);
  const words = await make('string', 'float32', { string_vocabulary: ['a', 'c', 'b', 'z'] });
  const { y } = await words.predict({ x: { a: 4, c: 8, unknown: 1 } });
  assert.deepEqual([...any(y).data], [4, 8, 0, 0]);
  assert.deepEqual([...any((await words.predict({ x: {} })).y).data], [0, 0, 0, 0]);
  await words.dispose();
  const numbers = await make('int64', 'string', { int64_vocabulary: [5, -7, 0, 1] });
  const given = new Map([
    [0n, 'null'],
    [-7n, 'minus seven'],
  ]);
  assert.deepEqual(
    [...any((await numbers.predict({ x: any(given) })).y).data],
    ['', 'minus seven', 'null', ''],
  );
  await numbers.dispose();
  const wrong = await make('string', 'float32', { int64_vocabulary: [5, -7, 0, 1] });
  await rejects(wrong.predict({ x: { a: 4 } }), 'bad-type');
  await wrong.dispose();
});

test('CastMap lays values out by their keys', async () => {
  const make = (values, to, attributes, width) =>
    one('CastMap', attributes, [mapValue('x', 'int64', values)], [value('y', to, [1, width])]);
  const given = any(
    new Map([
      [3n, 30.5],
      [0n, 1.25],
      [2n, -2.75],
    ]),
  );
  const dense = await make('float32', 'float32', {}, 3);
  assert.deepEqual([...any((await dense.predict({ x: given })).y).data], [1.25, -2.75, 30.5]);
  await dense.dispose();
  const sparse = { map_form: 'SPARSE', cast_to: 'TO_INT64', max_map: 4 };
  const whole = await make('float32', 'int64', sparse, 4);
  assert.deepEqual([...any((await whole.predict({ x: given })).y).data], [1n, 0n, -2n, 30n]);
  await rejects(whole.predict({ x: any(new Map([[4n, 1]])) }), 'bad-value');
  await rejects(whole.predict({ x: any(new Map([[-1n, 1]])) }), 'bad-value');
  await whole.dispose();
  const texts = await make('string', 'string', { cast_to: 'TO_STRING' }, 2);
  const { y } = await texts.predict({
    x: any(
      new Map([
        [9n, 'nine'],
        [-9n, 'minus nine'],
      ]),
    ),
  });
  assert.deepEqual([...any(y).data], ['minus nine', 'nine']);
  await texts.dispose();
});
