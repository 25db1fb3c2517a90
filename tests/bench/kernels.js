/**
 * make bench-kernels: how fast each kernel is on each shape in Chromium, next to a ceiling measured in the same
 * run. Fails when select.c's choice is more than a tenth slower than the best candidate for a shape, or when
 * candidates give different bits.
 *
 *   node tests/bench/kernels.js [--node] [--rounds=15] [--only=TEXT] [--build=relaxed,before] [--json=FILE]
 *
 * SISKIN_BUILD/bench/ must hold kernels-<build>.wasm; other builds than the two can be put there to compare.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { serve } from '../browser/server.js';
import { models } from './kernels-shapes.js';
import { measure } from './kernels-work.js';

/** @typedef {import('./kernels-work.js').Row} Row */

const BUILDS = ['relaxed', 'simd128'];
const SLACK = 1.1; // of the choice against the best candidate
const here = path.dirname(fileURLToPath(import.meta.url));
const folder = path.join(process.env.SISKIN_BUILD ?? 'build', 'bench');

const { values } = parseArgs({
  options: {
    node: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '15' },
    only: { type: 'string', default: '' },
    build: { type: 'string', default: '' },
    json: { type: 'string' },
  },
});
const builds = values.build ? values.build.split(',') : BUILDS;
const options = { rounds: Number(values.rounds), only: values.only };

/** @returns {Promise<Row[]>} */
async function inNode() {
  /** @type {Record<string, WebAssembly.Module>} */
  const modules = {};
  for (const build of builds) {
    modules[build] = await WebAssembly.compile(readFileSync(path.join(folder, `kernels-${build}.wasm`)));
  }
  return measure(modules, options);
}

/** @returns {Promise<Row[]>} */
async function inChromium() {
  const { launch } = await import('./browser.js');
  const isolated = {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  };
  const server = await serve(
    {
      '/': (_, response) => void response.setHeader('Content-Type', 'text/html').end('<!doctype html>'),
      '/wasm/': path.resolve(folder) + path.sep,
      '/js/': here + path.sep,
    },
    isolated,
  );
  const browser = await launch();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.goto(`${server.url}/`);
    await page.bringToFront();
    const work = async (/** @type {any} */ { builds, options }) => {
      const { measure } = await import(/** @type {any} */ ('/js/kernels-work.js'));
      /** @type {Record<string, WebAssembly.Module>} */
      const modules = {};
      for (const build of builds) {
        modules[build] = await WebAssembly.compileStreaming(fetch(`/wasm/kernels-${build}.wasm`));
      }
      return measure(modules, options);
    };
    return await page.evaluate(work, { builds, options });
  } finally {
    await browser.close();
    server.close();
  }
}

const rate = (/** @type {number} */ work, /** @type {number} */ ms) => work / ms / 1e6;

/** @param {Row[]} rows @returns {string[]} what is wrong */
function report(rows) {
  const wrong = [];
  for (const build of builds) {
    const own = rows.filter((row) => row.build === build);
    const of = (/** @type {string} */ kind) => own.filter((row) => row.kind === kind);
    const ceiling = Math.max(...of('ceiling').map(({ work, min }) => rate(work, min)));
    console.log(
      `\n${build}: ceiling ${ceiling.toFixed(1)} Gop/s (${of('ceiling')
        .map(
          ({ name, work, min, median }) =>
            `${name} ${rate(work, min).toFixed(1)}, median ${rate(work, median).toFixed(1)}`,
        )
        .join('; ')})`,
    );
    const line = (/** @type {unknown[]} */ ...cells) =>
      console.log(cells.map((cell, i) => (i ? `${cell}`.padStart(11) : `${cell}`.padEnd(46))).join(''));
    line('products and depthwise', 'Gop/s', 'median', '% ceiling', 'us');
    const computing = own.filter(({ kind }) =>
      ['gemm', 'igemm', 'gemm8', 'igemm8', 'direct', 'depthwise', 'depthwise8'].includes(kind),
    );
    for (const {
      kind,
      name,
      candidate = '',
      chosen,
      model = '',
      times = 1,
      work,
      min,
      median,
    } of computing) {
      const count = times > 1 ? ` x ${times}` : '';
      line(
        `${kind} ${candidate}${chosen ? '*' : ''} ${name}${count} ${model}`,
        rate(work, min).toFixed(1),
        rate(work, median).toFixed(1),
        ((100 * rate(work, min)) / ceiling).toFixed(0),
        (1000 * min).toFixed(1),
      );
    }
    line('memory', 'GB/s', 'median', '', 'us');
    for (const { kind, name, work, min, median } of [...of('read'), ...of('copy'), ...of('winograd')]) {
      line(
        `${kind} ${name}`,
        rate(work, min).toFixed(1),
        rate(work, median).toFixed(1),
        '',
        (1000 * min).toFixed(1),
      );
    }
    line('functions', 'G/s', 'median', '', 'us');
    for (const { kind, name, work, min, median } of own.filter(({ kind }) =>
      ['softmax', 'exp', 'erf', 'tanh', 'sigmoid'].includes(kind),
    )) {
      line(
        `${kind} ${name}`,
        rate(work, min).toFixed(2),
        rate(work, median).toFixed(2),
        '',
        (1000 * min).toFixed(1),
      );
    }

    const products = own.filter(({ kind }) => kind === 'gemm' || kind === 'igemm');
    /** @param {(row: Row) => boolean} include */
    const weighted = (include) => {
      const chosen = products.filter((row) => row.chosen && include(row));
      const sum = (/** @type {(row: Row) => number} */ of) =>
        chosen.reduce((sum, row) => sum + of(row) * (row.times ?? 1), 0);
      const [work, min, median] = [
        sum(({ work }) => work),
        sum(({ min }) => min),
        sum(({ median }) => median),
      ];
      return work
        ? `${((100 * rate(work, min)) / ceiling).toFixed(1)}% of the ceiling (${rate(work, min).toFixed(1)} Gop/s, median ${rate(work, median).toFixed(1)}, ${min.toFixed(2)} ms)`
        : 'not measured';
    };
    console.log(`384^3: ${weighted(({ name, model }) => name === '384x384x384' && !model)}`);
    for (const model of Object.keys(models))
      console.log(`${model}: ${weighted((row) => row.model === model)}`);
    console.log(`the three models: ${weighted((row) => !!row.model)}`);

    for (const row of products.filter(({ chosen }) => chosen)) {
      const rivals = products.filter(
        ({ kind, name, model }) => kind === row.kind && name === row.name && model === row.model,
      );
      const best = rivals.reduce((best, rival) => (rival.min < best.min ? rival : best));
      const what = `${build}: ${row.kind} ${row.name}`;
      if (row.min > SLACK * best.min)
        wrong.push(
          `${what}: ${row.candidate} is chosen, ${best.candidate} takes ${((100 * best.min) / row.min).toFixed(0)}% of its time`,
        );
      for (const rival of rivals)
        if (rival.sum !== row.sum)
          wrong.push(`${what}: ${row.candidate} and ${rival.candidate} give different bits`);
    }
    for (const { kind, name, model } of products) {
      const rivals = products.filter((row) => row.kind === kind && row.name === name && row.model === model);
      if (!rivals.some(({ chosen }) => chosen))
        wrong.push(`${build}: ${kind} ${name}: the choice is not measured`);
    }
  }
  return wrong;
}

const rows = await (values.node ? inNode() : inChromium());
if (values.json)
  writeFileSync(
    values.json,
    `${JSON.stringify({ engine: values.node ? `node ${process.version}` : 'chromium', rows }, null, 1)}\n`,
  );
const wrong = report(rows);
for (const text of wrong) console.log(`WRONG ${text}`);
console.log(`${rows.length} measured, ${wrong.length} wrong`);
process.exitCode = wrong.length || !rows.length ? 1 : 0;
