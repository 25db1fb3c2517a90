/**
 * A loaded model as the caller sees it. Names become numbers here, and inputs tensors; all that computes is behind the
 * channel. Inputs are copied when predict is called, so the caller may change them at once.
 */
import { SiskinError, fail } from './errors.js';
import { summary } from './profile.js';
import { Tensor } from './tensor.js';

/** @typedef {import('./siskin.d.ts').Model} PublicModel */
/** @typedef {import('./siskin.d.ts').ValueInfo} ValueInfo */
/** @typedef {import('./protocol.js').Feed} Feed */

/** The links of models in use, to share a worker. @type {WeakMap<object, import('./link.js').Link>} */
export const links = new WeakMap();

/** @param {readonly {name: string}[]} values @param {string} name */
function find(values, name) {
  const index = values.findIndex((value) => value.name === name);
  const names = () => values.map((value) => `'${value.name}'`).join(', ');
  return index < 0 ? fail('bad-name', `no '${name}' among ${names().slice(0, 500)}`) : index;
}

const isNumber = (/** @type {unknown} */ dim) => typeof dim === 'number';

/** A typed array in a declared shape, of which its length may decide one dimension. */
function shaped(/** @type {any} */ data, /** @type {ValueInfo} */ { type, dims }) {
  const known = dims?.filter(isNumber);
  if (!dims || !known || dims.length - known.length > 1)
    return fail('bad-shape', `[${dims ?? '?'}] is open: pass a Tensor`);
  const size = known.reduce((product, dim) => product * /** @type {number} */ (dim), 1);
  return new Tensor(
    type,
    data,
    dims.map((dim) => (isNumber(dim) ? Number(dim) : size && data.length / size)),
  );
}

/**
 * @param {import('./link.js').Channel} channel
 * @param {Pick<PublicModel, 'inputs' | 'outputs'>} io
 * @param {() => void} release of its threads
 * @param {(tuned: number) => void} learn which kernels are fastest here; 0: not known yet
 * @param {PublicModel['info']} info
 * @returns {PublicModel}
 */
export function makeModel(channel, { inputs, outputs }, release, learn, info) {
  /** @param {number} index @param {any} value @param {boolean} [transfer] @returns {Feed} */
  const feed = (index, value, transfer) => {
    const input = inputs[index];
    if (value === null) return [index];
    try {
      const { type, dims, data } = ArrayBuffer.isView(value)
        ? shaped(value, input)
        : new Tensor(value?.type, value?.data, value?.dims);
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return [index, type, dims, transfer && bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice()];
    } catch (error) {
      /** @type {Error} */ (error).message = `input '${input.name}': ${/** @type {Error} */ (error).message}`;
      throw error;
    }
  };

  /** @param {string} op @param {any} arg @param {Feed[]} [feeds] @param {AbortSignal} [signal] */
  const call = async (op, arg, feeds = [], signal) => {
    const transfer = new Set(feeds.flatMap(([, , , bytes]) => bytes?.buffer ?? []));
    const [value, memory, tuned] = await channel.call(op, arg, [...transfer], signal);
    info.memory = memory;
    learn(tuned);
    return value;
  };

  /** @param {any} given by name, or the only input's @param {boolean} [transfer] */
  const feedsOf = (given, transfer) => {
    const bare = ArrayBuffer.isView(given) || typeof given?.type === 'string'; // no map holds a string
    if (bare && inputs.length !== 1) fail('bad-name', `${inputs.length} inputs: name them`);
    const entries = bare ? [[inputs[0].name, given]] : Object.entries(given ?? {});
    return entries.map(([name, value]) => feed(find(inputs, name), value, transfer));
  };

  const dispose = async () => {
    release();
    links.delete(model);
    channel.close(new SiskinError('disposed', 'the model is disposed'));
  };

  /** @type {any} */
  const model = {
    inputs,
    outputs,
    info,

    /** @param {any} given @param {import('./siskin.d.ts').PredictOptions} [options] */
    async predict(given, { signal, outputs: names, transfer, keep = {} } = {}) {
      const kept = Object.entries(keep).map(([from, to]) => [find(outputs, from), find(inputs, to)]);
      const wanted = names
        ? names.map((name) => find(outputs, name))
        : [...outputs.keys()].filter((output) => !kept.some(([from]) => from === output));
      const feeds = feedsOf(given, transfer);
      /** @type {import('./protocol.js').Output[]} */
      const values = await call('predict', { work: 'run', feeds, wanted, keep: kept }, feeds, signal);
      const results = Object.create(null); // names are the model's, and __proto__ is one like any other
      values.forEach(({ type, dims, buffer }, i) => {
        results[outputs[wanted[i]].name] = new Tensor(/** @type {any} */ (type), buffer, dims);
      });
      return results;
    },

    /** @param {Record<string, any>} [shapes] @param {{signal?: AbortSignal}} [options] */
    async warmup(shapes = {}, { signal } = {}) {
      const given = new Map(Object.entries(shapes).map(([name, value]) => [find(inputs, name), value]));
      /** @type {Feed[]} */
      const feeds = [];
      for (const [i, { type, dims }] of inputs.entries()) {
        const value = given.get(i) ?? dims;
        if (!Array.isArray(value)) feeds.push(feed(i, value));
        else if (value.every(isNumber)) feeds.push([i, type, value]);
      }
      await call('predict', { work: 'bind', feeds, wanted: [], keep: [] }, feeds, signal);
    },

    /** @param {any} [given] @param {import('./siskin.d.ts').ProfileOptions} [options] */
    async profile(given, { runs = 10, signal } = {}) {
      if (!(runs >= 1 && runs === (runs | 0))) fail('bad-option', `runs: ${runs}`);
      const feeds = given && feedsOf(given);
      return summary(JSON.parse(await call('profile', { feeds, runs }, feeds, signal)));
    },

    /** @param {string} what */
    async describe(what) {
      const text = await call('describe', what);
      return what === 'graph' ? text : JSON.parse(text);
    },

    dispose,
    [Symbol.asyncDispose ?? 'dispose']: dispose,
  };
  links.set(model, channel.link);
  return model;
}
