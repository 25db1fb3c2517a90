/**
 * Threads in browsers: in pages that are cross-origin isolated, with the engine in a worker or in the page.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { built, DIST, slow, trapIn } from '../js/setup.js';
import { launchChromium, launchFirefox } from './browsers.js';
import { answer, serve } from './server.js';

const script = { 'Content-Type': 'text/javascript' };
const page = answer('<!doctype html><link rel="icon" href="data:,"><title>threads</title>', {
  'Content-Type': 'text/html',
});
const routes = {
  '/': page,
  '/few.onnx': answer(slow(3)),
  '/throwing-worker.js': answer('throw new Error("not today")', script),
  '/stalling-worker.js': (_, response) => void response.writeHead(200, script).write('// it never ends'),
  '/own-worker.js': answer(
    `import { load } from '/dist/siskin.js';
     onmessage = async () => {
       const model = await load('/few.onnx', { threads: 2 });
       await model.predict(new Float32Array(384 * 384));
       postMessage({ ...model.info });
     };
     postMessage('ready');`,
    script,
  ),
  '/trap.wasm': answer(trapIn(built('siskin-simd128-threads.wasm'), 'run'), {
    'Content-Type': 'application/wasm',
  }),
  '/dist/': DIST,
};
const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** In a page: the same prediction by models with these options, side by side; what is different, and their infos. */
async function compare(/** @type {any[]} */ options) {
  const { load } = await import(`${location.origin}/dist/siskin.js`);
  const input = new Float32Array(384 * 384).map((_, i) => Math.sin(i) / 3);
  const infos = [];
  let first;
  for (const option of options) {
    const model = await load('/few.onnx', option);
    for (let i = 0; i < 5; i++) {
      const { y } = await model.predict(input);
      first ??= y.data;
      if (y.data.some((/** @type {number} */ value, /** @type {number} */ i) => value !== first[i]))
        throw new Error('other bits');
    }
    infos.push({ ...model.info });
    await model.dispose();
  }
  return { infos, cores: navigator.hardwareConcurrency };
}

/** In a page: what `options` do when the first worker is the engine's and the others get `script`. */
async function withHelpersOf(/** @type {{script: string, options: any}} */ { script, options }) {
  const { load } = await import(`${location.origin}/dist/siskin.js`);
  const Real = Worker;
  let started = 0;
  globalThis.Worker = class extends Real {
    constructor(/** @type {any} */ url, /** @type {any} */ options) {
      super(started++ ? script : url, options);
    }
  };
  const model = await load('/few.onnx', options);
  const { y } = await model.predict(new Float32Array(384 * 384).fill(3));
  await model.dispose();
  return { info: { ...model.info }, started, right: y.data.every((/** @type {number} */ x) => x === 3) };
}

/**
 * In a page: how many workers were started for each of these loads, which come one after the other. One that fails
 * counts like the others.
 */
async function countWorkers(/** @type {any[]} */ options) {
  const { load } = await import(`${location.origin}/dist/siskin.js`);
  const Real = Worker;
  let started = 0;
  globalThis.Worker = class extends Real {
    constructor(/** @type {any} */ url, /** @type {any} */ options) {
      super(url, options);
      started++;
    }
  };
  const counts = [];
  for (const option of options) {
    started = 0;
    const model = await load('/few.onnx', option);
    const code = await model.predict(new Float32Array(384 * 384)).then(
      () => 'ok',
      (/** @type {any} */ error) => error.code,
    );
    await model.dispose();
    counts.push([started, model.info.threads, code]);
    await new Promise((resolve) => setTimeout(resolve, 200)); // for a helper to hear that it is free
  }
  return { counts, cores: navigator.hardwareConcurrency };
}

for (const launch of [launchChromium, launchFirefox]) {
  describe(launch === launchChromium ? 'Chromium' : 'Firefox', () => {
    /** @type {import('./browsers.js').Browser} */
    let browser;
    /** @type {import('./browsers.js').Page} */
    let tab;
    /** @type {Awaited<ReturnType<typeof serve>>} */
    let isolated;
    /** @type {Awaited<ReturnType<typeof serve>>} */
    let open;
    before(async () => {
      isolated = await serve({ ...routes }, ISOLATED);
      open = await serve({ ...routes });
      browser = await launch();
      tab = await browser.newPage();
    });
    after(async () => {
      await browser?.close();
      isolated.close();
      open.close();
    });

    test('in a worker and in the page, the same bits as one thread', async () => {
      await tab.open(`${isolated.url}/`);
      const { infos, cores } = await tab.run(compare, [
        { threads: 1 },
        { threads: 2 },
        { threads: 2, worker: false },
        { threads: 2, worker: false, simd: 'relaxed' },
      ]);
      const two = Math.min(2, cores);
      const found = infos.map((/** @type {any} */ { worker, threads }) => [worker, threads]);
      assert.deepEqual(found, [
        [true, 1],
        [true, two],
        [false, two],
        [false, two],
      ]);
      if (cores < 2) return;
      assert.match(infos[1].wasm, /-threads\.wasm$/);
      assert.match(infos[3].wasm, /siskin-relaxed-threads\.wasm$/);
      assert.ok(
        infos.every((/** @type {any} */ { notes }) => !notes.length),
        JSON.stringify(infos),
      );
    });

    test('helpers serve one model after the other, wherever its engine is, and outlive one that breaks', async () => {
      await tab.open(`${isolated.url}/`);
      const trap = {
        simd128: '/trap.wasm',
        'simd128-threads': '/trap.wasm',
        'relaxed-threads': '/trap.wasm',
      };
      const { counts, cores } = await tab.run(countWorkers, [
        { threads: 2 },
        { threads: 2 },
        { threads: 2, worker: false },
        { threads: 2, wasm: { urls: trap } },
        { threads: 2 },
      ]);
      const [helper, threads] = cores > 1 ? [1, 2] : [0, 1];
      assert.deepEqual(counts, [
        [1 + helper, threads, 'ok'],
        [1, threads, 'ok'],
        [0, threads, 'ok'],
        [1, threads, 'crashed'],
        [1, threads, 'ok'],
      ]);
    });

    test('a load in a worker of the page: threads, but in Firefox one and a note', async () => {
      await tab.open(`${isolated.url}/`);
      const { threads, notes, cores } = await tab.run(async () => {
        const worker = new Worker('/own-worker.js', { type: 'module' });
        const next = () =>
          new Promise((resolve, reject) => {
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = ({ message }) => reject(new Error(message));
          });
        await next();
        worker.postMessage('go');
        const info = /** @type {any} */ (await next());
        worker.terminate();
        return { ...info, cores: navigator.hardwareConcurrency };
      });
      if (browser.name === 'Firefox') assert.deepEqual([threads, /Firefox/.test(notes.join())], [1, true]);
      else assert.deepEqual([threads, cores > 1 ? notes : []], [Math.min(2, cores), []]);
    });

    test('without isolation one thread, and info says why', async () => {
      await tab.open(`${open.url}/`);
      const { infos } = await tab.run(compare, [{}, { threads: 2 }, { threads: 1 }]);
      for (const [i, { threads, notes }] of infos.entries()) {
        assert.equal(threads, 1);
        assert.deepEqual(notes, i < 2 ? ['one thread: the page is not cross-origin isolated'] : []);
      }
    });

    test('helpers that do not start are noted', async () => {
      await tab.open(`${isolated.url}/`);
      const { infos, cores } = await tab.run(compare, [
        { threads: 1 },
        { threads: 2, worker: false, workerUrl: '/throwing-worker.js' },
      ]);
      assert.equal(infos[1].threads, 1);
      if (cores > 1) assert.match(infos[1].notes.join(), /a thread: .*/);
    });

    for (const [script, why] of [
      ['/throwing-worker.js', /a thread: .*/],
      ['/stalling-worker.js', /a thread: its script has not started/],
    ]) {
      test(`an engine in its worker does without a helper from ${script}`, async () => {
        await tab.open(`${isolated.url}/`);
        const { info, started, right } = await tab.run(withHelpersOf, { script, options: { threads: 2 } });
        assert.deepEqual([info.worker, info.threads, right], [true, 1, true]);
        if (started > 1) assert.match(info.notes.join(), why);
      });
    }
  });
}
