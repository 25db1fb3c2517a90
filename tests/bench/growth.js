/**
 * How cost grows: time with the batch and with the pixels, which should be in proportion; memory with the number of
 * predictions, which should be nothing. Siskin alone.
 */
import { pack } from '../browser/tensors.js';
import { openPage } from './browser.js';
import { MODELS } from '../models/files.js';
import { generated } from './models.js';
import { median } from './stats.js';
import { noise } from './web/noise.js';

const PREDICTIONS = 1000;
/** In which 1,000 predictions take seconds. */
const STEADY = ['mobilenetv2', 'silero-vad5', 'blazeface'];

/** What grows, its model's input, and the shapes. */
const SERIES = [
  {
    title: 'a plain convolutional net, batches of 96 x 96 images',
    id: 'plain',
    input: 'input',
    shapes: [1, 2, 4, 8].map((n) => [n, 3, 96, 96]),
  },
  {
    title: 'the same net, one image of growing size',
    id: 'plain',
    input: 'input',
    shapes: [96, 136, 192, 272, 384].map((side) => [1, 3, side, side]),
  },
  {
    title: 'PP-OCRv4 detection, one image of growing size',
    id: 'ocr-detection',
    input: 'x',
    shapes: [224, 320, 448, 640, 896].map((side) => [1, 3, side, side]),
  },
];

/** @param {any} bench @param {any} engine @param {string} address */
async function openModel({ context, url }, { adapter, library, options }, address) {
  const one = await openPage(context, url);
  await one.page.bringToFront();
  await one.call('start', { adapter, library, options, model: `${url}${address}`, threads: 1 });
  return one;
}

/**
 * @param {any} bench
 * @param {import('./engines.js').Engine[]} engines
 */
export async function growth(bench, engines) {
  const engine = engines.find(({ id }) => id === 'siskin');
  if (!engine) return null;
  bench.places['/model/grow-plain.onnx'] = generated(`${bench.cache}/models`, 'plain');
  bench.places['/model/grow-ocr-detection.onnx'] = MODELS.detection;
  const result = [];
  for (const { title, id, input, shapes } of SERIES) {
    const { page, call } = await openModel(bench, engine, `/model/grow-${id}.onnx`);
    const rows = shapes.map((dims, i) => {
      const address = `/input/grow-${i}`;
      bench.server.bytes.set(address, pack({ [input]: noise(dims, i + 1) }));
      return { dims, address, rounds: [] };
    });
    const { rounds, warm, ms } = bench.options;
    for (const { address } of rows) {
      await call('prepare', address);
      await call('round', { ms: warm / 4, least: 3 });
    }
    for (let round = 0; round < rounds; round++) {
      for (const { address, rounds: times } of rows) {
        await call('prepare', address);
        await call('round', { ms: 0, least: 1 });
        times.push(await call('round', { ms: ms / 2, least: 2 }));
      }
    }
    await page.close();
    bench.say(`${title}: ${rows.map((row) => median(row.rounds.flat()).toFixed(2)).join(', ')} (ms)`);
    result.push({
      title,
      rows: rows.map(({ dims, rounds: times }) => ({ dims, ms: median(times.map(median)) })),
    });
  }
  return result;
}

/**
 * Memory before and after 1,000 predictions.
 * @param {any} bench
 * @param {import('./engines.js').Engine[]} engines
 * @param {import('./models.js').Model[]} models
 */
export async function steady(bench, engines, models) {
  const engine = engines.find(({ id }) => id === 'siskin');
  const result = [];
  for (const { id } of models) {
    if (!engine || !STEADY.includes(id)) continue;
    const { page, call } = await openModel(bench, engine, `/model/${id}.onnx`);
    await call('prepare', `/input/${id}`);
    await call('round', { ms: 0, least: 10 });
    const before = await call('memory');
    await call('round', { ms: 0, least: PREDICTIONS });
    const after = await call('memory');
    await page.close();
    bench.say(`${id}: ${PREDICTIONS} predictions, wasm memory ${before.wasm} -> ${after.wasm}`);
    result.push({ model: id, predictions: PREDICTIONS, before, after });
  }
  return result;
}
