// web/shrink.js changes how a wasm file is written, and nothing else of it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { shrink } from '../../web/shrink.js';
import { readModule, writeModule } from '../../web/wasm.js';
import { built } from './setup.js';

const builds = ['siskin-relaxed.wasm', 'siskin-simd128-threads.wasm', 'siskin-tools.wasm'];

/** A function as it is apart from its locals' numbers and from which functions it calls. */
function outline({ type, locals, params, code, starts }) {
  const bytes = Buffer.from(code);
  const parts = starts.map((at, i) => {
    if (bytes[at] >= 0x20 && bytes[at] <= 0x22) return bytes.subarray(at, at + 1);
    return bytes[at] === 0x10 ? 'call' : bytes.subarray(at, starts[i + 1]);
  });
  return JSON.stringify([type, locals.slice(params).sort(), parts.map((part) => part.toString('latin1'))]);
}

for (const name of builds) {
  const file = Buffer.from(built(name));

  test(`${name} is read and written unchanged`, () => {
    const module = readModule(file);
    assert.ok(module.bodies.length > 1000);
    assert.deepEqual(Buffer.from(writeModule(module, [...module.bodies.keys()])), file);
  });

  test(`${name} keeps its functions`, () => {
    const before = readModule(file).bodies.map(outline).sort();
    const after = readModule(shrink(file)).bodies.map(outline).sort();
    assert.deepEqual(after, before);
  });
}

test('an unknown instruction is refused', () => {
  // one type, one function of it, whose code is the given instruction and an end
  const file = (opcode) =>
    Buffer.from([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 5, 1, 3, 0, opcode, 0x0b]);
  assert.deepEqual(Buffer.from(shrink(file(1))), file(1));
  assert.throws(() => shrink(file(0xc7)), /wasm instruction 199 is unknown/);
});
