/** Where models come from: every kind of source, what goes wrong with each, and the hash over what arrives. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { answer, html, serve, slowly } from '../browser/server.js';
import { build, node, tensor, value } from './onnx-builder.js';
import { rejects, siskin, slow, twice } from './setup.js';

const { load } = siskin;
const any = (/** @type {any} */ x) => x;

const folder = mkdtempSync(path.join(tmpdir(), 'siskin-'));
const file = path.join(folder, 'twice.onnx');
writeFileSync(file, twice);
after(() => rmSync(folder, { recursive: true }));

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
before(async () => {
  server = await serve({
    '/twice.onnx': answer(twice),
    '/twice.php': answer(twice, { 'Content-Type': 'text/html' }),
    '/pieces.onnx': slowly(twice),
    '/page.onnx': html,
    '/page-with-space.onnx': answer('\n  <html>'),
    '/error.onnx': answer('broken', {}, 500),
    '/cut.onnx': (_, response) => {
      response.writeHead(200, { 'Content-Length': twice.length });
      response.write(twice.subarray(0, 40), () => response.destroy());
    },
  });
});
after(() => server.close());

/** Loads, predicts once and disposes. @param {any} source @param {any} [options] */
async function works(source, options) {
  const model = await load(source, options);
  const { y } = await model.predict(Float32Array.of(1, 2, 3, 4));
  assert.deepEqual([...y.data], [2, 4, 6, 8]);
  await model.dispose();
}

test('a path, relative and absolute', async () => {
  await works(file);
  await works(path.relative(process.cwd(), file));
});

test('file and http URLs, as strings and as URL', async () => {
  await works(pathToFileURL(file).href);
  await works(pathToFileURL(file));
  await works(`${server.url}/twice.onnx`);
  await works(new URL('/twice.onnx', server.url));
  await works(`data:application/octet-stream;base64,${Buffer.from(twice).toString('base64')}`);
});

test('a Request, a Response, a promise of one, a Blob', async () => {
  await works(new Request(`${server.url}/twice.onnx`, { headers: { 'X-Test': '1' } }));
  await works(await fetch(`${server.url}/pieces.onnx`));
  await works(fetch(`${server.url}/twice.onnx`));
  await works(new Response(twice));
  await works(new Blob([twice.subarray(0, 50), twice.subarray(50)]));
});

test('buffers and views, of which only their own bytes are read', async () => {
  const around = new Uint8Array(twice.length + 32).fill(255);
  around.set(twice, 16);
  const view = around.subarray(16, 16 + twice.length);
  await works(view);
  assert.equal(view.length, twice.length, 'not detached');
  await works(view.slice().buffer);
  await works(Buffer.from(twice));
  await works(new DataView(around.buffer, 16, twice.length));
  const shared = new Uint8Array(new SharedArrayBuffer(twice.length));
  shared.set(twice);
  await works(shared);
  await works(shared.buffer);
});

test('the bytes are as they were when load was called', async () => {
  const copy = twice.slice();
  const loading = load(copy);
  copy.fill(0);
  await (await loading).dispose();
});

test('a stream whose pieces lie in a larger buffer leaves it alone', async () => {
  const around = new Uint8Array(twice.length * 2);
  around.set(twice);
  const stream = new ReadableStream({
    start(controller) {
      for (let at = 0; at < twice.length; at += 7)
        controller.enqueue(around.subarray(at, Math.min(at + 7, twice.length)));
      controller.close();
    },
  });
  await works(new Response(stream));
  assert.equal(around.length, twice.length * 2);
});

test('what is no source is refused', async () => {
  for (const source of [undefined, null, 5, true, {}, [], () => {}])
    await rejects(load(any(source)), 'bad-source');
  await rejects(load('http://'), 'bad-source', /http:\/\//);
});

test('HTTP errors carry the status and the URL', async () => {
  const missing = await load(`${server.url}/missing.onnx`).catch((error) => error);
  assert.equal(missing.code, 'http');
  assert.equal(missing.status, 404);
  assert.match(missing.message, /missing\.onnx: HTTP 404/);
  await rejects(load(await fetch(`${server.url}/missing.onnx`)), 'http', /404/);
  await rejects(load(new Request(`${server.url}/error.onnx`)), 'http', /500/);
});

test('HTML in place of a model is said so, by its bytes and not by its type', async () => {
  await rejects(load(`${server.url}/page.onnx`), 'html', /page\.onnx: HTML/);
  await rejects(load(`${server.url}/page-with-space.onnx`), 'html');
  await rejects(load(fetch(`${server.url}/page.onnx`)), 'html', /page\.onnx/);
  await rejects(load(new Blob(['<html></html>'])), 'html', /the model/);
  await works(`${server.url}/twice.php`);
});

test('a broken connection, a refused one, a missing file', async () => {
  await rejects(load(`${server.url}/cut.onnx`), 'network', /cut\.onnx/);
  await rejects(load(await fetch(`${server.url}/cut.onnx`)), 'network');
  const gone = await serve({});
  gone.close();
  await rejects(load(`${gone.url}/twice.onnx`), 'network', /twice\.onnx/);
  await rejects(load(path.join(folder, 'missing.onnx')), 'file', /missing\.onnx/);
  await rejects(load(folder), 'file');
  const empty = path.join(folder, 'empty.onnx');
  writeFileSync(empty, '');
  await rejects(load(empty), 'malformed-model');
});

test('what is no model, and an empty one', async () => {
  await rejects(load(new Uint8Array(0)), 'malformed-model');
  await rejects(load(new Response(null)), 'malformed-model');
  await rejects(load(twice.subarray(0, 60)), 'malformed-model');
});

test('a used response is refused', async () => {
  const response = new Response(twice);
  await response.arrayBuffer();
  await rejects(load(response), 'network');
});

// ---- external data ----

const offset = 16;
const weights = new Float32Array(8).map((_, i) => i + 1);
const outside = new Uint8Array(offset + weights.byteLength);
outside.set(new Uint8Array(weights.buffer), offset);
const external = build({
  inputs: [value('x', 'float32', [2, 4])],
  outputs: [value('y', 'float32', [2, 4])],
  constants: [
    tensor('w', 'float32', [2, 4], null, { location: 'big/w.bin', offset, length: weights.byteLength }),
  ],
  nodes: [node('Add', ['x', 'w'], ['y'])],
});

test('external data comes from the sources given, and from nowhere else', async () => {
  const model = await load(external, {
    externalData: { 'other.bin': new Uint8Array(3), 'big/w.bin': outside },
  });
  const { y } = await model.predict(new Float32Array(8));
  assert.deepEqual([...y.data], [...weights]);
  await model.dispose();
  await rejects(load(external), 'missing-external-data', /big\/w\.bin/);
  await rejects(
    load(external, { externalData: { 'big/w.bin': outside.subarray(0, 20) } }),
    'missing-external-data',
  );
  await rejects(load(external, { externalData: { 'big/w.bin': `${server.url}/none` } }), 'http');
  await rejects(
    load(external, { externalData: { 'big/w.bin': `${server.url}/page.onnx` } }),
    'html',
    /page\.onnx/,
  );
});

test('external data may begin with the sign that begins HTML', async () => {
  const bytes = outside.slice();
  bytes[0] = 60;
  const model = await load(external, { externalData: { 'big/w.bin': fetchOf(bytes) } });
  await model.dispose();
});
const fetchOf = (/** @type {Uint8Array} */ bytes) =>
  Promise.resolve(new Response(/** @type {any} */ (bytes)));

// ---- integrity ----

const sri = (/** @type {Uint8Array} */ bytes) =>
  `sha256-${createHash('sha256').update(bytes).digest('base64')}`;

test('the right hash passes, from every kind of source', async () => {
  const integrity = sri(twice);
  for (const source of [twice, file, `${server.url}/pieces.onnx`, new Blob([twice]), new Response(twice)]) {
    await works(source, { integrity });
  }
});

test('a wrong hash is refused with both in the message, and the next load works', async () => {
  const integrity = sri(twice.subarray(1));
  for (const source of [twice, file, `${server.url}/pieces.onnx`]) {
    const error = await load(source, { integrity }).catch((error) => error);
    assert.equal(error.code, 'integrity');
    assert.ok(error.message.includes(integrity) && error.message.includes(sri(twice)));
  }
  await rejects(load(twice, { integrity: 'md5-abc' }), 'integrity');
  await works(twice, { integrity: sri(twice) });
});

test('one changed byte is found before any of the model is used', async () => {
  const changed = twice.slice();
  changed[0] = 0xff; // malformed, too: the hash speaks first
  await rejects(load(changed, { integrity: sri(twice) }), 'integrity');
});

test('the hash is right whatever the sizes of model and pieces', async () => {
  const model = slow(1); // 590 kB
  for (const size of [model.length, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1000]) {
    const bytes = model.subarray(0, size);
    let at = 0;
    const stream = new ReadableStream({
      pull(controller) {
        if (at === bytes.length) return controller.close();
        const piece = size > 2000 ? 100_003 : 1 + (at % 37);
        controller.enqueue(bytes.slice(at, at + piece));
        at = Math.min(at + piece, bytes.length);
      },
    });
    // What is cut short is no model, but its hash was right.
    const loading = load(new Response(stream), { integrity: sri(bytes) });
    if (size < model.length) await rejects(loading, 'malformed-model');
    else await (await loading).dispose();
  }
});
