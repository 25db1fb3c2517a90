/**
 * load: wasm, worker and model bytes are fetched side by side. Any failure ends all of it and leaves nothing behind
 * that a later load would meet.
 */
import { fail, ours } from './errors.js';
import { connect, openChannel } from './link.js';
import { links, makeModel } from './model.js';
import { open } from './source.js';
import { canShare, chooseBuild, findWasm } from './wasm.js';

/** @typedef {import('./siskin.d.ts').LoadOptions} LoadOptions */
/** @typedef {import('./siskin.d.ts').Progress} Progress */
/**
 * What differs between the entries (index.js, inline.js).
 * @typedef {object} Env
 * @property {() => Worker} worker starts one; throws when there is none to start
 * @property {(build: string) => URL} [url] of a wasm build: simd128, relaxed, either with -threads behind
 * @property {() => Promise<Record<string, Uint8Array<ArrayBuffer>>>} inline the wasm builds themselves
 */

/** Which kernels a model of that module found to be the fastest here. @type {WeakMap<WebAssembly.Module, number>} */
const tuned = new WeakMap();
/** Threads beyond the first, of all models: together they stay within the cores. */
let helpers = 0;
/** A model with fewer bytes has nothing to share, unless threads were asked for. */
const WORTH_THREADS = 1 << 20;
const ENOUGH = 4; // more than the fast cores of a phone, where a slow one holds up the others

/**
 * How many threads a model may have.
 * @param {number | undefined} wanted
 * @param {string[]} notes
 */
function allowed(wanted, notes) {
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted > 0))
    fail('bad-option', `threads: ${wanted}`);
  if (wanted === 1) return 1;
  if (!canShare()) {
    notes.push('one thread: the page is not cross-origin isolated');
    return 1;
  }
  const { process, navigator } = /** @type {any} */ (globalThis);
  if (!('document' in globalThis) && /Firefox/.test(navigator?.userAgent)) {
    notes.push('one thread: in Firefox a worker that starts workers hangs at times; the page has threads');
    return 1;
  }
  const cores =
    process?.getBuiltinModule?.('node:os').availableParallelism() ?? navigator?.hardwareConcurrency ?? 1;
  const free = cores - helpers;
  if (wanted && wanted > free) notes.push(`${wanted} threads wanted, ${free} of ${cores} cores free`);
  return Math.max(1, Math.min(wanted ?? ENOUGH, free));
}

/**
 * @param {Env} env
 * @param {any} source
 * @param {LoadOptions} options
 * @param {AbortController} stop ends all that still goes on
 */
async function start(env, source, options, stop) {
  const {
    onProgress,
    integrity,
    worker = 'document' in globalThis,
    workerUrl,
    threads,
    externalData = {},
    deterministic,
  } = options;
  const { maxMemory = 0, debug: { reference, noFusion, check, portable, failAfter = 0 } = {} } = options;
  const { signal } = stop;
  /** @type {string[]} */
  const notes = [];
  const report = (/** @type {Progress} */ progress) => {
    try {
      if (!signal.aborted) onProgress?.(progress);
    } catch (error) {
      stop.abort(error); // the caller's own: the load fails with it
    }
  };

  const join = async () => {
    const begin = () =>
      workerUrl ? new Worker(workerUrl, { type: 'module', name: 'siskin-engine' }) : env.worker();
    const shared = typeof worker === 'boolean' ? connect(worker, begin, notes) : links.get(worker);
    const channel = openChannel(
      (await shared) ?? fail('bad-option', 'worker: true, false or a model in use'),
    );
    const close = () => channel.close(signal.reason);
    if (signal.aborted) close();
    signal.addEventListener('abort', close);
    return channel;
  };

  const most = allowed(threads, notes);
  let reserved = most - 1;
  const keep = (/** @type {number} */ number) => {
    helpers += number - reserved;
    reserved = number;
  };
  helpers += reserved;
  signal.addEventListener('abort', () => keep(0));
  const compiling = findWasm(env, chooseBuild(options), most > 1, options.wasm, notes);
  compiling.catch(() => {}); // seen below, or the load fails before for another reason
  const sources = [source, ...Object.values(externalData)].map((from) => open(from, signal));
  const [channel, ...files] = await Promise.all([join(), ...sources]);
  const flags = (reference ? 1 : 0) | (noFusion ? 2 : 0) | (check ? 4 : 0) | (portable ? 8 : 0);
  const call = {
    origins: files.map(({ name, total }) => ({ name, total })),
    paths: Object.keys(externalData),
    integrity,
    open: [maxMemory, flags, failAfter],
    threads: { most, worth: threads ? 0 : WORTH_THREADS },
  };
  const [[io, memory], { module, from }] = await Promise.all([
    channel.call('load', call, [], undefined, report),
    compiling.then((found) => {
      report({ phase: 'compile', loaded: 1, total: 1 });
      channel.send(['module', found.module, tuned.get(found.module)]);
      return found;
    }),
    ...files.map(async ({ name = 'the model', stream, fresh, code = 'network' }, file) => {
      /** @param {Uint8Array} piece */
      const write = (piece) => {
        // It may be part of a larger buffer; and a stream of the caller's may give what the caller keeps.
        const own = fresh && piece.length === piece.buffer.byteLength ? piece : piece.slice();
        channel.send(['push', file, own], [own.buffer]);
      };
      await stream?.pipeTo(new WritableStream({ write }), { signal }).catch((error) => {
        throw ours(error, code, `${name}: `);
      });
      channel.send(['push', file]);
    }),
  ]);
  const { build } = io;
  if (deterministic && build !== 'simd128') fail('bad-option', `deterministic, but ${build}`);
  keep(io.threads - 1);
  notes.push(...io.notes);
  const learn = (/** @type {number} */ choice) => choice && tuned.set(module, choice);
  return makeModel(channel, io, () => keep(0), learn, {
    version: __SK_VERSION__,
    build,
    threads: io.threads,
    wasm: from,
    worker: channel.link.worker,
    memory,
    notes,
  });
}

/** @param {Env} env @returns {typeof import('./siskin.d.ts').load} */
export const makeLoad =
  (env) =>
  async (source, options = {}) => {
    const { signal } = options;
    signal?.throwIfAborted();
    const stop = new AbortController();
    const abort = () => stop.abort(signal?.reason);
    signal?.addEventListener('abort', abort);
    try {
      return await new Promise((resolve, reject) => {
        stop.signal.onabort = () => reject(stop.signal.reason);
        start(env, source, options, stop).then(resolve, reject);
      });
    } catch (error) {
      stop.abort(error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  };
