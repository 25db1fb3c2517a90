/**
 * Threads in browsers: in pages that are cross-origin isolated, with the engine in a worker or in the page.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DIST, slow } from '../js/setup.js';
import { launchChromium, launchFirefox } from './browsers.js';
import { answer, serve } from './server.js';

const page = answer('<!doctype html><link rel="icon" href="data:,"><title>threads</title>', {
  'Content-Type': 'text/html',
});
const routes = {
  '/': page,
  '/few.onnx': answer(slow(3)),
  '/throwing-worker.js': answer('throw new Error("not today")', { 'Content-Type': 'text/javascript' }),
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
      const inWorker = browser.name === 'Firefox' ? 1 : two; // a worker's own workers hang there at times
      const counts = infos.map((/** @type {any} */ { threads }) => threads);
      assert.deepEqual(counts, [1, inWorker, two, two]);
      if (cores > 1) assert.match(infos[2].wasm, /siskin-relaxed-threads\.wasm$/);
      if (browser.name === 'Firefox') assert.match(infos[1].notes.join(), /Firefox/);
      const others = infos.filter((/** @type {any} */ _, /** @type {number} */ i) => i !== 1);
      assert.ok(
        cores < 2 || others.every((/** @type {any} */ { notes }) => !notes.length),
        JSON.stringify(infos),
      );
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
  });
}
