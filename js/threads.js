/**
 * Helpers: workers that share the engine's memory and take part of the work (src/core/pool.h). They join when they are
 * there; one that does not start is noted and otherwise not missed.
 */
import { fail } from './errors.js';

/** @typedef {import('./protocol.js').Job} Job */

/** By which a thread of Node knows what it is. */
const KEY = 'siskin-helper';

const STACK = 1 << 18; // as the engine's own

/** Node's own threads, where there are such. @type {typeof import('node:worker_threads') | undefined} */
const node = /** @type {any} */ (globalThis).process?.getBuiltinModule?.('node:worker_threads');

/** The helper's side: returns when the engine is closed. @param {Job} job */
export function help({ module, memory, thread, stack }) {
  const siskin = { now: () => 0, read: () => 1, want: () => {} };
  const wasm = /** @type {any} */ (new WebAssembly.Instance(module, { env: { memory }, siskin }).exports);
  wasm._emscripten_wasm_worker_initialize(stack, STACK);
  try {
    wasm.serve(thread);
  } catch (error) {
    wasm.broken(); // for the engine, which may be waiting for this piece of the work
    throw error;
  }
}

/** As a thread of Node this file's bundle starts here. */
if (node?.workerData?.[KEY]) help(node.workerData[KEY]);

/** @param {Job} job @returns {Promise<() => void>} ends it */
const inNode = (job) =>
  new Promise((resolve, reject) => {
    const { Worker } = /** @type {NonNullable<typeof node>} */ (node);
    const url = import.meta.url;
    if (!url.endsWith('/worker.js')) throw new Error('in a bundle for Node there are none'); // it would run the bundle
    const worker = new Worker(new URL(url), { workerData: { [KEY]: job } });
    worker.once('online', () => {
      worker.unref(); // not before: what waits for it does not keep Node alive
      resolve(() => worker.terminate());
    });
    worker.once('error', reject);
  });

/**
 * @param {WebAssembly.Module} module
 * @param {WebAssembly.Memory} memory
 * @param {any} wasm the engine's exports
 * @param {number} count helpers wanted
 * @param {(job: Job) => Promise<void>} ask the page for one, which it ends itself
 */
export async function startHelpers(module, memory, wasm, count, ask) {
  const starts = Array.from({ length: count }, (_, i) => {
    const stack = (wasm.alloc(STACK + 16) + 15) & ~15;
    if (stack < 16) fail('out-of-memory', 'no memory for a thread');
    const job = { module, memory, thread: i + 1, stack, calls: wasm.calls(), stop: wasm.stop() };
    return node ? inNode(job) : ask(job);
  });
  /** @type {(() => void)[]} */
  const ends = [];
  /** @type {string[]} */
  const notes = [];
  let threads = 1;
  for (const { status, value, reason } of /** @type {any[]} */ (await Promise.allSettled(starts))) {
    if (value) ends.push(value);
    if (status === 'fulfilled') threads++;
    else notes.push(`a thread: ${reason.message}`);
  }
  const end = () => {
    for (const one of ends) one();
  };
  return { threads, notes, end };
}
