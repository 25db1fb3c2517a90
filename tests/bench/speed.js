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
    await compare(
      bench,
      ready.filter(({ ownResults }) => !ownResults),
    );
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
          unavailable: `it runs on ${facts.threads} of ${threads} threads${facts.notes ? `: ${facts.notes}` : ''}`,
        },
      };
    await call('prepare', `/input/${model.id}`);
    return { page, call, ownResults: engine.ownResults, row: { ...row, load: ms, facts, rounds: [] } };
  } catch (error) {
    const reason = [error.message.replace(/^page\.evaluate: /, '').split('\n')[0], ...errors].join('; ');
    say(`${engine.id} failed on ${model.id}: ${reason}`);
    return { page, row: { ...row, unavailable: `failed: ${reason}` } };
  }
}

/** One prediction of each, the outputs against Siskin's. */
async function compare({ server, say }, entries) {
  let want;
  for (const { page, call, row } of entries) {
    await page.bringToFront();
    const place = `/output/${row.engine}-${row.threads}`;
    await call('check', place);
    const bytes = server.bytes.get(place);
    server.bytes.delete(place);
    const got = unpack(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    if (want) row.difference = difference(got, want);
    else want = got;
    if (row.difference > TOLERANCE)
      say(
        `${row.engine} on ${row.model}: outputs differ by ${row.difference.toExponential(1)} of the largest`,
      );
  }
}
