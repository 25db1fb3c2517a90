/**
 * Helpers (threads.js) in browsers are workers of the page, also where the engine itself is in a worker: in Firefox a
 * worker that starts workers hangs at times. The engine asks for each (protocol.js), the page starts it and stops it.
 */

const PATIENCE = 3000; // ms for a worker to start: a load does not hang for want of help
const REST = 3000; // ms for an idle one to wait for the next model: it may hold the memory of the last

/** Workers whose engine is closed: they need not start again. @type {Set<Worker>} */
const idle = new Set();

/**
 * @param {() => Worker} begin starts worker.js
 * @param {import('./protocol.js').Job} job
 * @returns {Promise<void>} when the job is on its way to a worker
 */
export const lend = (begin, job) =>
  new Promise((resolve, reject) => {
    const [worker = begin()] = idle;
    const refuse = (/** @type {string} */ why) => {
      clearTimeout(timer);
      worker.terminate();
      reject(new Error(why));
    };
    const start = () => {
      clearTimeout(timer);
      worker.postMessage(['help', job]);
      worker.onmessage = () => {
        idle.add(worker); // the engine is closed
        setTimeout(() => idle.delete(worker) && worker.terminate(), REST);
      };
      resolve();
    };
    const timer = setTimeout(refuse, PATIENCE, 'its script has not started');
    worker.onerror = ({ message }) => refuse(message || 'its script does not start');
    worker.onmessage = ({ data: [, id] }) =>
      id === __SK_BUILD_ID__ ? start() : refuse(`worker.js is of build ${id}`);
    if (idle.delete(worker)) start();
  });

/**
 * Lets an engine's helpers go when they have done the piece they are at: from outside, so that it does not matter what
 * has become of the engine.
 * @param {import('./protocol.js').Job} job of one of them
 */
export function halt({ memory, calls, stop }) {
  const words = new Int32Array(memory.buffer);
  Atomics.store(words, stop >>> 2, 1);
  Atomics.add(words, calls >>> 2, 1);
  Atomics.notify(words, calls >>> 2);
}
