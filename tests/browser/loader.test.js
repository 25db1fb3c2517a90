/**
 * The loader in Chromium and in Firefox: its worker and every way around it, the wasm and every way to it, content
 * security policies, and what goes wrong on a network.
 *
 * @typedef {import('./browsers.js').Page} Page
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { built, DIST, otherBuild, same, slow, sumAndDifference, trapIn, twice } from '../js/setup.js';
import { launchChromium, launchFirefox } from './browsers.js';
import { answer, html, serve, slowly } from './server.js';

const page = (/** @type {string} */ policy) =>
  answer(`<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>loader</title>`, {
    'Content-Type': 'text/html',
    ...(policy && { 'Content-Security-Policy': policy }),
  });
const script = { 'Content-Type': 'text/javascript' };
const wasmType = { 'Content-Type': 'application/wasm' };
const simd128 = built('siskin-simd128.wasm');
const SELF = "default-src 'self'; img-src data:; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'";

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {Awaited<ReturnType<typeof serve>>} */
let elsewhere;
before(async () => {
  elsewhere = await serve({ '/': DIST }, { 'Access-Control-Allow-Origin': '*' });
  const bundled = await esbuild.build({
    stdin: { contents: `export * from ${JSON.stringify(path.join(DIST, 'siskin.js'))}`, resolveDir: DIST },
    bundle: true,
    splitting: true,
    format: 'esm',
    outdir: '/bundle',
    write: false,
    logLevel: 'error',
  });
  const workerText = readFileSync(path.join(DIST, 'worker.js'), 'utf8');
  server = await serve({
    ...Object.fromEntries(bundled.outputFiles.map((file) => [file.path, answer(file.contents, script)])),
    '/': page(''),
    '/strict/page': page(`${SELF}; worker-src 'self'; connect-src 'self'`),
    '/no-worker/page': page(`${SELF}; worker-src 'none'`),
    '/no-wasm/page': page("default-src 'self'; script-src 'self'"),
    '/deep/page': page(''),
    '/twice.onnx': answer(twice),
    '/pieces.onnx': slowly(twice),
    '/stalls.onnx': slowly(twice, { stalls: true }),
    '/slow.onnx': answer(slow(150)),
    '/pair.onnx': answer(sumAndDifference),
    '/same.onnx': answer(same('float32', /** @type {any} */ (['n']))),
    '/page.onnx': html,
    '/html/siskin-simd128.wasm': html,
    '/html/siskin-relaxed.wasm': html,
    '/html/': DIST,
    '/gone/siskin-simd128.wasm': answer('', {}, 404),
    '/gone/siskin-relaxed.wasm': answer('', {}, 404),
    '/gone/': DIST,
    '/plain/siskin-simd128.wasm': answer(simd128, { 'Content-Type': 'text/plain' }),
    '/other/siskin-simd128.wasm': answer(otherBuild(simd128), wasmType),
    '/trap/siskin-simd128.wasm': answer(trapIn(simd128, 'run'), wasmType),
    '/old-worker.js': answer(workerText.replace(/"[0-9a-f]{16}"/g, '"0123456789abcdef"'), script),
    '/html-worker.js': html,
    '/throwing-worker.js': answer('throw new Error("not today")', script),
    '/own-worker.js': answer(
      `import { load } from '/dist/siskin.js';
       onmessage = async () => {
         const model = await load('/twice.onnx');
         const { y } = await model.predict(new Float32Array(4).fill(3));
         postMessage([[...y.data], model.info.worker]);
       };
       postMessage('ready');`,
      script,
    ),
    '/service-worker.js': answer(
      `import { load } from '/dist/inline.js';
       onfetch = (event) => {
         if (!event.request.url.endsWith('/predicted')) return;
         const predict = async () => {
           const model = await load('/twice.onnx');
           const { y } = await model.predict(new Float32Array(4).fill(3));
           return new Response(JSON.stringify([[...y.data], model.info.wasm]));
         };
         event.respondWith(predict());
       };`,
      script,
    ),
    '/dist/': DIST,
  });
});
after(() => {
  server.close();
  elsewhere.close();
});

/** In a page: loads with these options, predicts once, disposes; what info says, or what the error was. */
async function once(/** @type {{entry?: string, source?: any, options?: any}} */ { entry, source, options }) {
  const { load, SiskinError } = await import(entry ?? '/dist/siskin.js');
  try {
    const model = await load(source ?? '/twice.onnx', options);
    const { y } = await model.predict(Float32Array.of(1, 2, 3, 4));
    const { info } = model;
    await model.dispose();
    const notes = info.notes.filter((note) => !note.startsWith('one thread')); // these pages are not isolated
    return { y: [...y.data], ...info, notes };
  } catch (error) {
    const { code, message, status, name } = /** @type {any} */ (error);
    return { typed: error instanceof SiskinError, code, message, status, name };
  }
}
const DOUBLED = [2, 4, 6, 8];

for (const launch of [launchChromium, launchFirefox]) {
  const name = launch === launchChromium ? 'Chromium' : 'Firefox';

  describe(name, () => {
    /** @type {import('./browsers.js').Browser} */
    let browser;
    /** @type {Page} */
    let tab;
    before(async () => {
      browser = await launch();
      tab = await browser.newPage();
    });
    after(() => browser?.close());

    /** @param {Parameters<typeof once>[0]} given @param {string} [at] the page's path */
    async function load(given, at = '/') {
      await tab.open(server.url + at);
      return tab.run(once, given);
    }
    /** @param {Parameters<typeof once>[0]} given @param {string} code @param {RegExp} message */
    async function fails(given, code, message) {
      const error = await load(given);
      assert.deepEqual([error.typed, error.code], [true, code], error.message);
      assert.match(error.message, message);
      assert.deepEqual((await tab.run(once, {})).y, DOUBLED, 'the next load works');
      return error;
    }

    // ---- where the engine runs ----

    test('by default in a worker, on the relaxed build, its wasm from beside the entry', async () => {
      const got = await load({});
      assert.deepEqual(got.y, DOUBLED);
      assert.deepEqual([got.worker, got.build, got.notes], [true, 'relaxed', []]);
      assert.equal(got.wasm, `${server.url}/dist/siskin-relaxed.wasm`);
    });

    test('in the page when asked to', async () => {
      const got = await load({ options: { worker: false, simd: 'simd128' } });
      assert.deepEqual([got.y, got.worker, got.build, got.notes], [DOUBLED, false, 'simd128', []]);
    });

    test('under a strict content security policy', async () => {
      const errors = tab.errors.length;
      const got = await load({}, '/strict/page');
      assert.deepEqual([got.y, got.worker, got.notes], [DOUBLED, true, []]);
      assert.deepEqual(tab.errors.slice(errors), []);
    });

    test('a policy without workers: in the page, and info says why', async () => {
      const got = await load({}, '/no-worker/page');
      assert.deepEqual([got.y, got.worker], [DOUBLED, false]);
      assert.match(got.notes.join(), /worker/i);
    });

    test('a policy without wasm is a typed error', async () => {
      const got = await load({}, '/no-wasm/page');
      assert.deepEqual([got.typed, got.code], [true, 'wasm'], got.message);
    });

    test('a worker that cannot start: in the page, and info says why', async () => {
      const places = ['/missing.js', '/html-worker.js', '/throwing-worker.js', `${elsewhere.url}/worker.js`];
      for (const workerUrl of places) {
        const got = await load({ options: { workerUrl } });
        assert.deepEqual([got.y, got.worker], [DOUBLED, false], `${workerUrl}: ${got.message}`);
        assert.equal(got.notes.length, 1, workerUrl);
      }
    });

    test('a worker of another build is refused', async () => {
      await fails({ options: { workerUrl: '/old-worker.js' } }, 'version-mismatch', /0123456789abcdef/);
    });

    test("in a worker of the caller's own", async () => {
      await tab.open(server.url);
      const got = await tab.run(
        () =>
          new Promise((resolve, reject) => {
            const worker = new Worker('/own-worker.js', { type: 'module' });
            worker.onmessage = ({ data }) => (data === 'ready' ? worker.postMessage(0) : resolve(data));
            worker.onerror = (event) => reject(new Error(event.message));
          }),
      );
      assert.deepEqual(got, [[6, 6, 6, 6], false]);
    });

    test('two models in one worker, each with its own end', async () => {
      await tab.open(server.url);
      const got = await tab.run(async () => {
        const { load } = await import('/dist/siskin.js' + '');
        const first = await load('/twice.onnx');
        const second = await load('/pair.onnx', { worker: first });
        const inputs = { a: Float32Array.of(1, 2), b: Float32Array.of(3, 5) };
        const both = await Promise.all([first.predict(new Float32Array(4).fill(3)), second.predict(inputs)]);
        await first.dispose();
        const alone = await second.predict(inputs);
        const refused = await first
          .predict(new Float32Array(4))
          .catch((/** @type {any} */ error) => error.code);
        const late = await load('/twice.onnx', { worker: second });
        await second.dispose();
        const { y } = await late.predict(new Float32Array(4).fill(1));
        await late.dispose();
        return [[...both[0].y.data], [...both[1].sum.data], [...alone.difference.data], refused, [...y.data]];
      });
      assert.deepEqual(got, [[6, 6, 6, 6], [4, 7], [-2, -3], 'disposed', [2, 2, 2, 2]]);
    });

    test('a crash in a shared worker loses one model', async () => {
      await tab.open(server.url);
      const got = await tab.run(async () => {
        const { load } = await import('/dist/siskin.js' + '');
        const good = await load('/twice.onnx');
        const bad = await load('/twice.onnx', { worker: good, simd: 'simd128', wasm: { base: '/trap' } });
        const code = await bad.predict(new Float32Array(4)).catch((/** @type {any} */ error) => error.code);
        const { y } = await good.predict(new Float32Array(4).fill(1));
        return [code, [...y.data]];
      });
      assert.deepEqual(got, ['crashed', [2, 2, 2, 2]]);
    });

    // ---- where the wasm is ----

    test('no wasm beside the entry, or HTML: the one inside inline.js', async () => {
      for (const folder of ['gone', 'html']) {
        const got = await load({ entry: `/${folder}/siskin.js` });
        assert.deepEqual([got.y, got.wasm, got.worker], [DOUBLED, 'inline', true], got.message);
        assert.match(got.notes.join(), folder === 'gone' ? /siskin-relaxed\.wasm: HTTP 404/ : /HTML/);
      }
    });

    test('a place given that does not serve is an error that names it', async () => {
      const wasm = (/** @type {string} */ base) => ({ options: { simd: 'simd128', wasm: { base } } });
      const missing = await fails(wasm('/nowhere'), 'http', /nowhere\/siskin-simd128\.wasm: HTTP 404/);
      assert.equal(missing.status, 404);
      await fails(wasm('/html'), 'html', /html\/siskin-simd128\.wasm/);
      await fails(wasm('/other'), 'version-mismatch', /0123456789abcdef/);
      const plain = await load(wasm('/plain'));
      assert.deepEqual(plain.y, DOUBLED, 'of a wrong type it is taken all the same');
    });

    test('bundled by esbuild, which moves neither worker nor wasm', async () => {
      const got = await load({ entry: '/bundle/stdin.js' });
      assert.deepEqual([got.y, got.worker, got.wasm], [DOUBLED, false, 'inline'], got.message);
      assert.equal(got.notes.length, 2);
    });

    test('the inline entry, by itself and with a worker', async () => {
      const got = await load({ entry: '/dist/inline.js', options: { worker: false } });
      assert.deepEqual([got.y, got.wasm, got.worker], [DOUBLED, 'inline', false]);
      const other = await tab.run(once, {
        entry: '/dist/inline.js',
        options: { workerUrl: '/dist/worker.js' },
      });
      assert.deepEqual([other.y, other.wasm, other.worker], [DOUBLED, 'inline', true]);
    });

    test('the classic script, in a page opened from a file', async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'siskin-'));
      const file = path.join(folder, 'page.html');
      writeFileSync(
        file,
        '<!doctype html><title>file</title><script src="siskin-inline.global.js"></script>',
      );
      writeFileSync(path.join(folder, 'siskin-inline.global.js'), built('siskin-inline.global.js'));
      await tab.open(pathToFileURL(file).href);
      const got = await tab.run(
        async (model) => {
          const { load } = /** @type {any} */ (globalThis).siskin;
          const loaded = await load(Uint8Array.from(model));
          return [[...(await loaded.predict(new Float32Array(4).fill(1))).y.data], loaded.info.wasm];
        },
        [...twice],
      );
      rmSync(folder, { recursive: true });
      assert.deepEqual(got, [[2, 2, 2, 2], 'inline']);
    });

    // ---- models over a network ----

    test("a relative URL is the page's", async () => {
      const got = await load({ source: '../twice.onnx' }, '/deep/page');
      assert.deepEqual(got.y, DOUBLED, got.message);
    });

    test('requests, responses, blobs and buffers, in a worker and in the page', async () => {
      await tab.open(server.url);
      const got = await tab.run(async () => {
        const { load } = await import('/dist/siskin.js' + '');
        const bytes = new Uint8Array(await (await fetch('/twice.onnx')).arrayBuffer());
        const around = new Uint8Array(bytes.length + 20);
        around.set(bytes, 10);
        const results = [];
        for (const worker of [true, false]) {
          const sources = [
            new Request('/pieces.onnx'),
            await fetch('/pieces.onnx'),
            fetch('/twice.onnx'),
            new Blob([bytes]),
            new File([bytes], 'twice.onnx'),
            around.subarray(10, 10 + bytes.length),
            bytes.buffer,
            URL.createObjectURL(new Blob([bytes])),
          ];
          for (const source of sources) {
            const model = await load(source, { worker });
            results.push((await model.predict(new Float32Array(4).fill(1))).y.data[3]);
            await model.dispose();
          }
        }
        return [results, bytes.length > 0, around.length];
      });
      assert.deepEqual(got, [Array(16).fill(2), true, twice.length + 20]);
    });

    test('progress', async () => {
      await tab.open(server.url);
      const seen = await tab.run(async () => {
        const { load } = await import('/dist/siskin.js' + '');
        /** @type {any[]} */
        const seen = [];
        const onProgress = (/** @type {any} */ progress) => seen.push(progress);
        await (await load('/pieces.onnx', { onProgress })).dispose();
        return seen;
      });
      const downloads = seen.filter(({ phase }) => phase === 'download').map(({ loaded }) => loaded);
      assert.ok(downloads.length > 1 && downloads.every((loaded, i) => i === 0 || loaded > downloads[i - 1]));
      assert.equal(downloads.at(-1), twice.length);
      assert.deepEqual(seen.at(-1), { phase: 'load', loaded: 1, total: 1 });
      assert.ok(seen.some(({ phase }) => phase === 'compile'));
    });

    test('a missing model, HTML, no server, a wrong hash', async () => {
      const missing = await fails({ source: '/missing.onnx' }, 'http', /missing\.onnx: HTTP 404/);
      assert.equal(missing.status, 404);
      await fails({ source: '/page.onnx' }, 'html', /page\.onnx/);
      const gone = await serve({});
      gone.close();
      await fails({ source: `${gone.url}/a.onnx` }, 'network', /a\.onnx/);
      const right = createHash('sha256').update(twice).digest('base64');
      await fails({ options: { integrity: `sha256-${'A'.repeat(43)}=` } }, 'integrity', /AAAA/);
      for (const worker of [true, false]) {
        const got = await load({ source: '/pieces.onnx', options: { integrity: `sha256-${right}`, worker } });
        assert.deepEqual(got.y, DOUBLED, got.message);
      }
    });

    test('a load is aborted in mid-download', async () => {
      await tab.open(server.url);
      const got = await tab.run(async () => {
        const { load } = await import('/dist/siskin.js' + '');
        const results = [];
        for (const worker of [true, false]) {
          for (const make of [String, (/** @type {string} */ url) => new Request(url), fetch]) {
            const stop = new AbortController();
            const onProgress = (/** @type {any} */ { phase }) => phase === 'download' && stop.abort();
            const source = make('/stalls.onnx');
            const options = { worker, onProgress, signal: stop.signal };
            results.push(await load(source, options).catch((/** @type {any} */ error) => error.name));
          }
        }
        const model = await load('/twice.onnx');
        return [results, (await model.predict(new Float32Array(4).fill(1))).y.data[0]];
      });
      assert.deepEqual(got, [Array(6).fill('AbortError'), 2]);
    });

    // ---- predictions ----

    test('a prediction is aborted in mid-run, and the page stays responsive', async () => {
      await tab.open(server.url);
      const got = await tab.run(async () => {
        const { load } = await import('/dist/siskin.js' + '');
        const x = new Float32Array(384 * 384).map((_, i) => i % 17);
        const results = [];
        for (const worker of [true, false]) {
          const model = await load('/slow.onnx', { worker });
          let last = performance.now();
          let gap = 0;
          const timer = setInterval(() => {
            gap = Math.max(gap, performance.now() - last);
            last = performance.now();
          }, 1);
          const started = performance.now();
          await model.predict(x);
          const whole = performance.now() - started;
          clearInterval(timer);
          const [one, two] = [new AbortController(), new AbortController()];
          const calls = [
            model.predict(x, { signal: one.signal }),
            model.predict(x, { signal: two.signal }),
            model.predict(x),
          ];
          setTimeout(() => two.abort(), whole / 20);
          setTimeout(() => one.abort(), whole / 10);
          const begun = performance.now();
          const names = [];
          for (const call of calls.slice(0, 2))
            names.push(await call.catch((/** @type {any} */ error) => error.name));
          const after = performance.now() - begun;
          const { y } = await calls[2];
          const right = x.every((one, i) => one === y.data[i]);
          await model.dispose();
          results.push({ names, right, gap, whole, after });
        }
        return results;
      });
      for (const { names, right, gap, whole, after } of got) {
        assert.deepEqual([names, right], [['AbortError', 'AbortError'], true]);
        assert.ok(after < whole / 2, `aborted after ${after} of ${whole} ms`);
        assert.ok(gap < 200, `the page stood still for ${gap} ms`);
      }
    });

    test("inputs stay the caller's unless transferred", async () => {
      await tab.open(server.url);
      const got = await tab.run(async () => {
        const { load } = await import('/dist/siskin.js' + '');
        const model = await load('/twice.onnx');
        const around = new Float32Array(100).fill(1);
        const view = around.subarray(4, 8);
        const call = model.predict(view);
        view.fill(9);
        const kept = [(await call).y.data[0], around.length];
        const given = new Float32Array(4).fill(1);
        const { y } = await model.predict(given, { transfer: true });
        return [kept, y.data[0], given.length, Object.getPrototypeOf(await model.predict(view))];
      });
      assert.deepEqual(got, [[2, 100], 2, 0, null]);
    });

    test('a prediction under way ends with dispose', async () => {
      await tab.open(server.url);
      const got = await tab.run(async () => {
        const { load } = await import('/dist/siskin.js' + '');
        const codes = [];
        for (const worker of [true, false]) {
          const model = await load('/slow.onnx', { worker });
          const calls = [0, 1].map(() => model.predict(new Float32Array(384 * 384)));
          setTimeout(() => model.dispose(), 20);
          for (const call of calls) codes.push(await call.catch((/** @type {any} */ error) => error.code));
          await model.dispose();
        }
        return codes;
      });
      assert.deepEqual(got, Array(4).fill('disposed'));
    });

    if (name === 'Chromium') {
      test('dispose ends the worker, a failed load too', async () => {
        await tab.open(server.url);
        const workers = () => tab.raw.workers().length;
        await tab.run(async () => {
          const { load } = await import('/dist/siskin.js' + '');
          const models = await Promise.all([load('/twice.onnx'), load('/same.onnx')]);
          Object.assign(globalThis, { models });
        });
        assert.equal(workers(), 2);
        await tab.run(() =>
          Promise.all(/** @type {any} */ (globalThis).models.map((/** @type {any} */ one) => one.dispose())),
        );
        await tab.run(once, { source: '/missing.onnx' });
        await tab.run(once, { options: { workerUrl: '/throwing-worker.js' } });
        for (let i = 0; i < 50 && workers(); i++) await new Promise((resolve) => setTimeout(resolve, 100));
        assert.equal(workers(), 0);
      });

      // Firefox has no module service workers.
      test('the inline entry in a service worker', async () => {
        await tab.open(server.url);
        const got = await tab.run(async () => {
          await navigator.serviceWorker.register('/service-worker.js', { type: 'module' });
          await navigator.serviceWorker.ready;
          const frame = document.createElement('iframe');
          frame.src = '/deep/page';
          await new Promise((resolve) => {
            frame.onload = resolve;
            document.body.append(frame);
          });
          const answer = await /** @type {any} */ (frame.contentWindow).fetch('/predicted');
          for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
          return answer.json();
        });
        assert.deepEqual(got, [[6, 6, 6, 6], 'inline']);
      });
    }
  });
}
