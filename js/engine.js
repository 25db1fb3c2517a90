/**
 * One wasm instance with one model in it: the only module that touches the wasm heap. No view of the heap outlives a
 * call into wasm, because growth detaches it. The exports are web/glue.c's.
 */
import { fail, ours } from './errors.js';
import { startHelpers } from './threads.js';
import { SLICE, tick } from './tick.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {Awaited<ReturnType<typeof startEngine>>} Engine */

const PAGE = 65536;

/** @param {Uint8Array[]} parts */
function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Pages of a shared memory to begin with: INITIAL_MEMORY of the Makefile. */
const INITIAL = 32;

/**
 * @param {WebAssembly.Module} module
 * @param {Bytes[]} files what it may read: the model, then external data
 * @param {number} most bytes that the memory may have, when it is a shared one
 */
export async function startEngine(module, files, most) {
  /** The exports; after a crash undefined. @type {any} */
  let wasm;
  /** @type {Error | undefined} */
  let crash;
  /** @type {Awaited<ReturnType<typeof startHelpers>>} */
  let helpers = { threads: 1, notes: [], end: () => {} };
  let closed = false;

  const bytesAt = (/** @type {number} */ at, /** @type {number} */ size) =>
    new Uint8Array(memory.buffer, at >>> 0, size >>> 0); // addresses come signed

  /** Calls an export. A trap ends this model and no other; its further calls get the same error. */
  const call = (/** @type {string} */ name, /** @type {number[]} */ ...values) => {
    if (crash) throw crash;
    try {
      return wasm[name](...values);
    } catch (error) {
      wasm = undefined;
      crash = ours(error, 'crashed', `crashed in ${name}, load the model again: `);
      throw crash;
    }
  };

  /** The text that an export gives the address of. @returns {string} */
  const textOf = (/** @type {string} */ name, /** @type {number[]} */ ...values) => {
    const at = call(name, ...values) >>> 0;
    const all = bytesAt(0, memory.buffer.byteLength);
    return decoder.decode(all.slice(at, at && all.indexOf(0, at))); // no text is read from shared memory
  };

  const check = (/** @type {number} */ status) => {
    if (status) fail(statuses[status], textOf('error_text'));
  };

  /**
   * @template T
   * @param {Uint8Array} bytes
   * @param {(at: number) => T} use of a copy in the heap
   */
  const lend = (bytes, use) => {
    const at = call('alloc', bytes.length + 1);
    if (!at) fail('out-of-memory', `no ${bytes.length} bytes`);
    bytesAt(at, bytes.length).set(bytes);
    const result = use(at);
    call('release', at);
    return result;
  };

  const siskin = {
    now: () => performance.now(),
    /** @param {number} file @param {number} offset @param {number} size @param {number} to */
    read: (file, offset, size, to) => (files[file]?.read(offset, bytesAt(to, size)) ? 0 : 1),
    /** @param {number} file @param {number} offset @param {number} size @param {number} more */
    want: (file, offset, size, more) => files[file]?.want(offset, size >>> 0, more),
    /** @param {number} at @param {number} size */
    write: (at, size) => written.push(bytesAt(at, size).slice()),
  };
  /** What the tools build wrote in the call under way. @type {Uint8Array[]} */
  let written = [];
  /** @type {WebAssembly.Memory} */
  let memory;
  /** Is it a build with threads? Then its memory comes from here. */
  const shared = WebAssembly.Module.imports(module).some(({ kind }) => kind === 'memory');
  try {
    const maximum = Math.max(INITIAL, Math.min(Math.ceil(most / PAGE), PAGE));
    const own = shared && new WebAssembly.Memory({ initial: INITIAL, maximum, shared });
    const env = { memory: /** @type {WebAssembly.Memory} */ (own) };
    wasm = (await WebAssembly.instantiate(module, { siskin, env })).exports;
    memory = own || wasm.memory;
    (wasm._initialize ?? wasm.__wasm_call_ctors)();
  } catch (error) {
    throw ours(error, error instanceof RangeError ? 'out-of-memory' : 'version-mismatch', 'wasm: ');
  }
  const id = wasm.build_id && textOf('build_id');
  if (id !== __SK_BUILD_ID__)
    fail('version-mismatch', `build ${id} of the wasm, ${__SK_BUILD_ID__} of worker.js`);
  /** @type {{types: string[], statuses: string[], kinds: string[], describe: string[], build: string}} */
  const { types, statuses, kinds, describe, build } = JSON.parse(textOf('tables'));

  /** @param {number} input @param {number} item of a list, or -1 @param {any} tensor */
  const setTensor = (input, item, { type, dims, data }) => {
    const strings = Array.isArray(data) && data.map((text) => encoder.encode(text));
    const head = Int32Array.from([...dims, ...(strings || []).map(({ length }) => length)]);
    let packed = new Uint8Array(head.buffer);
    if (strings) packed = joined([packed, ...strings]);
    const status = lend(packed, (at) =>
      strings
        ? call('set_strings', input, item, dims.length, strings.length, at, packed.length)
        : call(item < 0 ? 'set_input' : 'set_item', input, types.indexOf(type), dims.length, at, item),
    );
    check(status);
    if (!data || strings) return;
    const target = bytesAt(call('input_data'), call('input_bytes'));
    if (data.length !== target.length) fail('bad-shape', `${target.length} bytes wanted, not ${data.length}`);
    target.set(data);
  };

  /** @param {number} index @param {number[]} path from the output to an item @returns {import('./protocol.js').Value} */
  const outputAt = (index, path) => {
    check(call('output', index));
    for (const item of path) call('output_item', item);
    const kind = kinds[call('output_kind')];
    if (kind === 'absent') return null;
    const type = types[call('output_type')];
    const shape = bytesAt(call('output_dims'), 4 * call('output_rank')).slice();
    const dims = [...new Int32Array(shape.buffer)];
    const each = (/** @type {number} */ length, /** @type {(i: number) => any} */ get) =>
      Array.from({ length }, (_, i) => get(i));
    if (kind !== 'tensor') {
      const items = each(kind === 'map' ? 2 : dims[0], (i) => outputAt(index, [...path, i]));
      return { kind, type, items };
    }
    if (type !== 'string')
      return { type, dims, data: bytesAt(call('output_data'), call('output_bytes')).slice() };
    const count = dims.reduce((product, dim) => product * dim, 1);
    const text = (/** @type {number} */ i) =>
      decoder.decode(bytesAt(call('output_text', i), call('output_length', i)).slice());
    return { type, dims, data: each(count, text) };
  };

  return {
    build,
    /** Which kernels were timed as the fastest, for `open` of later models of the same module; 0: not known yet. */
    tuned: () => call('tuned'),
    /** Bytes of the wasm memory. */
    memory: () => memory.buffer.byteLength,

    /**
     * Starts helpers, when this is a build with threads.
     * @param {number} threads in all
     * @param {(job: import('./protocol.js').Job) => Promise<void>} ask the page for one
     */
    async share(threads, ask) {
      if (threads < 2) return;
      if (!shared) return void helpers.notes.push('one thread: this wasm is a build without');
      const most = call('threads', threads);
      helpers = await startHelpers(module, memory, wasm, most - 1, ask);
      if (closed) helpers.end();
    },
    threads: () => helpers.threads,
    notes: () => helpers.notes,
    close() {
      closed = true;
      helpers.end();
    },

    hash: (/** @type {Uint8Array} */ piece) => lend(piece, (at) => call('hash_add', at, piece.length)),
    /** 'sha256-...' of the pieces hashed. */
    digest: () => textOf('hash_text'),

    /**
     * @param {string[]} paths of the external data
     * @param {import('./protocol.js').OpenOptions} options
     * @param {number} [tuned]
     */
    open(paths, options, tuned = 0) {
      const status = call('open', files[0].size, ...options, tuned);
      if (status) fail('out-of-memory', 'no memory for a model');
      for (const [i, path] of paths.entries()) {
        const number = lend(encoder.encode(`${path}\0`), (at) => call('add_file', at, files[i + 1].size));
        if (number !== i + 1) fail('limit', 'too many files');
      }
    },

    /**
     * Calls 'load', 'run' or 'bind', slice by slice.
     * @param {string} work
     * @param {AbortSignal} signal acts after a slice
     */
    async work(work, signal) {
      for (;;) {
        const status = call(work, SLICE);
        if (statuses[status] !== 'more') return check(status);
        await tick();
        if (!signal.aborted) continue;
        call('cancel');
        signal.throwIfAborted();
      }
    },

    /** @param {number} input @param {import('./protocol.js').Value} value */
    set(input, value) {
      if (!value) return check(call('unset_input', input));
      if (!('items' in value)) return setTensor(input, -1, value);
      const { kind, type, items } = value;
      check(call('set_list', input, kinds.indexOf(kind), types.indexOf(type), items.length));
      for (const [i, item] of items.entries()) setTensor(input, i, item);
    },

    /** @param {number} index */
    output: (index) => outputAt(index, []),

    /** Runs time their steps from now on, or no more. */
    profile: (/** @type {boolean} */ on) => call('profile', +on),

    /** An export of web/tools.c: what it wrote, in pieces. @param {[name: string, text: string, ...numbers: number[]]} args */
    tool([name, text, ...numbers]) {
      written = [];
      check(lend(encoder.encode(text), (at) => call(name, at, ...numbers)));
      return written;
    },

    describe: (/** @type {string} */ what) =>
      /** @type {string} */ (textOf('describe', describe.indexOf(what)) || check(call('error_status'))),
  };
}
