/**
 * A loaded model as the caller sees it. Names become numbers here, and inputs tensors; all that computes is behind the
 * channel. Inputs are copied when predict is called, so the caller may change them at once.
 */
import { SiskinError, fail } from './errors.js';
import { summary } from './profile.js';
import { buffersOf } from './protocol.js';
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

/** @param {any} given @param {boolean} transfer its buffer, which otherwise is copied */
function tensorValue({ type, dims, data }, transfer) {
  if (type === 'string') return { type, dims, data: data.map(String) };
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { type, dims, data: transfer && bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice() };
}

/** A map's key as int64. @param {any} key */
function wholeKey(key) {
  try {
    return BigInt(key);
  } catch {
    return fail('bad-type', `key '${key}' is no int64`);
  }
}

/**
 * @param {any} given @param {ValueInfo} info what it is for @param {boolean} transfer
 * @returns {import('./protocol.js').Value}
 */
function toValue(given, info, transfer) {
  const { kind, type, keys = 'string' } = info;
  const checked = (/** @type {any} */ one) => new Tensor(one?.type, one?.data, one?.dims);
  if (kind === 'sequence') {
    if (!Array.isArray(given)) fail('bad-type', 'a sequence is an array of Tensors');
    return { kind, type, items: given.map((/** @type {any} */ one) => tensorValue(checked(one), transfer)) };
  }
  if (kind === 'map') {
    if (given?.constructor !== Object && !(given instanceof Map) && Object.getPrototypeOf(given ?? 0))
      fail('bad-type', 'a map is a Map or a plain object');
    const entries = given instanceof Map ? [...given] : Object.entries(given);
    const names = entries.map(([key]) => (keys === 'string' ? key : wholeKey(key)));
    const values = entries.map(([, value]) => value);
    return {
      kind,
      type,
      items: [new Tensor(keys, names), new Tensor(type, values)].map((one) => tensorValue(one, true)),
    };
  }
  const bare = ArrayBuffer.isView(given) || (type === 'string' && Array.isArray(given));
  return tensorValue(bare ? shaped(given, info) : checked(given), transfer);
}

/** @param {any} value @returns {any} */
function fromValue(value) {
  if (!value) return null;
  const { kind, type, dims, data, items } = value;
  if (!kind) return new Tensor(type, data.buffer ?? data, dims);
  const parts = items.map(fromValue);
  if (kind === 'sequence') return parts;
  const entries = Object.create(null); // as in results
  for (const [i, key] of parts[0].data.entries()) entries[key] = parts[1].data[i];
  return entries;
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
    try {
      return [index, value === null ? null : toValue(value, inputs[index], !!transfer)];
    } catch (error) {
      /** @type {Error} */ (error).message =
        `input '${inputs[index].name}': ${/** @type {Error} */ (error).message}`;
      throw error;
    }
  };

  /** @param {string} op @param {any} arg @param {Feed[]} [feeds] @param {AbortSignal} [signal] */
  const call = async (op, arg, feeds = [], signal) => {
    const transfer = new Set(feeds.flatMap(([, value]) => buffersOf(value)));
    const [value, memory, tuned] = await channel.call(op, arg, [...transfer], signal);
    info.memory = memory;
    learn(tuned);
    return value;
  };

  /** @param {any} given by name, or the only input's @param {boolean} [transfer] */
  const feedsOf = (given, transfer) => {
    const bare = ArrayBuffer.isView(given) || Array.isArray(given) || typeof given?.type === 'string'; // no map of inputs holds a string
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
      /** @type {import('./protocol.js').Value[]} */
      const values = await call('predict', { work: 'run', feeds, wanted, keep: kept }, feeds, signal);
      const results = Object.create(null); // names are the model's, and __proto__ is one like any other
      values.forEach((value, i) => {
        results[outputs[wanted[i]].name] = fromValue(value);
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
        else if (!inputs[i].kind && value.every(isNumber)) feeds.push([i, { type, dims: value }]);
        else if (given.has(i)) feeds.push(feed(i, value));
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

    /** For compress: engine.js. @param {any[]} args */
    tool: (args) => call('tool', args),

    dispose,
    [Symbol.asyncDispose ?? 'dispose']: dispose,
  };
  links.set(model, channel.link);
  return model;
}
