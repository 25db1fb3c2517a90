/**
 * One build with one number of threads: a worker each, so that none takes cores from another's count. It loads the model
 * and predicts for a while whenever it is its turn. Siskin runs here without a worker of its own: no message is part of
 * the times. The page ends it.
 */
import { load, Tensor } from '../siskin.js';

const FILLED = /^(bool|float(16|32|64)|u?int(8|16|32|64))$/;

/** @type {any} */
let model;
/** @type {Record<string, any>} */
let feeds;

/**
 * Something to predict from: noise in 0..1 for floats (zeros for 16-bit ones), ones for whole numbers.
 * @param {import('./models.js').Input} input
 */
function fill({ name, type, dims }) {
  if (!FILLED.test(type)) throw new Error(`This page has no input of type ${type} to give to '${name}'.`);
  const noise = type === 'float32' || type === 'float64';
  const same = type === 'float16' ? 0 : type.endsWith('int64') ? 1n : 1;
  const length = dims.reduce((a, b) => a * b, 1);
  const data = Array.from({ length }, () => (noise ? Math.random() : same));
  return [name, new Tensor(/** @type {any} */ (type), data, dims)];
}

/** @param {number} ms at least; 0: once */
async function predict(ms) {
  const times = [];
  const end = performance.now() + ms;
  do {
    const begin = performance.now();
    await model.predict(feeds);
    times.push(performance.now() - begin);
  } while (performance.now() < end);
  return times;
}

/** What the page may ask for, each answered by its result. @type {Record<string, (question: any) => Promise<unknown>>} */
const answers = {
  /** The inputs of a model. */
  async look({ file }) {
    const { inputs } = await load(file, { worker: false });
    return inputs;
  },
  /** Loads and predicts once: {first}, or {missing} with the reason. */
  async open({ file, inputs, simd, threads }) {
    feeds = Object.fromEntries(inputs.map(fill));
    model = await load(file, { worker: false, simd, threads });
    if (model.info.threads !== threads)
      return { missing: model.info.notes.join('; ') || `it runs on ${model.info.threads}` };
    return { first: (await predict(0))[0] };
  },
  turn: ({ ms }) => predict(ms),
};

addEventListener('message', async ({ data }) => {
  try {
    postMessage({ result: await answers[data.op](data) });
  } catch (error) {
    postMessage({ error: /** @type {Error} */ (error).message });
  }
});
