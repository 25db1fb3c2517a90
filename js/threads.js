/**
 * Helpers: workers that share the engine's memory and take part of the work (src/core/pool.h). They join when they are
 * there; one that does not start is noted and otherwise not missed.
 */
import { fail } from './errors.js';

/** By which a thread of Node knows what it is. */
const KEY = 'siskin-helper';

const STACK = 1 << 18; // as the engine's own
const PATIENCE = 3000; // ms for a worker to start: a load does not hang for want of help

/** What a helper is sent. @typedef {{module: WebAssembly.Module, memory: WebAssembly.Memory, thread: number, stack: number, build: string}} Job */

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
 * Workers whose engine is closed, for the next one: they need not start again.
 * @type {Worker[]}
 */
const idle = [];

/** @param {() => Worker} begin @param {Job} job @returns {Promise<(now: boolean) => void>} ends it */
const inBrowser = (begin, job) =>
  new Promise((resolve, reject) => {
    const worker = idle.pop() ?? begin();
    const refuse = (/** @type {string} */ why) => {
      clearTimeout(timer);
      worker.terminate();
      reject(new Error(why));
    };
    const start = () => {
      clearTimeout(timer);
      worker.postMessage(['help', job]);
      worker.onmessage = () => idle.push(worker); // the engine has stopped it
      resolve((now) => now && worker.terminate());
    };
    const timer = setTimeout(refuse, PATIENCE, 'its script has not started');
    worker.onerror = ({ message }) => refuse(message || 'its script does not start');
    if (worker.onmessage) return start(); // an idle one
    worker.onmessage = ({ data: [, id] }) =>
      id === job.build ? start() : refuse(`worker.js is of build ${id}`);
  });

/**
 * @param {WebAssembly.Module} module
 * @param {WebAssembly.Memory} memory
 * @param {any} wasm the engine's exports
 * @param {number} count helpers wanted
 * @param {() => Worker} begin starts worker.js
 */
export async function startHelpers(module, memory, wasm, count, begin) {
  const starts = Array.from({ length: count }, (_, i) => {
    const stack = (wasm.alloc(STACK + 16) + 15) & ~15;
    if (stack < 16) fail('out-of-memory', 'no memory for a thread');
    const job = { module, memory, thread: i + 1, stack, build: __SK_BUILD_ID__ };
    return node ? inNode(job) : inBrowser(begin, job);
  });
  /** @type {((now: boolean) => void)[]} */
  const ends = [];
  /** @type {string[]} */
  const notes = [];
  for (const { value, reason } of /** @type {any[]} */ (await Promise.allSettled(starts))) {
    if (value) ends.push(value);
    else notes.push(`a thread: ${reason.message}`);
  }
  /** now: without the engine, which has broken down. */
  const end = (/** @type {boolean} */ now) => {
    for (const one of ends) one(now);
  };
  return { threads: 1 + ends.length, notes, end };
}
