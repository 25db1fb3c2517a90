/**
 * load: wasm, worker and model bytes are fetched side by side. Any failure ends all of it and leaves nothing behind
 * that a later load would meet.
 */
import { Channel, connect } from './link.js';
import { Model } from './model.js';
import { chooseBuild, findWasm } from './wasm.js';
import { answer, fail, get, locate, ours } from './worker.js';

/** @typedef {import('./siskin.d.ts').LoadOptions} LoadOptions */
/** @typedef {import('./siskin.d.ts').Progress} Progress */
/** @typedef {import('./siskin.d.ts').Model} PublicModel */
/**
 * What differs between the entries (index.js, inline.js).
 * @typedef {object} Env
 * @property {() => Worker} worker starts one; throws when there is none to start
 * @property {Record<string, () => URL>} [urls] of the wasm builds
 * @property {() => Promise<Record<string, Uint8Array<ArrayBuffer>>>} inline the wasm builds themselves
 */

/**
 * @param {any} source see Source in siskin.d.ts
 * @param {AbortSignal} signal
 * @returns {Promise<{origin: import('./source.js').Origin, stream?: ReadableStream<Uint8Array> | null}>}
 */
async function originOf(source, signal) {
  const from = await source;
  if (typeof from === 'string' || from instanceof URL) return { origin: locate(`${from}`) };
  const view = ArrayBuffer.isView(from);
  if (view || from?.byteLength >= 0) {
    const bytes = view ? new Uint8Array(from.buffer, from.byteOffset, from.byteLength) : new Uint8Array(from);
    return { origin: { name: 'the bytes', bytes: bytes.slice() } };
  }
  if (from?.size >= 0) return { origin: { name: from.name ?? 'the blob', blob: from } };
  if (!from?.url && !from?.headers) fail('bad-source', 'no URL, Request, Response, Blob, buffer, or path in Node');
  const { total, stream, response } = from.method ? await get(from, signal) : answer(from);
  return { origin: { name: response.url || 'the response', pushed: total }, stream };
}

/** @param {LoadOptions} options @returns {import('./protocol.js').OpenOptions} */
const openOptions = ({ maxMemory = 0, debug = {} }) => ({
  limit: maxMemory,
  flags: (debug.reference ? 1 : 0) | (debug.noFusion ? 2 : 0) | (debug.check ? 4 : 0),
  failAfter: debug.failAfter ?? 0,
});

/**
 * @param {Env} env
 * @param {any} source
 * @param {LoadOptions} options
 * @param {AbortController} stop ends all that still goes on
 */
async function start(env, source, options, stop) {
  const { onProgress, integrity, worker = 'document' in globalThis, workerUrl, externalData = {}, deterministic } = options;
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

  const compile = async () => {
    report({ phase: 'compile', loaded: 0, total: 1 });
    const found = await findWasm(env, chooseBuild(options), options.wasm, notes);
    report({ phase: 'compile', loaded: 1, total: 1 });
    return found;
  };
  const join = async () => {
    const begin = () => (workerUrl ? new Worker(workerUrl, { type: 'module', name: 'siskin engine' }) : env.worker());
    const link = typeof worker === 'boolean' ? await connect(worker, begin, notes) : Model.link(worker);
    const channel = new Channel(link);
    const close = () => channel.close(signal.reason);
    if (signal.aborted) close();
    signal.addEventListener('abort', close);
    return channel;
  };

  const compiling = compile();
  compiling.catch(() => {}); // seen below, or the load fails before for another reason
  const sources = [source, ...Object.values(externalData)].map((from) => originOf(from, signal));
  const [channel, ...files] = await Promise.all([join(), ...sources]);
  const origins = files.map(({ origin }) => origin);
  const call = { origins, paths: Object.keys(externalData), integrity, open: openOptions(options) };
  const transfer = origins.flatMap(({ bytes }) => (bytes ? [bytes.buffer] : []));
  const [[io, memory], { from }] = await Promise.all([
    channel.call('load', call, { transfer, onProgress: report }),
    compiling.then((found) => {
      channel.send(['module', found.module]);
      return found;
    }),
    ...files.map(async ({ origin, stream }, file) => {
      if (origin.pushed === undefined) return;
      /** @param {Uint8Array} piece */
      const write = (piece) => {
        const own = piece.slice(); // it may be part of a larger buffer, of the caller's
        channel.send(['push', file, own], [own.buffer]);
      };
      await stream?.pipeTo(new WritableStream({ write }), { signal }).catch((error) => {
        throw ours(error, 'network', `${origin.name}: `);
      });
      channel.send(['push', file]);
    }),
  ]);
  const { build } = io;
  if (deterministic && build !== 'simd128') fail('bad-option', `deterministic with the wasm build ${build}`);
  return new Model(channel, io, { version: __SK_VERSION__, build, wasm: from, worker: channel.link.worker, memory, notes });
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
        /** @type {Promise<Omit<PublicModel, symbol>>} */
        const model = start(env, source, options, stop);
        model.then(/** @type {(model: any) => void} */ (resolve), reject);
      });
    } catch (error) {
      stop.abort(error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  };
