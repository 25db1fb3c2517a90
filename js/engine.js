/**
 * One wasm instance with one model in it: the only module that touches the wasm heap. No view of the heap outlives a
 * call into wasm, because growth detaches it. The exports are web/glue.c's.
 */
import { SiskinError, fail, ours } from './errors.js';
import { SLICE, tick } from './tick.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */

export class Engine {
  /** @type {any} the exports; null after a crash */
  #wasm;
  /** @type {SiskinError | undefined} */
  #crash;
  /** @type {{types: string[], statuses: string[], describe: string[], build: string}} */
  #tables = /** @type {any} */ (null);

  /** @param {WebAssembly.Module} module @param {Bytes[]} files what the engine may read */
  static async start(module, files) {
    const engine = new Engine();
    const siskin = {
      now: () => performance.now(),
      /** @param {number} file @param {number} offset @param {number} size @param {number} to */
      read: (file, offset, size, to) => (files[file]?.read(offset, engine.#bytes(to, size)) ? 0 : 1),
    };
    try {
      engine.#wasm = (await WebAssembly.instantiate(module, { siskin })).exports;
      engine.#wasm._initialize?.();
    } catch (error) {
      throw ours(error, error instanceof RangeError ? 'out-of-memory' : 'version-mismatch', 'wasm: ');
    }
    const id = engine.#wasm.build_id && engine.#textAt('build_id');
    if (id !== __SK_BUILD_ID__) fail('version-mismatch', `build ${id} of the wasm, ${__SK_BUILD_ID__} of the JavaScript`);
    engine.#tables = JSON.parse(engine.#textAt('tables'));
    return engine;
  }

  get build() {
    return this.#tables.build;
  }

  /** Bytes of the wasm memory. */
  get memory() {
    return this.#wasm?.memory.buffer.byteLength;
  }

  /** Hashes the next piece. */
  hash(/** @type {Uint8Array} */ piece) {
    this.#lend(piece, (at) => this.#call('hash_add', at, piece.length));
  }

  /** 'sha256-...' of the pieces. */
  get digest() {
    return this.#textAt('hash_text');
  }

  /**
   * @param {Bytes[]} files the model, then external data in the order of `paths`
   * @param {string[]} paths
   * @param {import('./protocol.js').OpenOptions} options
   */
  open(files, paths, { limit, flags, failAfter }) {
    const status = this.#call('open', files[0].size, limit, flags, failAfter);
    if (status) fail(this.#tables.statuses[status], 'no memory for a model');
    for (const [i, path] of paths.entries()) {
      const text = new TextEncoder().encode(`${path}\0`);
      const number = this.#lend(text, (at) => this.#call('add_file', at, files[i + 1].size));
      if (number !== i + 1) fail('limit', 'too much external data');
    }
  }

  /**
   * Calls 'load', 'run' or 'bind', slice by slice.
   * @param {string} work
   * @param {AbortSignal} signal acts after a slice
   */
  async work(work, signal) {
    for (;;) {
      const status = this.#call(work, SLICE);
      if (this.#tables.statuses[status] !== 'more') return this.#check(status);
      await tick();
      if (!signal.aborted) continue;
      this.#call('cancel');
      signal.throwIfAborted();
    }
  }

  /**
   * Sets an input; without bytes only its shape, for a warm-up.
   * @param {number} input
   * @param {string} type
   * @param {readonly number[]} dims
   * @param {Uint8Array} [bytes]
   */
  set(input, type, dims, bytes) {
    const number = this.#tables.types.indexOf(type);
    const shape = new Uint8Array(Int32Array.from(dims).buffer);
    this.#check(this.#lend(shape, (at) => this.#call('set_input', input, number, dims.length, at)));
    if (!bytes) return;
    const target = this.#bytes(this.#call('input_data'), this.#call('input_bytes'));
    if (bytes.length !== target.length) fail('bad-shape', `${target.length} bytes expected, not ${bytes.length}`);
    target.set(bytes);
  }

  /** The input is not given. */
  unset(/** @type {number} */ input) {
    this.#check(this.#call('unset_input', input));
  }

  /** @param {number} index @returns {import('./protocol.js').Output} */
  output(index) {
    this.#check(this.#call('output', index));
    const type = this.#tables.types[this.#call('output_type')];
    if (type === 'string') fail('unsupported', 'outputs of strings are not supported');
    const shape = this.#bytes(this.#call('output_dims'), 4 * this.#call('output_rank')).slice();
    const { buffer } = this.#bytes(this.#call('output_data'), this.#call('output_bytes')).slice();
    return { type, dims: [...new Int32Array(shape.buffer)], buffer };
  }

  /** The output becomes the next run's input. */
  keep(/** @type {number} */ output, /** @type {number} */ input) {
    this.#check(this.#call('keep', output, input));
  }

  /** @param {string} what @returns {string} */
  describe(what) {
    return this.#textAt('describe', this.#tables.describe.indexOf(what)) ?? fail('bad-state', this.#textAt('error_text'));
  }

  /** Calls an export. A trap ends this model and no other; its further calls get the same error. */
  #call(/** @type {string} */ name, /** @type {number[]} */ ...values) {
    if (this.#crash) throw this.#crash;
    try {
      return this.#wasm[name](...values);
    } catch (error) {
      this.#wasm = null;
      throw (this.#crash = new SiskinError('crashed', `crashed in ${name}, load the model again: ${error}`, { cause: error }));
    }
  }

  #check(/** @type {number} */ status) {
    if (status) fail(this.#tables.statuses[status], this.#textAt('error_text'));
  }

  /**
   * @template T
   * @param {Uint8Array} bytes
   * @param {(at: number) => T} use of a copy in the heap
   */
  #lend(bytes, use) {
    const at = this.#call('alloc', bytes.length + 1);
    if (!at) fail('out-of-memory', `no ${bytes.length} bytes`);
    this.#bytes(at, bytes.length).set(bytes);
    const result = use(at);
    this.#call('release', at);
    return result;
  }

  #bytes(/** @type {number} */ at, /** @type {number} */ size) {
    return new Uint8Array(this.#wasm.memory.buffer, at >>> 0, size >>> 0); // addresses come signed
  }

  /** The text that an export gives the address of. */
  #textAt(/** @type {string} */ name, /** @type {number[]} */ ...values) {
    const at = this.#call(name, ...values) >>> 0;
    if (!at) return undefined;
    const all = this.#bytes(0, this.memory);
    return new TextDecoder().decode(all.subarray(at, all.indexOf(0, at)));
  }
}
