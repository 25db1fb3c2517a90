/**
 * What the project set out to reach, and what a run of the benchmark says of it.
 *
 * @typedef {{what: string, against: string, target: number, measured: number | null, unit?: string, note?: string}} Verdict
 */
import { median, ratio } from './stats.js';

/** Largest part of ResNet-50's activations alive at once: two of 256 x 56 x 56 and one of 64 x 56 x 56, float32. */
const RESNET_ACTIVATIONS = (2 * 256 + 64) * 56 * 56 * 4;

/** Siskin's share of a peer's time: model, peer, threads, at most, what one would like even better. */
const TIMES = [
  ['mobilenetv2', 'litert', 1, 0.65, 'stretch 0.58'],
  ['mobilenetv2', 'ort', 1, 0.36],
  ['resnet50', 'ort', 1, 0.36],
  ['minilm128', 'ort', 1, 0.5],
  ['ocr-detection', 'ort', 1, 0.45],
  ['ocr-recognition', 'ort', 1, 0.45],
  ['silero-vad5', 'ort', 1, 0.4],
  ['mobilenetv2', 'litert', 2, 0.7],
  ['mobilenetv2', 'ort', 2, 0.45],
  ['resnet50', 'ort', 2, 0.45],
];
const START = [
  ['litert', 0.25, 0.08],
  ['ort', 0.15, 0.08],
];

/** @param {any} result @returns {Verdict[]} measured: null where this run has nothing to say */
export function verdicts(result) {
  const titles = new Map([...result.engines, ...result.models].map(({ id, title }) => [id, title]));
  /** @param {string} model @param {string} engine @param {number} threads @returns {number[][] | undefined} */
  const roundsOf = (model, engine, threads) =>
    result.speed.find((row) => row.model === model && row.engine === engine && row.threads === threads)
      ?.rounds;
  const against = (own, other) => (own && other ? ratio(own, other).median : null);
  const title = (id) => titles.get(id) ?? id;

  /** @type {Verdict[]} */
  const list = TIMES.map(([model, peer, threads, target, note]) => ({
    what: `${title(model)}${threads > 1 ? `, ${threads} threads` : ''}`,
    against: title(peer),
    target,
    note,
    measured: against(roundsOf(model, 'siskin', threads), roundsOf(model, peer, threads)),
  }));
  list.push({
    what: `${title('resnet50')}, 2 threads`,
    against: 'Siskin, 1 thread',
    target: 0.58,
    measured: against(roundsOf('resnet50', 'siskin', 2), roundsOf('resnet50', 'siskin', 1)),
  });
  const start = (id) => result.start?.rows.find(({ engine }) => engine === id);
  for (const [peer, time] of START) {
    const [own, other] = [start('siskin'), start(peer)];
    list.push({
      what: 'navigation to first prediction, MobileNetV2',
      against: title(peer),
      target: time,
      measured: own && other ? median(own.times.map((ms, i) => ms / other.times[i])) : null,
    });
  }
  for (const [peer, , bytes] of START) {
    const [own, other] = [start('siskin'), start(peer)];
    list.push({
      what: 'wasm + JS bytes for it, brotli',
      against: title(peer),
      target: bytes,
      measured: own && other ? own.brotli / other.brotli : null,
    });
  }
  list.push(...memoryVerdicts(result), ...otherVerdicts(result));
  return list;
}

function memoryVerdicts({ models, speed, steady }) {
  const resnet = models.find(({ id }) => id === 'resnet50');
  const own = speed.find((row) => row.model === 'resnet50' && row.engine === 'siskin' && row.threads === 1);
  const peak = own?.memory?.wasm;
  const grown = steady?.map(({ before, after }) => after.wasm - before.wasm);
  return [
    {
      what: 'peak wasm memory, ResNet-50',
      against: 'weights + largest live activations',
      target: 1.5,
      measured: peak && resnet ? peak / (resnet.bytes + RESNET_ACTIVATIONS) : null,
    },
    {
      what: 'growth of wasm memory over 1,000 predictions',
      against: '',
      unit: 'bytes',
      target: 0,
      measured: grown?.length ? Math.max(...grown) : null,
    },
  ];
}

function otherVerdicts({ growth, speed }) {
  const spreads = growth?.map(({ rows }) => {
    const costs = rows.map(({ dims, ms }) => ms / (dims[0] * dims[2] * dims[3]));
    return Math.max(...costs) / Math.min(...costs);
  });
  const differences = speed
    .filter(({ difference }) => difference !== undefined)
    .map(({ difference }) => difference);
  return [
    {
      what: 'dearest pixel / cheapest pixel over batches and sizes',
      against: '',
      target: 1.25,
      measured: spreads?.length ? Math.max(...spreads) : null,
    },
    {
      what: 'largest difference of an output from the peers',
      against: 'its largest value',
      target: 1e-4,
      measured: differences.length ? Math.max(...differences) : null,
    },
  ];
}
