/**
 * How long a prediction takes: every engine in its own page, warmed up, then in turns A B C A B C, each in front while it
 * is its turn.
 *
 * @typedef {object} Row
 * @property {string} engine
 * @property {string} model
 * @property {number} threads
 * @property {string} [unavailable] why there are no times
 * @property {number[][]} [rounds] milliseconds of each prediction
 * @property {number} [load] milliseconds from import to a loaded model
 * @property {number} [difference] of its outputs from Siskin's, in relation to the largest
 * @property {any} [memory] of its page, and what the engine says of it
 * @property {any} [profile] of Siskin: the time of each step
 * @property {any} [facts] what the engine says of itself
 */
import { unpack } from '../browser/tensors.js';
import { openPage } from './browser.js';
import { difference, median } from './stats.js';

const TOLERANCE = 1e-4;

/**
 * Whether this engine is compared on this model at all.
 * @param {import('./engines.js').Engine} engine
 * @param {import('./models.js').Model} model
 * @param {number} threads
 */
export const isCompared = ({ id, format }, model, threads) =>
  (id !== 'siskin-worker' || threads === 1) && (format === 'onnx' || model.id === 'mobilenetv2');

/**
 * One model on all engines and numbers of threads, all in turns.
 * @param {any} bench the run: context, url, server, options, say
 * @param {import('./engines.js').Engine[]} engines
 * @param {import('./models.js').Model} model
 * @returns {Promise<Row[]>}
 */
export async function speed(bench, engines, model) {
  const { rounds, ms, warm, threads, parts } = bench.options;
  const entries = [];
  try {
    for (const count of threads)
      for (const engine of engines.filter((one) => isCompared(one, model, count)))
        entries.push(await open(bench, engine, model, count));
    const ready = entries.filter(({ row }) => !row.unavailable);
    bench.say(`${model.id}: ${ready.length} pages, warming up`);
    await compare(bench, model, ready);
    for (const { page, call } of ready) {
      await page.bringToFront();
      await call('round', { ms: warm, least: 3 });
    }
    for (let round = 0; round < rounds; round++) {
      for (const { page, call, row } of ready) {
        await page.bringToFront();
        row.rounds.push(await call('round', { ms, least: 2 }));
      }
    }
    for (const { page, call, row } of ready) {
      await page.bringToFront();
      if (parts.includes('memory') && row.threads === 1) row.memory = await call('memory');
      if (parts.includes('profile') && row.engine === 'siskin') row.profile = await call('profile');
    }
    const times = ready.map(
      ({ row }) => `${row.engine} x${row.threads} ${median(row.rounds.flat()).toFixed(2)}`,
    );
    bench.say(`${model.id}: ${times.join(', ') || 'nothing to time'} (ms)`);
    return entries.map(({ row }) => row);
  } finally {
    for (const { page } of entries) await page?.close();
  }
}

async function open({ context, url, say }, engine, model, threads) {
  /** @type {Row} */
  const row = { engine: engine.id, model: model.id, threads };
  if (!model.files[engine.format])
    return { row: { ...row, unavailable: `no .${engine.format} file: set BENCH_MODELS` } };
  const { page, call, errors } = await openPage(context, url);
  try {
    await page.bringToFront();
    const { adapter, library, options, format } = engine;
    const address = `${url}/model/${model.id}.${format}`;
    const { ms, ...facts } = await call('start', { adapter, library, options, model: address, threads });
    if (facts.threads !== threads)
      return {
        page,
        row: {
          ...row,
          unavailable: `it runs on ${facts.threads} of ${threads} threads${facts.notes?.length ? `: ${facts.notes.join('; ')}` : ''}`,
        },
      };
    await call('prepare', `/input/${model.id}`);
    return { page, call, engine, row: { ...row, load: ms, facts, rounds: [] } };
  } catch (error) {
    const reason = [error.message.replace(/^page\.evaluate: /, '').split('\n')[0], ...errors].join('; ');
    say(`${engine.id} failed on ${model.id}: ${reason}`);
    return { page, row: { ...row, unavailable: `failed: ${reason}` } };
  }
}

/** What one prediction puts out. */
async function outputs({ server }, { page, call }) {
  await page.bringToFront();
  await call('check', '/output');
  const { buffer, byteOffset, length } = server.bytes.get('/output');
  return unpack(buffer.slice(byteOffset, byteOffset + length));
}

/** The outputs of each against Siskin's; those of a .tflite file against Siskin's with the twin of that. */
async function compare(bench, model, entries) {
  let want;
  for (const entry of entries) {
    const { engine, row } = entry;
    const got = await outputs(bench, entry);
    if (engine.format === 'tflite') row.difference = difference(got, await twinOutputs(bench, model));
    else if (want) row.difference = difference(got, want);
    else want = got;
    if (row.difference > TOLERANCE)
      bench.say(
        `${row.engine} on ${row.model}: outputs differ by ${row.difference.toExponential(1)} of the largest`,
      );
  }
}

async function twinOutputs(bench, { id }) {
  const { context, url } = bench;
  const entry = await openPage(context, url);
  const own = { adapter: 'siskin', library: '/dist/siskin.js', options: { worker: false } };
  try {
    await entry.call('start', { ...own, model: `${url}/model/${id}.twin`, threads: 1 });
    await entry.call('prepare', `/input/${id}`);
    return await outputs(bench, entry);
  } finally {
    await entry.page.close();
  }
}
