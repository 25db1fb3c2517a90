/**
 * What the tests of the loader share: Siskin as it was built, models made here, and wasm broken on purpose.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, node, tensor, value } from './onnx-builder.js';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const DIST = process.env.SISKIN_DIST ?? path.join(root, 'dist');

/** @type {typeof import('../../js/siskin.d.ts')} */
export const siskin = await import(pathToFileURL(path.join(DIST, 'siskin.js')).href);

/** @param {string} name */
export const built = (name) => new Uint8Array(readFileSync(path.join(DIST, name)));

/** y = 2x, x being float32[n, 4]: 120 bytes. */
export const twice = build({
  inputs: [value('x', 'float32', ['n', 4])],
  outputs: [value('y', 'float32', ['n', 4])],
  constants: [tensor('two', 'float32', [], [2])],
  nodes: [node('Mul', ['x', 'two'], ['y'])],
});

/** y = x as is, for any type and shape. */
export const same = (/** @type {string} */ type, dims = [4]) =>
  build({
    inputs: [value('x', type, dims)],
    outputs: [value('y', type, dims)],
    nodes: [node('Identity', ['x'], ['y'])],
  });

/** sum = a + b, difference = a - b, of two floats each. */
export const sumAndDifference = build({
  inputs: [value('a', 'float32', [2]), value('b', 'float32', [2])],
  outputs: [value('sum', 'float32', [2]), value('difference', 'float32', [2])],
  nodes: [node('Add', ['a', 'b'], ['sum']), node('Sub', ['a', 'b'], ['difference'])],
});

const SIZE = 384;
/**
 * Multiplies a matrix by a constant one `steps` times, each a few milliseconds: y = x for the identity. For what has
 * to be stopped in mid-run.
 */
export function slow(steps = 100) {
  const identity = new Float32Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; i++) identity[i * SIZE + i] = 1;
  const name = (/** @type {number} */ i) => (i === 0 ? 'x' : i === steps ? 'y' : `h${i}`);
  return build({
    inputs: [value('x', 'float32', [SIZE, SIZE])],
    outputs: [value('y', 'float32', [SIZE, SIZE])],
    constants: [tensor('identity', 'float32', [SIZE, SIZE], identity)],
    nodes: Array.from({ length: steps }, (_, i) => node('MatMul', [name(i), 'identity'], [name(i + 1)])),
  });
}
export const slowInput = () => new Float32Array(SIZE * SIZE).map((_, i) => i % 17);

/**
 * Expects a SiskinError.
 * @param {Promise<unknown> | (() => unknown)} action
 * @param {string} code
 * @param {RegExp} [message]
 */
export async function rejects(action, code, message = /./) {
  const check = (/** @type {any} */ error) => {
    assert.ok(error instanceof siskin.SiskinError, `not a SiskinError: ${error?.stack ?? error}`);
    assert.equal(error.name, 'SiskinError');
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
  if (typeof action === 'function') assert.throws(action, check);
  else await assert.rejects(action, check);
}

/** Reads a LEB128 number: [value, offset after it]. @param {Uint8Array} bytes @param {number} at */
function leb(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return [value, at];
  }
}

/** @param {number} number */
function toLeb(number) {
  const bytes = [];
  for (; number > 127; number = Math.floor(number / 128)) bytes.push((number % 128) | 128);
  return [...bytes, number];
}

/**
 * The wasm with one exported function replaced by a trap.
 * @param {Uint8Array} wasm
 * @param {string} name
 */
export function trapIn(wasm, name) {
  let imported = 0;
  let index = -1;
  for (let at = 8; at < wasm.length; ) {
    const id = wasm[at];
    const [size, start] = leb(wasm, at + 1);
    let p = start;
    let count;
    [count, p] = leb(wasm, p);
    if (id === 2)
      imported = WebAssembly.Module.imports(new WebAssembly.Module(/** @type {any} */ (wasm))).filter(
        ({ kind }) => kind === 'function',
      ).length;
    for (let i = 0; id === 7 && i < count; i++) {
      let length;
      [length, p] = leb(wasm, p);
      const text = new TextDecoder().decode(wasm.subarray(p, p + length));
      const [number, after] = leb(wasm, p + length + 1);
      p = after;
      if (text === name) index = number - imported;
    }
    if (id === 10) {
      /** @type {Uint8Array[]} */
      const bodies = [];
      for (let i = 0; i < count; i++) {
        const [length, body] = leb(wasm, p);
        bodies.push(i === index ? Uint8Array.of(3, 0, 0, 11) : wasm.subarray(p, body + length));
        p = body + length;
      }
      assert.ok(index >= 0, `no export ${name}`);
      const content = Buffer.concat([Uint8Array.from(toLeb(count)), ...bodies]);
      const head = Uint8Array.from([10, ...toLeb(content.length)]);
      return new Uint8Array(
        Buffer.concat([wasm.subarray(0, at), head, content, wasm.subarray(start + size)]),
      );
    }
    at = start + size;
  }
  throw new Error('no code in the wasm');
}

/** The wasm of another build: its id changed. @param {Uint8Array} wasm */
export function otherBuild(wasm) {
  const id = /"([0-9a-f]{16})"/.exec(readFileSync(path.join(DIST, 'worker.js'), 'utf8'))?.[1] ?? '';
  const at = Buffer.from(wasm).indexOf(id);
  assert.ok(id && at > 0, 'the build id stands in worker.js and in the wasm');
  const copy = wasm.slice();
  copy.set(new TextEncoder().encode('0123456789abcdef'), at);
  return copy;
}
