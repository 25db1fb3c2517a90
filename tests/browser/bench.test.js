/**
 * The demo's benchmark page, in Chromium and in Firefox: bundled models, a file of one's own, cancelling, the keyboard,
 * a phone.
 *
 * @typedef {import('./browsers.js').Page} Page
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { serve } from '../../demo/serve.js';
import { at } from '../models/files.js';
import { launchChromium, launchFirefox } from './browsers.js';

/** @param {string} name */
const part = (name) => `[data-part="${name}"]`;
/** @param {Page} page @param {string} name @returns {Promise<string>} */
const textOf = (page, name) =>
  page.run((selector) => document.querySelector(selector)?.textContent ?? '', part(name));

/** Ticks exactly these. @param {Page} page @param {string} name @param {string[]} values */
const choose = (page, name, values) =>
  page.run(
    ([field, wanted]) => {
      for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (
        document.querySelectorAll(`input[name="${field}"]`)
      ))
        if (input.checked !== wanted.includes(input.value)) input.click();
    },
    /** @type {[string, string[]]} */ ([name, values]),
  );

/** Waits for the end of what runs. @param {Page} page @returns {Promise<string>} what was said then */
async function ended(page) {
  await page.until(() => document.querySelector('[data-part="cancel"]')?.hasAttribute('hidden'));
  return textOf(page, 'live');
}

/** @param {Page} page @returns {Promise<string[][]>} the table's cells */
const table = (page) =>
  page.run(() =>
    [...document.querySelectorAll('[data-part="rows"] tr')].map((row) =>
      [...row.children].map(({ textContent }) => textContent ?? ''),
    ),
  );

/** @param {string[]} cells of a row: numbers that make sense */
function assertTimes([name, ...cells]) {
  const [first, min, median, p95, runs] = cells.map(Number);
  assert.ok(first > 0 && min > 0 && min <= median && median <= p95, `${name}: ${cells}`);
  assert.ok(Number.isInteger(runs) && runs > 4, `${name}: ${runs} runs`);
}

for (const launch of [launchChromium, launchFirefox]) {
  describe(launch === launchChromium ? 'bench page in Chromium' : 'bench page in Firefox', () => {
    /** @type {import('./browsers.js').Browser} */
    let browser;
    /** @type {Page} */
    let page;
    /** @type {{server: import('node:http').Server, address: string}} */
    let demo;

    before(async () => {
      demo = await serve(0);
      browser = await launch();
      page = await browser.newPage();
      await page.open(`${demo.address}demo/bench/`);
      await page.until(() => document.querySelector('input[name="threads"]'));
    });
    after(async () => {
      await browser?.close();
      demo.server.closeAllConnections();
      demo.server.close();
    });
    /** @param {string} name @param {() => Promise<void>} work */
    const clean = (name, work) =>
      test(name, async () => {
        page.errors.length = 0;
        await work();
        assert.deepEqual(page.errors, [], 'errors in the console');
      });

    clean('every build of a bundled model is timed, on one thread and on more', async () => {
      // In Firefox the page's workers have no threads (load.js says why).
      const threads = await page.run(() =>
        navigator.hardwareConcurrency > 1 && !/Firefox/.test(navigator.userAgent) ? ['1', '2'] : ['1'],
      );
      assert.equal(await page.run(() => crossOriginIsolated), true);
      const builds = await page.run(() =>
        [.../** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('input[name="simd"]'))]
          .filter(({ disabled }) => !disabled)
          .map(({ value }) => value),
      );
      assert.ok(builds.includes('simd128'));
      await choose(page, 'threads', threads);
      await choose(page, 'simd', builds);
      await page.click(part('run'));
      const said = await ended(page);
      const rows = await table(page);
      assert.equal(rows.length, builds.length * threads.length);
      for (const row of rows) assertTimes(row);
      assert.equal(rows.filter((row) => row.at(-1) === '100%').length > 0, true, 'one is the fastest');
      assert.match(said, /SIMD128, 1 thread: [\d.]+ milliseconds/);
      const bars = await page.run(() => document.querySelectorAll('.chart svg .bar').length);
      assert.ok(bars >= rows.length, `${bars} bars`);
    });

    clean('the results are copied as text', async () => {
      await page.run(() => {
        Object.defineProperty(navigator, 'clipboard', {
          configurable: true,
          value: {
            writeText: async (/** @type {string} */ text) => Object.assign(globalThis, { copied: text }),
          },
        });
      });
      await page.click(part('copy'));
      await page.until(() => 'copied' in globalThis);
      const text = await page.run(() => /** @type {any} */ (globalThis).copied);
      assert.match(text, /^Digits, int8, milliseconds of a prediction\. .+\n\n\| build \| first \|/);
      assert.match(text, /\| SIMD128, 1 thread \| [\d.]+ \|/);
    });

    clean('a file of one’s own: its open dimensions are asked for', async () => {
      await choose(page, 'simd', ['simd128']);
      await choose(page, 'threads', ['1']);
      await page.upload(part('file'), at('models/digits/digits.onnx'));
      await page.until(() => document.querySelector('.shapes:not([hidden]) input'));
      const fields = await page.run(() =>
        [.../** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('.shapes input'))].map(
          ({ value, disabled }) => (disabled ? value : `${value}?`),
        ),
      );
      assert.deepEqual(fields, ['1?', '1', '28', '28']);
      await page.run(() => {
        /** @type {HTMLInputElement} */ (document.querySelector('.shapes input')).value = 'x';
      });
      await page.click(part('run'));
      assert.match(await textOf(page, 'error'), /whole number/);
      await page.run(() => {
        /** @type {HTMLInputElement} */ (document.querySelector('.shapes input')).value = '3';
      });
      await page.click(part('run'));
      assert.match(await ended(page), /^SIMD128, 1 thread: [\d.]+ milliseconds$/);
      assert.equal(await textOf(page, 'title'), 'digits.onnx');
      assertTimes((await table(page))[0]);
    });

    clean('what is no model is said to be none', async () => {
      const broken = join(tmpdir(), `siskin-no-model-${process.pid}.onnx`);
      writeFileSync(broken, 'no model');
      await page.upload(part('file'), broken);
      await page.until((selector) => {
        const said = document.querySelector(selector);
        return said?.checkVisibility() && /siskin-no-model/.test(said.textContent ?? '');
      }, part('error-text'));
    });

    clean('started with Enter, cancelled with Escape and with the button, then run again', async () => {
      await choose(page, 'model', ['digits-int8']);
      await choose(page, 'seconds', ['20']);
      for (const way of ['Escape', 'button']) {
        await page.run(() =>
          /** @type {HTMLElement} */ (document.querySelector('[data-part="run"]')).focus(),
        );
        await page.press('Enter');
        await page.until(() =>
          /^Timing/.test(document.querySelector('[data-part="status"]')?.textContent ?? ''),
        );
        if (way === 'button') await page.click(part('cancel'));
        else await page.press('Escape');
        assert.equal(await ended(page), 'Cancelled');
      }
      await choose(page, 'seconds', ['2']);
      await page.click(part('run'));
      assert.match(await ended(page), /milliseconds$/);
    });

    clean('nothing chosen is said, on a phone nothing sticks out', async () => {
      await choose(page, 'simd', []);
      await page.click(part('run'));
      assert.match(await textOf(page, 'error-text'), /at least one build/);
      if (browser.name === 'Chromium') {
        await page.resize(360, 740);
        const width = await page.run(() => document.documentElement.scrollWidth);
        assert.equal(width, 360);
      }
    });
  });
}
