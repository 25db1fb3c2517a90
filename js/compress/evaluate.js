/** evaluate: what a model gets right, how fast, and how it compares with another on the same inputs. */
import { SiskinError, load } from '../index.js';
import { latencyOf, scoresOf } from './metrics.js';
import { goOver } from './samples.js';

/** @typedef {import('../siskin.d.ts').Model} Model */
/** @typedef {import('../siskin.d.ts').Tensor} Tensor */
/** @typedef {import('../compress.js').EvaluateSample} EvaluateSample */

const MOST = 100_000; // classes

/** @param {any} source @returns {source is Model} */
const isModel = (source) => typeof source?.predict === 'function';

/** @param {any} source @returns {Promise<number | null>} bytes of the file */
async function bytesOf(source) {
  if (isModel(source)) return null;
  if (source?.byteLength >= 0) return source.byteLength;
  if (source?.size >= 0) return source.size;
  const fs = globalThis.process?.getBuiltinModule?.('fs');
  try {
    return fs ? fs.statSync(/** @type {any} */ (source)).size : null;
  } catch {
    return null;
  }
}

/**
 * What a prediction says: scores for each class, or the class alone.
 * @param {Tensor} output
 * @param {readonly string[] | undefined} classes
 * @returns {{scores: ArrayLike<number> | null, predicted: number | string}}
 */
function reading({ type, data, dims }, classes) {
  if (type === 'string') return { scores: null, predicted: /** @type {string[]} */ (data)[0] };
  const numbers = Array.from(/** @type {any} */ (data), Number);
  if (!/float/.test(type)) return { scores: null, predicted: numbers[0] };
  if (numbers.length > 1) {
    if (classes && numbers.length !== classes.length)
      throw new SiskinError('bad-option', `${numbers.length} scores [${dims}] for ${classes.length} classes`);
    return {
      scores: numbers,
      predicted: numbers.indexOf(numbers.reduce((a, b) => (b > a || Number.isNaN(a) ? b : a))),
    };
  }
  return { scores: [1 - numbers[0], numbers[0]], predicted: numbers[0] > 0.5 ? 1 : 0 };
}

/** @param {Record<string, Tensor>} a @param {Record<string, Tensor>} b relative to b's largest magnitude */
function differenceOf(a, b) {
  let worst = 0;
  for (const [name, { data, type }] of Object.entries(b)) {
    if (type === 'string' || !a[name]) continue;
    let [largest, difference] = [0, 0];
    const [x, y] = [/** @type {any} */ (a[name].data), /** @type {any} */ (data)];
    if (x.length !== y.length) return Infinity;
    for (let i = 0; i < y.length; i++) {
      largest = Math.max(largest, Math.abs(Number(y[i])));
      difference = Math.max(difference, Math.abs(Number(x[i]) - Number(y[i])));
    }
    if (difference) worst = Math.max(worst, difference / largest);
  }
  return worst;
}

/** One of the models: what it said and how long it took. */
class Runner {
  times = /** @type {number[]} */ ([]);
  readings = /** @type {ReturnType<typeof reading>[]} */ ([]);
  #own;

  /** @param {Model} model @param {number | null} bytes @param {boolean} own @param {import('../compress.js').EvaluateOptions} options */
  constructor(model, bytes, own, options) {
    this.model = model;
    this.bytes = bytes;
    this.#own = own;
    this.options = options;
    this.output = options.output ?? model.outputs[0].name;
    if (!model.outputs.some(({ name }) => name === this.output))
      throw new SiskinError('bad-name', `the model has no output '${this.output}'`);
  }

  /** @param {any} source @param {import('../compress.js').EvaluateOptions} options */
  static async open(source, options) {
    const { load: how, signal, worker, externalData, maxMemory } = options;
    const own = !isModel(source);
    const model = own ? await load(source, { signal, worker, externalData, maxMemory, ...how }) : source;
    return new Runner(model, await bytesOf(source), own, options);
  }

  /** @param {import('../compress.js').Sample} inputs @param {boolean} read whether the output is one of classes */
  async run(inputs, read) {
    const start = performance.now();
    const outputs = await this.model.predict(/** @type {any} */ (inputs), { signal: this.options.signal });
    this.times.push(performance.now() - start);
    if (read) this.readings.push(reading(outputs[this.output], this.options.classes));
    return outputs;
  }

  async measured() {
    const { peak } = await this.model.describe('memory');
    const times = this.times.length > 1 ? this.times.slice(1) : this.times; // the first also plans and packs
    return { bytes: this.bytes, peak, memory: this.model.info.memory, latency: latencyOf(times) };
  }

  close = async () => this.#own && this.model.dispose();
}

/** Labels and predictions as numbers of classes. @param {readonly string[] | undefined} given */
function classIndex(given) {
  /** @type {string[]} */
  const names = given ? [...given] : [];
  return {
    names,
    /** @param {number | string} label */
    of(label) {
      const at = typeof label === 'string' ? names.indexOf(label) : -1;
      if (at >= 0) return at;
      const index = Number(label);
      const numbered =
        label !== '' && Number.isInteger(index) && index >= 0 && index < (given?.length ?? MOST);
      if (!numbered && (given || typeof label === 'number'))
        throw new SiskinError('bad-value', `label '${label}' is none of the classes`);
      if (!numbered) return names.push(String(label)) - 1;
      while (names.length <= index) names.push(String(names.length));
      return index;
    },
  };
}

/**
 * @param {ReturnType<typeof reading>[]} readings @param {(number | string | undefined)[]} labels
 * @param {readonly string[] | undefined} classes @param {readonly number[]} top
 */
function judge(readings, labels, classes, top) {
  const index = classIndex(classes);
  const known = readings
    .map((one, i) => ({ one, label: labels[i] }))
    .filter(({ label }) => label !== undefined);
  if (!known.length) return null;
  const widest = Math.max(...known.map(({ one }) => one.scores?.length ?? 0));
  if (widest) index.of(widest - 1);
  const outcomes = known.map(({ one, label }) => ({
    actual: index.of(/** @type {string} */ (label)),
    predicted: index.of(one.predicted),
    scores: one.scores,
  }));
  for (const { actual, scores } of outcomes)
    if (scores && actual >= scores.length)
      throw new SiskinError('bad-value', `label ${actual} is none of the model's ${scores.length} classes`);
  return scoresOf(outcomes, index.names, top);
}

/** @type {typeof import('../compress.js').evaluate} */
export async function evaluate(source, options) {
  const { against, classes, top = [1, 5] } = options;
  const first = await Runner.open(source, options);
  /** @type {Runner | undefined} */
  let second;
  try {
    if (against) second = await Runner.open(against, options);
    /** @type {(number | string | undefined)[]} */
    const labels = [];
    let [largest, sum] = [0, 0];
    const use = async (/** @type {any} */ sample) => {
      const { inputs, label } = /** @type {EvaluateSample} */ (sample);
      const read = label !== undefined || !!second;
      const got = await first.run(inputs, read);
      labels.push(label);
      if (!second) return;
      const difference = differenceOf(got, await second.run(inputs, read));
      largest = Math.max(largest, difference);
      sum += difference;
    };
    await goOver(/** @type {any} */ (options.data), ['evaluate'], use, options);
    const labelled = labels.filter((label) => label !== undefined).length;
    const judged = (/** @type {Runner} */ runner) =>
      labelled
        ? judge(
            runner.readings,
            labels.filter((label) => label !== undefined || second),
            classes,
            top,
          )
        : null;
    const result = { samples: labels.length, labelled, scores: judged(first), ...(await first.measured()) };
    if (!second) return result;
    const same = first.readings.filter(
      ({ predicted }, i) => predicted === second?.readings[i].predicted,
    ).length;
    return {
      ...result,
      against: {
        ...(await second.measured()),
        scores: judged(second),
        agreement: same / labels.length,
        difference: { largest, mean: sum / labels.length },
      },
    };
  } finally {
    await first.close();
    await second?.close();
  }
}
