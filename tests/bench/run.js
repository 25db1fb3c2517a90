#!/usr/bin/env node
/**
 * The ruler: `make bench` for everything, with the tables in docs/benchmarks.md and the numbers in build/bench.json.
 *
 * To judge a change, time two builds and a peer in one run, interleaved (Siskin as built is SISKIN_DIST, or dist/):
 *   SISKIN_DIST=new/dist BENCH_MODELS=folder node tests/bench/run.js --dist before=old/dist \
 *     --engines siskin,ort,litert --models mobilenetv2,resnet50 --threads 1
 * and look at the ratios, not at the milliseconds; --quick for a first glance, --help for the rest. The peers come with
 * `npm ci` in tests/bench (make bench does it). Progress goes to stderr, tables to stdout.
 */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pack } from '../browser/tensors.js';
import { launch } from './browser.js';
import { gather } from './engines.js';
import { growth, steady } from './growth.js';
import { model } from './models.js';
import { parse } from './options.js';
import { between, tables } from './report.js';
import { serve } from './serve.js';
import { speed } from './speed.js';
import { startUp } from './start.js';
import { median, summary } from './stats.js';
import { verdicts } from './targets.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');
const build = process.env.SISKIN_BUILD ?? join(root, 'build');
const dist = process.env.SISKIN_DIST ?? join(root, 'dist');
const cache = join(build, 'bench');

/** @param {any} options @param {(text: string) => void} say */
async function run(options, say) {
  mkdirSync(cache, { recursive: true });
  const others = Object.fromEntries(
    Object.entries(options.others).map(([name, folder]) => [name, resolve(/** @type {string} */ (folder))]),
  );
  const { engines, places } = await gather(options.engines, { dist, others, cache: join(cache, 'peers') });
  const formats = new Set(engines.map(({ format }) => format));
  const folder = process.env.BENCH_MODELS;
  const models = [];
  for (const id of options.models) {
    say(`${id}: preparing`);
    models.push(await model(id, { folder, cache: join(cache, 'models'), formats }));
  }
  for (const { id, files } of models)
    for (const [format, file] of Object.entries(files)) places[`/model/${id}.${format}`] = file;
  places['/bench/tensors.js'] = join(here, '../browser/tensors.js');
  places['/bench/'] = join(here, 'web');
  const compressed = new Map();
  const server = await serve(places, compressed);
  for (const { id, inputs } of models) server.bytes.set(`/input/${id}`, pack(inputs));
  const browser = await launch();
  try {
    const context = await browser.newContext();
    const bench = { options, say, server, url: server.url, browser, context, places, compressed, cache };
    const result = {
      date: new Date().toISOString(),
      browser: `Chromium ${browser.version()}`,
      cpu: { model: cpus()[0].model.trim(), cores: cpus().length },
      options: { rounds: options.rounds, ms: options.ms, warm: options.warm, threads: options.threads },
      engines: engines.map(({ id, title, version }) => ({ id, title, version })),
      models: models.map(({ id, title, generated, files }) => ({
        id,
        title,
        generated,
        bytes: statSync(files.onnx).size,
      })),
      full: options.full,
      speed: [],
    };
    const wants = (part) => options.parts.includes(part);
    if (wants('speed')) for (const one of models) result.speed.push(...(await speed(bench, engines, one)));
    if (wants('start')) result.start = await startUp(bench, engines, models);
    if (wants('memory')) result.steady = await steady(bench, engines, models);
    if (wants('growth')) result.growth = await growth(bench, engines);
    return result;
  } finally {
    await browser.close();
    server.close();
  }
}

/** For the file: a median for each round in place of every single time. */
function condensed(result) {
  const speed = result.speed.map(({ rounds, ...row }) => ({
    ...row,
    ...(rounds && { ...summary(rounds.flat()), rounds: rounds.map(median) }),
  }));
  return { ...result, speed, targets: verdicts(result) };
}

async function main() {
  let options;
  try {
    options = parse(process.argv.slice(2));
  } catch (error) {
    console.error(`bench: ${error.message} (--help lists the options)`);
    return 2;
  }
  if (options.help) {
    console.log(options.help);
    return 0;
  }
  const begin = performance.now();
  const say = (text) =>
    console.error(`[${((performance.now() - begin) / 1000).toFixed(0).padStart(4)} s] ${text}`);
  const result = await run(options, say);
  const text = tables(result);
  console.log(text);
  if (options.write && options.full)
    writeFileSync(options.write, between(readFileSync(options.write, 'utf8'), text));
  else if (options.write) say(`${options.write} stays as it is: this was not a run of everything`);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(condensed(result), null, 1)}\n`);
  return 0;
}

process.exitCode = await main().catch((error) => {
  console.error(`bench: ${error.message}`);
  return 1;
});
