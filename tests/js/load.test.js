/** load apart from its source: progress, abort, failures that leave nothing behind, the wasm and its builds. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { answer, html, serve, slowly } from '../browser/server.js';
import { build as buildModel, node, tensor, value } from './onnx-builder.js';
import { built, DIST, otherBuild, rejects, siskin, slow, trapIn, twice } from './setup.js';

const { load } = siskin;
const any = (/** @type {any} */ x) => x;
const wasm = built('siskin-simd128.wasm');
const isRelaxed = WebAssembly.validate(built('siskin-relaxed.wasm'));

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {Record<string, any>} */
const routes = {
  '/twice.onnx': answer(twice, { 'Content-Length': String(twice.length) }),
  '/pieces.onnx': slowly(twice),
  '/stalls.onnx': slowly(twice, { stalls: true }),
  '/dist/': DIST,
};
before(async () => {
  server = await serve(routes);
});
after(() => server.close());

/** @param {any} options */
async function works(options) {
  const model = await load(twice, options);
  assert.deepEqual([...(await model.predict(Float32Array.of(1, 2, 3, 4))).y.data], [2, 4, 6, 8]);
  await model.dispose();
  return model.info;
}

test('progress counts up to the whole', async () => {
  for (const [source, total] of [
    [`${server.url}/twice.onnx`, twice.length],
    [`${server.url}/pieces.onnx`, null],
  ]) {
    /** @type {any[]} */
    const seen = [];
    const model = await load(any(source), { onProgress: (progress) => seen.push(progress) });
    await model.dispose();
    const downloads = seen.filter(({ phase }) => phase === 'download');
    assert.ok(
      downloads.every((progress) => progress.total === total),
      JSON.stringify(downloads),
    );
    assert.ok(downloads.every(({ loaded }, i) => i === 0 || loaded > downloads[i - 1].loaded));
    assert.equal(downloads.at(-1).loaded, twice.length);
    assert.ok(downloads.length > (total ? 0 : 1));
    assert.deepEqual(
      seen.filter(({ phase }) => phase === 'compile'),
      [{ phase: 'compile', loaded: 1, total: 1 }],
    );
    assert.deepEqual(
      seen.slice(-2),
      [0, 1].map((loaded) => ({ phase: 'load', loaded, total: 1 })),
    );
  }
});

test('progress is of all files together', async () => {
  /** @type {any[]} */
  const seen = [];
  const data = new Uint8Array(1000);
  const options = {
    externalData: { w: data },
    onProgress: (/** @type {any} */ progress) => seen.push(progress),
  };
  await (await load(twice, options)).dispose();
  const all = twice.length + data.length;
  assert.deepEqual(seen.filter(({ phase }) => phase === 'download').at(-1), {
    phase: 'download',
    loaded: all,
    total: all,
  });
});

test('what onProgress throws is what load rejects with', async () => {
  for (const phase of ['download', 'compile', 'load']) {
    const own = new Error('mine');
    const onProgress = (/** @type {any} */ progress) => {
      if (progress.phase === phase) throw own;
    };
    await assert.rejects(load(twice, { onProgress }), (error) => error === own);
  }
});

test('an aborted load rejects with the reason, at every stage', async () => {
  await assert.rejects(load(twice, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  const own = new Error('enough');
  await assert.rejects(load(twice, { signal: AbortSignal.abort(own) }), (error) => error === own);
  for (const source of [`${server.url}/stalls.onnx`, new Request(`${server.url}/stalls.onnx`)]) {
    await assert.rejects(load(source, { signal: AbortSignal.timeout(60) }), { name: 'TimeoutError' });
  }
  const response = await fetch(`${server.url}/stalls.onnx`);
  await assert.rejects(load(response, { signal: AbortSignal.timeout(60) }), { name: 'TimeoutError' });
  for (const phase of ['download', 'compile', 'load']) {
    const stop = new AbortController();
    const onProgress = (/** @type {any} */ progress) => progress.phase === phase && stop.abort();
    await assert.rejects(load(twice, { signal: stop.signal, onProgress }), { name: 'AbortError' }, phase);
  }
});

test('an abort stops the download', async () => {
  const closed = new Promise((resolve) => {
    routes['/closes.onnx'] = (/** @type {any} */ _, /** @type {any} */ response) => {
      response.on('close', () => resolve(true));
      response.write(twice.subarray(0, 50));
    };
  });
  await assert.rejects(load(`${server.url}/closes.onnx`, { signal: AbortSignal.timeout(60) }));
  assert.equal(await closed, true);
});

test('a signal that is aborted later does nothing, and is not listened to any more', async () => {
  const stop = new AbortController();
  let listeners = 0;
  const { signal } = stop;
  for (const [name, change] of [
    ['addEventListener', 1],
    ['removeEventListener', -1],
  ]) {
    const method = any(signal)[name].bind(signal);
    any(signal)[name] = (/** @type {any[]} */ ...given) => {
      listeners += Number(change);
      method(...given);
    };
  }
  const model = await load(twice, { signal });
  await model.predict(new Float32Array(4), { signal });
  assert.equal(listeners, 0);
  stop.abort();
  await model.predict(new Float32Array(4));
  await model.dispose();
});

test('many loads side by side', async () => {
  const models = await Promise.all(Array.from({ length: 8 }, () => load(twice)));
  const results = await Promise.all(models.map((model, i) => model.predict(new Float32Array(4).fill(i))));
  for (const [i, { y }] of results.entries()) assert.equal(y.data[3], 2 * i);
  await Promise.all(models.map((model) => model.dispose()));
});

// ---- finding the wasm ----

test('wasm from a base, from URLs, from bytes, compiled', async () => {
  const base = pathToFileURL(DIST).href;
  assert.equal(
    (await works({ wasm: { base }, simd: 'simd128', threads: 1 })).wasm,
    `${base}/siskin-simd128.wasm`,
  );
  await works({ wasm: { base: `${base}/` } });
  await works({ wasm: { base: new URL(`${base}/`) } });
  await works({ wasm: { base: DIST } });
  await works({ wasm: { base: `${server.url}/dist` } });
  await works({ wasm: { urls: { simd128: `${server.url}/dist/siskin-simd128.wasm` } } });
  assert.equal((await works({ wasm: { binary: wasm } })).wasm, 'binary');
  assert.equal((await works({ wasm: { binary: wasm.slice().buffer } })).wasm, 'binary');
  const module = await WebAssembly.compile(wasm);
  const info = await works({ wasm: { module } });
  assert.equal(info.wasm, 'module');
  assert.equal(info.build, 'simd128', 'the wasm itself knows');
});

test('the compiled module is shared', async () => {
  const fresh = await serve({ '/dist/': DIST });
  for (let i = 0; i < 3; i++) await works({ wasm: { base: `${fresh.url}/dist` } });
  assert.equal(fresh.requests.length, 1);
  fresh.close();
});

test('a given place that does not serve is an error that names it, and can be retried', async () => {
  routes['/moving/siskin-simd128.wasm'] = answer('gone', {}, 404);
  const options = any({ simd: 'simd128', threads: 1, wasm: { base: `${server.url}/moving` } });
  await rejects(load(twice, options), 'http', /moving\/siskin-simd128\.wasm: HTTP 404/);
  routes['/moving/siskin-simd128.wasm'] = html;
  await rejects(load(twice, options), 'html', /siskin-simd128\.wasm: HTML/);
  routes['/moving/siskin-simd128.wasm'] = answer('<!doctype html>', { 'Content-Type': 'application/wasm' });
  await rejects(load(twice, options), 'wasm', /siskin-simd128\.wasm/);
  routes['/moving/siskin-simd128.wasm'] = answer(wasm.subarray(0, 1000), {
    'Content-Type': 'application/wasm',
  });
  await rejects(load(twice, options), 'wasm');
  routes['/moving/siskin-simd128.wasm'] = answer(wasm.subarray(0, 1000));
  await rejects(load(twice, options), 'wasm');
  routes['/moving/siskin-simd128.wasm'] = answer(wasm, { 'Content-Type': 'application/wasm' });
  await works(options);
  await rejects(load(twice, { wasm: { base: path.join(DIST, 'nowhere') } }), 'file');
});

test('wasm of another build is refused', async () => {
  await rejects(load(twice, { wasm: { binary: otherBuild(wasm) } }), 'version-mismatch', /0123456789abcdef/);
  const foreign = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
  await rejects(load(twice, { wasm: { binary: foreign } }), 'version-mismatch');
  await rejects(load(twice, { wasm: { binary: Uint8Array.of(1, 2, 3) } }), 'wasm');
});

test('without its wasm beside it, the entry takes the one inside inline.js', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'siskin-'));
  for (const name of ['siskin.js', 'worker.js', 'inline.js'])
    writeFileSync(path.join(folder, name), built(name));
  writeFileSync(path.join(folder, 'package.json'), '{"type": "module"}');
  try {
    const alone = await import(pathToFileURL(path.join(folder, 'siskin.js')).href);
    const model = await alone.load(twice);
    assert.equal(model.info.wasm, 'inline');
    assert.match(model.info.notes.join(), /siskin-[\w-]+\.wasm/);
    assert.deepEqual([...(await model.predict(Float32Array.of(1, 2, 3, 4))).y.data], [2, 4, 6, 8]);
    await model.dispose();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the inline entry works by itself', async () => {
  const inline = await import(pathToFileURL(path.join(DIST, 'inline.js')).href);
  const model = await inline.load(twice);
  assert.equal(model.info.wasm, 'inline');
  assert.deepEqual(model.info.notes, []);
  const x = new inline.Tensor('float32', [1, 2, 3, 4], [1, 4]);
  assert.deepEqual([...(await model.predict({ x })).y.data], [2, 4, 6, 8]);
  await model.dispose();
});

// ---- builds and options ----

test('simd chooses the build', async () => {
  assert.equal((await works({ simd: 'simd128' })).build, 'simd128');
  assert.equal((await works({ simd: 'auto' })).build, isRelaxed ? 'relaxed' : 'simd128');
  assert.equal((await works({ deterministic: true })).build, 'simd128');
  if (isRelaxed) {
    assert.equal((await works({ simd: 'relaxed' })).build, 'relaxed');
    await rejects(
      load(twice, { deterministic: true, wasm: { binary: built('siskin-relaxed.wasm') } }),
      'bad-option',
    );
  } else {
    await rejects(load(twice, { simd: 'relaxed' }), 'wasm', /relaxed/);
  }
});

test('info tells', async () => {
  const model = await load(twice, { threads: 1 });
  const { version, build, wasm: from, worker, memory, notes } = model.info;
  assert.match(version, /^\d+\.\d+\.\d+/);
  assert.equal(from, pathToFileURL(path.join(DIST, `siskin-${build}.wasm`)).href);
  assert.equal(worker, false, "Node's default");
  assert.ok(memory > 0);
  assert.deepEqual(notes, []);
  await model.dispose();
  const model2 = await load(twice, { worker: true });
  assert.equal(model2.info.worker, false, 'Node 20 has no Worker');
  assert.match(model2.info.notes.join(), /Worker/);
  await model2.dispose();
});

test('worker has to be a boolean or a model in use', async () => {
  const model = await load(twice);
  const second = await load(twice, { worker: model });
  await model.dispose();
  assert.equal((await second.predict(Float32Array.of(1, 1, 1, 1))).y.data[0], 2);
  await second.dispose();
  await rejects(load(twice, { worker: model }), 'bad-option');
  await rejects(load(twice, { worker: any({}) }), 'bad-option');
  await rejects(load(twice, { worker: any('yes') }), 'bad-option');
});

test('maxMemory is kept to', async () => {
  await rejects(load(twice, { maxMemory: 1000 }), 'out-of-memory');
  const model = await load(slow(2), { maxMemory: 300_000 });
  await rejects(model.predict(new Float32Array(384 * 384)), 'out-of-memory');
  await model.dispose();
  await works({ maxMemory: 1e7 });
});

test('failing memory at every allocation is an error, never a crash', async () => {
  let codes = '';
  for (let failAfter = 1; failAfter < 400; failAfter++) {
    try {
      const model = await load(twice, { debug: { failAfter } });
      try {
        await model.predict(new Float32Array(4));
        codes += 'ok';
        break;
      } finally {
        await model.dispose();
      }
    } catch (error) {
      assert.equal(any(error).code, 'out-of-memory', any(error).stack);
      codes += '.';
    }
  }
  assert.match(codes, /^\.+ok$/);
});

test('a crash while loading ends that load alone', async () => {
  await rejects(load(twice, { wasm: { binary: trapIn(wasm, 'load') } }), 'crashed', /in load/);
  await works({});
});

test('an unsupported operator is named', async () => {
  const strange = buildModel({
    inputs: [value('x', 'float32', [4])],
    outputs: [value('y', 'float32', [4])],
    constants: [tensor('c', 'float32', [], [1])],
    nodes: [node('NoSuchThing', ['x', 'c'], ['y'])],
  });
  await rejects(load(strange), 'unsupported', /NoSuchThing/);
});

test('everything unsupported is in one error: operators, domains, opsets, attributes, types', async () => {
  const many = buildModel({
    opset: 17,
    inputs: [value('x', 'float32', [2]), value('s', 'string', [2])],
    outputs: [value('y', 'float32', [2])],
    nodes: [
      node('NoSuchThing', ['x'], ['a'], {}, { name: 'first' }),
      node('Swish', ['x'], ['b'], {}, { name: 'newer' }),
      node('Fancy', ['x'], ['c'], {}, { name: 'other', domain: 'com.example' }),
      node('Sin', ['s'], ['d'], {}, { name: 'typed' }),
      node('Cast', ['x'], ['e'], { to: 14 }, { name: 'cast' }),
      node('Sum', ['a', 'b', 'c', 'e'], ['y']),
    ],
  });
  const error = await load(many).catch((/** @type {unknown} */ e) => any(e));
  assert.equal(error.code, 'unsupported');
  for (const part of [
    /^5 of 6 nodes/,
    /NoSuchThing 'first' version 17/,
    /Swish 'newer' version 17 \(known in newer opsets only\)/,
    /com\.example\.Fancy 'other' version 1/,
    /Cast 'cast'/,
    /Sin 'typed' on string/,
  ])
    assert.match(error.message, part);
});
