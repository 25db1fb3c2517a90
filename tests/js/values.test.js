/** Values other than numbers' tensors, through the public interface: strings, sequences, optionals and maps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build, integer, message, node, tensor, text, value } from './onnx-builder.js';
import { rejects, siskin } from './setup.js';

const { load, Tensor } = siskin;
const any = (/** @type {any} */ x) => x;
const TYPES = { float32: 1, int64: 7, string: 8 };

/** TypeProtos, as the fields of one. */
const tensorType = (/** @type {string} */ type) => [message(1, integer(1, TYPES[type]))];
const sequenceOf = (/** @type {any} */ type) => [message(4, message(1, type))];
const optionalOf = (/** @type {any} */ type) => [message(9, message(1, type))];
const mapOf = (/** @type {string} */ keys, /** @type {any} */ type) => [
  message(5, integer(1, TYPES[keys]), message(2, type)),
];
const declare = (/** @type {string} */ name, /** @type {any} */ type) => [text(1, name), message(2, type)];

/** A model with one node. */
const one = (op, attributes, inputs, outputs, more = {}) =>
  load(
    build({
      opset: 21,
      inputs,
      outputs,
      nodes: [node(op, more.names ?? ['x'], ['y'], attributes, { domain: more.domain ?? '' })],
      ...more,
    }),
  );
const strings = (/** @type {any} */ y) => [y.type, y.dims, y.data];

test('strings as a Tensor, as a bare array and like a tensor', async () => {
  const model = await one('Identity', {}, [value('x', 'string', ['n'])], [value('y', 'string', ['n'])]);
  const words = ['', 'a', 'Ünïcödé', '中文', '😀', 'with\0zero', 'x'.repeat(100_000)];
  for (const given of [
    new Tensor('string', words),
    words,
    { x: words },
    { type: 'string', data: words, dims: [7] },
  ]) {
    const { y } = await model.predict(any(given));
    assert.ok(y instanceof Tensor);
    assert.deepEqual(strings(y), ['string', [7], words]);
  }
  assert.deepEqual(strings((await model.predict({ x: any([]) })).y), ['string', [0], []]);
  await model.dispose();
});

test('strings that are no Unicode become it, others are as they were', async () => {
  const model = await one('Identity', {}, [value('x', 'string', [2])], [value('y', 'string', [2])]);
  const { y } = await model.predict({ x: any(['a\ud800b', 'ok']) });
  assert.deepEqual(strings(y), ['string', [2], ['a\ufffdb', 'ok']]);
  await model.dispose();
});

test('strings in the shape that is declared, or refused', async () => {
  const model = await one('Identity', {}, [value('x', 'string', ['n', 2])], [value('y', 'string', ['n', 2])]);
  assert.deepEqual((await model.predict({ x: any(['a', 'b', 'c', 'd']) })).y.dims, [2, 2]);
  await rejects(model.predict({ x: any(['a', 'b', 'c']) }), 'bad-shape', /'x'/);
  await rejects(model.predict({ x: new Tensor('string', ['a'], [1]) }), 'bad-shape', /'x'/);
  await rejects(model.predict({ x: Float32Array.of(1, 2) }), 'bad-type', /'x'.*string/);
  await rejects(model.predict({ x: new Tensor('float32', [1, 2], [1, 2]) }), 'bad-type', /string.*float32/);
  await rejects(model.predict({ x: any('ab') }), 'bad-type');
  assert.deepEqual((await model.predict({ x: any(['e', 'f']) })).y.data, ['e', 'f']);
  await model.dispose();
});

test('strings from constants and numbers, at each prediction anew', async () => {
  const model = await load(
    build({
      opset: 21,
      inputs: [value('x', 'float32', ['n'])],
      outputs: [value('y', 'string', ['n']), value('z', 'string', [2])],
      constants: [tensor('unit', 'string', [], [' µm'])],
      nodes: [
        node('Cast', ['x'], ['number'], { to: 8 }),
        node('StringConcat', ['number', 'unit'], ['y']),
        node('Constant', [], ['z'], { value_strings: ['ä', ''] }),
      ],
    }),
  );
  const first = await model.predict({ x: Float32Array.of(0.1, -2, Number.NaN) });
  const second = await model.predict({ x: Float32Array.of(3) });
  assert.deepEqual(first.y.data, ['0.1 µm', '-2 µm', 'NaN µm']);
  assert.deepEqual(second.y.data, ['3 µm']);
  assert.deepEqual(strings(second.z), ['string', [2], ['ä', '']]);
  await model.dispose();
});

test('text that is no number is named in the error, and the model still works', async () => {
  const model = await one('Cast', { to: 1 }, [value('x', 'string', ['n'])], [value('y', 'float32', ['n'])]);
  await rejects(model.predict({ x: any(['1', 'Hello World!']) }), 'bad-value', /Hello World!/);
  assert.deepEqual((await model.predict({ x: any(['1e3', '-.5']) })).y.data, Float32Array.of(1000, -0.5));
  await model.dispose();
});

test('a pattern that is wrong, or needs what is missing, is refused at load', async () => {
  const make = (/** @type {string} */ pattern) =>
    one('RegexFullMatch', { pattern }, [value('x', 'string', ['n'])], [value('y', 'bool', ['n'])]);
  await rejects(make('a(?=b)'), 'unsupported', /looking ahead.*=b/);
  await rejects(make('[a'), 'malformed-model', /missing \]/);
  const model = await make('\\d+(\\.\\d+)?');
  assert.deepEqual([...(await model.predict({ x: any(['1', '2.5', 'x', '3.']) })).y.data], [1, 1, 0, 0]);
  await model.dispose();
});

test('a loop carries strings', async () => {
  const inputs = [value('i', 'int64', []), value('go', 'bool', []), value('text', 'string', [])];
  const body = {
    inputs,
    outputs: [value('going', 'bool', []), value('longer', 'string', []), value('each', 'string', [])],
    nodes: [
      node('Identity', ['go'], ['going']),
      node('StringConcat', ['text', 'x'], ['longer']),
      node('Identity', ['longer'], ['each']),
    ],
  };
  const model = await load(
    build({
      opset: 21,
      inputs: [value('x', 'string', []), value('n', 'int64', [])],
      outputs: [value('y', 'string', []), value('all', 'string', ['n'])],
      nodes: [node('Loop', ['n', '', 'x'], ['y', 'all'], { body: { graph: body } })],
    }),
  );
  const { y, all } = await model.predict({
    x: new Tensor('string', ['ä'], []),
    n: new Tensor('int64', [3n], []),
  });
  assert.deepEqual(strings(y), ['string', [], ['ääää']]);
  assert.deepEqual(strings(all), ['string', [3], ['ää', 'äää', 'ääää']]);
  await model.dispose();
});

test('If gives strings of either branch', async () => {
  const branch = (/** @type {string} */ word) => ({
    outputs: [value('out', 'string', ['n'])],
    nodes: [
      node('Constant', [], ['c'], { value_strings: [word] }),
      node('Concat', ['x', 'c'], ['out'], { axis: 0 }),
    ],
  });
  const model = await load(
    build({
      opset: 21,
      inputs: [value('x', 'string', ['n']), value('yes', 'bool', [])],
      outputs: [value('y', 'string', ['m'])],
      nodes: [
        node('If', ['yes'], ['y'], {
          then_branch: { graph: branch('then') },
          else_branch: { graph: branch('else') },
        }),
      ],
    }),
  );
  for (const [flag, word] of [
    [1, 'then'],
    [0, 'else'],
    [1, 'then'],
  ]) {
    const { y } = await model.predict({ x: any(['a', 'b']), yes: new Tensor('bool', [Number(flag)], []) });
    assert.deepEqual(strings(y), ['string', [3], ['a', 'b', word]]);
  }
  await model.dispose();
});

test('parts of sentences: more of them than the input had elements', async () => {
  const model = await load(
    build({
      opset: 21,
      inputs: [value('x', 'string', ['n'])],
      outputs: [value('y', 'string', ['n', 'm']), value('count', 'int64', ['n'])],
      nodes: [node('StringSplit', ['x'], ['y', 'count'])],
    }),
  );
  const { y, count } = await model.predict({ x: any(['the quick fox', ' one ', '']) });
  assert.deepEqual(strings(y), ['string', [3, 3], ['the', 'quick', 'fox', 'one', '', '', '', '', '']]);
  assert.deepEqual([...count.data], [3n, 1n, 0n]);
  const empty = await model.predict({ x: any([]) });
  assert.deepEqual([empty.y.dims, empty.count.dims], [[0, 0], [0]]);
  await model.dispose();
});

test('a sequence goes in and comes out', async () => {
  const model = await load(
    build({
      opset: 21,
      inputs: [declare('x', sequenceOf(tensorType('string'))), value('more', 'string', null)],
      outputs: [declare('y', sequenceOf(tensorType('string'))), value('n', 'int64', [])],
      nodes: [node('SequenceInsert', ['x', 'more'], ['y']), node('SequenceLength', ['y'], ['n'])],
    }),
  );
  assert.equal(model.inputs[0].kind, 'sequence');
  const more = new Tensor('string', ['c', 'd'], [1, 2]);
  const { y, n } = await model.predict({ x: [new Tensor('string', ['a', 'bä'])], more });
  assert.deepEqual(any(y).map(strings), [
    ['string', [2], ['a', 'bä']],
    ['string', [1, 2], ['c', 'd']],
  ]);
  assert.deepEqual([...n.data], [2n]);
  assert.deepEqual(any((await model.predict({ x: [], more })).y).map(strings), [
    ['string', [1, 2], ['c', 'd']],
  ]);
  await rejects(model.predict({ x: new Tensor('string', ['a']), more }), 'bad-type', /'x'.*sequence.*array/);
  await rejects(model.predict({ x: any('ab'), more }), 'bad-type', /'x'.*sequence.*array/);
  await rejects(model.predict({ x: any(['ab']), more }), 'bad-type', /'x'/);
  await rejects(model.predict({ x: [new Tensor('float32', [1])], more }), 'bad-type', /'x'.*item 0.*string/);
  await rejects(model.predict({ x: any([null]), more }), 'bad-type', /'x'/);
  await rejects(model.predict({ more }), 'bad-name', /'x' is missing/);
  assert.equal(any((await model.predict({ x: [more, more], more })).y).length, 3);
  await model.dispose();
});

test('an optional is its content, or null', async () => {
  const model = await load(
    build({
      opset: 21,
      inputs: [declare('x', optionalOf(tensorType('string')))],
      outputs: [value('has', 'bool', []), declare('y', optionalOf(tensorType('string')))],
      nodes: [node('OptionalHasElement', ['x'], ['has']), node('Identity', ['x'], ['y'])],
    }),
  );
  for (const [given, has] of [
    [new Tensor('string', ['a', 'b']), 1],
    [null, 0],
    [new Tensor('string', ['c'], []), 1],
  ]) {
    const { has: got, y } = await model.predict({ x: any(given) });
    assert.deepEqual([...any(got).data], [has]);
    assert.deepEqual(y && strings(y), given && strings(given));
  }
  await rejects(model.predict({ x: new Tensor('float32', [1]) }), 'bad-type', /'x'/);
  await model.dispose();
  const plain = await one('Identity', {}, [value('x', 'string', ['n'])], [value('y', 'string', ['n'])]);
  await rejects(plain.predict({ x: null }), 'bad-name', /'x' is missing/);
  await plain.dispose();
});

test('a map goes in as an object or a Map; what is none is refused', async () => {
  const make = (/** @type {string} */ keys, /** @type {any} */ attributes) =>
    one(
      'DictVectorizer',
      attributes,
      [declare('x', mapOf(keys, tensorType('float32')))],
      [value('y', 'float32', [1, 2])],
      {
        domain: 'ai.onnx.ml',
        opsets: { 'ai.onnx.ml': 1 },
      },
    );
  const model = await make('string', { string_vocabulary: ['b', 'ä'] });
  assert.deepEqual([...(await model.predict({ x: any({ ä: 2, b: 1 }) })).y.data], [1, 2]);
  assert.deepEqual([...(await model.predict({ x: any(new Map([['ä', 3]])) })).y.data], [0, 3]);
  await rejects(model.predict({}), 'bad-name', /'x' is missing/);
  for (const given of [undefined, 5, 'ab', true, [1, 2], Float32Array.of(1), new Tensor('float32', [1])])
    await rejects(model.predict({ x: any(given) }), 'bad-type', /'x'.*map/);
  await model.dispose();
  const numbered = await make('int64', { int64_vocabulary: [7, -1] });
  assert.deepEqual([...(await numbered.predict({ x: any({ 7: 1.5, '-1': 2 }) })).y.data], [1.5, 2]);
  await rejects(numbered.predict({ x: any({ seven: 1 }) }), 'bad-type', /'x'.*seven/);
  await rejects(numbered.predict({ x: any(new Map([[1.5, 1]])) }), 'bad-type', /'x'.*1\.5/);
  assert.deepEqual([...(await numbered.predict({ x: any(new Map([[-1n, 4]])) })).y.data], [0, 4]);
  await numbered.dispose();
});

test('ZipMap gives plain objects, in which no name is special', async () => {
  const model = await one(
    'ZipMap',
    { classlabels_strings: ['__proto__', 'toString'] },
    [value('x', 'float32', ['n', 2])],
    [declare('y', sequenceOf(mapOf('string', tensorType('float32'))))],
    { domain: 'ai.onnx.ml', opsets: { 'ai.onnx.ml': 1 } },
  );
  const { y } = await model.predict({ x: Float32Array.of(1, 2, 3, 4) });
  assert.deepEqual(any(y).map(Object.entries), [
    [
      ['__proto__', 1],
      ['toString', 2],
    ],
    [
      ['__proto__', 3],
      ['toString', 4],
    ],
  ]);
  await model.dispose();
});
