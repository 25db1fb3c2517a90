/**
 * A loaded model as the caller sees it. Names become numbers here, and inputs tensors; all that computes is behind the
 * link. Inputs are copied when predict is called, so the caller may change them at once.
 */
import { Tensor } from './tensor.js';
import { SiskinError, fail } from './worker.js';

/** @typedef {import('./siskin.d.ts').ValueInfo} ValueInfo */
/** @typedef {import('./siskin.d.ts').ModelInfo} ModelInfo */
/** @typedef {import('./protocol.js').Feed} Feed */
/** @typedef {import('./protocol.js').Output} Output */

/** @param {readonly {name: string}[]} list @param {string} name @param {string} kind */
function find(list, name, kind) {
  const index = list.findIndex((value) => value.name === name);
  if (index >= 0) return index;
  const names = list.map((value) => `'${value.name}'`).join(', ');
  return fail('bad-name', `no ${kind} '${name}'; the model has ${names.slice(0, 500) || 'none'}`);
}

/** A typed array for a declared shape in which its length can decide at most one dimension. */
function shaped(/** @type {any} */ data, /** @type {ValueInfo} */ { name, type, dims }) {
  const open = dims?.filter((dim) => typeof dim !== 'number').length ?? 2;
  if (!dims || open > 1) fail('bad-shape', `the shape [${dims ?? '...'}] is not fixed: pass a Tensor`);
  const known = dims.reduce((/** @type {number} */ product, dim) => product * (typeof dim === 'number' ? dim : 1), 1);
  return new Tensor(type, data, dims.map((dim) => (typeof dim === 'number' ? dim : known && data.length / known)));
}

export class Model {
  #channel;
  #disposed = false;

  /**
   * @param {import('./link.js').Channel} channel
   * @param {Pick<import('./siskin.d.ts').Model, 'inputs' | 'outputs'>} io
   * @param {ModelInfo} info
   */
  constructor(channel, { inputs, outputs }, info) {
    this.#channel = channel;
    this.inputs = inputs;
    this.outputs = outputs;
    this.info = info;
  }

  /** The link of another model, to share its worker. @param {any} model */
  static link(model) {
    if (!(#channel in model) || model.#disposed) fail('bad-option', 'worker: true, false or a model in use');
    return model.#channel.link;
  }

  /**
   * @param {any} inputs
   * @param {import('./siskin.d.ts').PredictOptions} [options]
   */
  async predict(inputs, { signal, outputs, transfer = false, keep = {} } = {}) {
    const kept = Object.entries(keep).map(
      ([from, to]) => /** @type {[number, number]} */ ([this.#output(from), find(this.inputs, to, 'input')]),
    );
    const wanted = outputs
      ? outputs.map((name) => this.#output(name))
      : [...this.outputs.keys()].filter((output) => !kept.some(([from]) => from === output));
    const bare = ArrayBuffer.isView(inputs) || typeof inputs?.type === 'string'; // no map holds a string
    if (bare && this.inputs.length !== 1) fail('bad-name', `the model has ${this.inputs.length} inputs: name them`);
    const feeds = bare
      ? [this.#feed(0, inputs, transfer)]
      : Object.entries(inputs ?? {}).map(([name, value]) =>
          this.#feed(find(this.inputs, name, 'input'), value, transfer),
        );
    /** @type {Output[]} */
    const values = await this.#call('predict', { work: 'run', feeds, wanted, keep: kept }, signal);
    const results = Object.create(null); // names are the model's: __proto__ is one like any other
    values.forEach(({ type, dims, buffer }, i) => {
      results[this.outputs[wanted[i]].name] = new Tensor(/** @type {any} */ (type), buffer, dims);
    });
    return results;
  }

  /**
   * @param {Record<string, any>} [shapes]
   * @param {{signal?: AbortSignal}} [options]
   */
  async warmup(shapes = {}, { signal } = {}) {
    const named = new Map(Object.entries(shapes).map(([name, value]) => [find(this.inputs, name, 'input'), value]));
    /** @type {Feed[]} */
    const feeds = [];
    this.inputs.forEach(({ type, dims }, i) => {
      const value = named.get(i) ?? dims;
      if (!Array.isArray(value)) feeds.push(this.#feed(i, value, false));
      else if (named.has(i) || value.every((dim) => typeof dim === 'number')) feeds.push([i, type, value, undefined]);
    });
    await this.#call('predict', { work: 'bind', feeds, wanted: [], keep: [] }, signal);
  }

  /** @param {string} what */
  async describe(what) {
    const text = await this.#call('describe', what);
    return what === 'graph' ? text : JSON.parse(text);
  }

  async dispose() {
    this.#disposed = true;
    this.#channel.close(new SiskinError('disposed', 'the model is disposed'));
  }

  #output(/** @type {string} */ name) {
    return find(this.outputs, name, 'output');
  }

  /** @param {number} index @param {any} value @param {boolean} transfer @returns {Feed} */
  #feed(index, value, transfer) {
    const input = this.inputs[index];
    if (value === null) return [index, null, [], undefined];
    try {
      const { type, dims, data } = ArrayBuffer.isView(value)
        ? shaped(value, input)
        : new Tensor(value?.type, value?.data, value?.dims);
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return [index, type, dims, transfer && bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice()];
    } catch (error) {
      if (error instanceof SiskinError) error.message = `input '${input.name}': ${error.message}`;
      throw error;
    }
  }

  /** @param {string} op @param {any} arg @param {AbortSignal} [signal] */
  async #call(op, arg, signal) {
    const feeds = /** @type {Feed[]} */ (arg.feeds ?? []);
    const transfer = [...new Set(feeds.flatMap(([, , , bytes]) => bytes?.buffer ?? []))];
    const [value, memory] = await this.#channel.call(op, arg, { transfer, signal });
    this.info.memory = memory;
    return value;
  }
}
if (Symbol.asyncDispose) Object.defineProperty(Model.prototype, Symbol.asyncDispose, { value: Model.prototype.dispose });
