/**
 * The page's end of the messages (protocol.js): a link leads to a worker or stays in the page; each model has a
 * channel on it.
 */
import { ERROR } from './protocol.js';
import { BUILD_ID, SiskinError, fail, ours, serve } from './worker.js';

/** @typedef {import('./protocol.js').Answer} Answer */
/** @typedef {(message: any[], transfer?: Transferable[]) => void} Post */
/** @typedef {{worker: boolean, join(answer: Answer): Post}} Link  join: for a new model */

/** @type {Link} */
const page = {
  worker: false,
  join: (answer) => serve((kind, value) => queueMicrotask(() => answer(kind, value))),
};

/** @param {() => Worker} start @returns {Promise<Link>} */
const inWorker = (start) =>
  new Promise((resolve, reject) => {
    const worker = start();
    /** @type {Map<number, Answer>} */
    const models = new Map();
    let number = 0;
    /** @type {any[] | undefined} */
    let dead;
    const crash = (/** @type {string} */ code, /** @type {string} */ message) => {
      worker.terminate();
      dead = [code, message];
      reject(new SiskinError(code, message));
      for (const answer of models.values()) answer(ERROR, dead);
    };
    /** @param {Answer} answer @returns {Post} */
    const join = (answer) => {
      const model = ++number;
      models.set(model, answer);
      return (message, transfer = []) => {
        if (dead) queueMicrotask(() => answer(ERROR, dead));
        else worker.postMessage([model, ...message], transfer);
        if (message[0] === 'close' && models.delete(model) && !models.size) worker.terminate();
      };
    };
    worker.onmessage = ({ data: [model, kind, value] }) => {
      if (model) models.get(model)?.(kind, value);
      else if (kind === __SK_BUILD_ID__) resolve({ worker: true, join });
      else crash('version-mismatch', `build ${kind} of the worker, ${__SK_BUILD_ID__} of siskin.js`);
    };
    worker.onerror = (event) => {
      event.preventDefault?.();
      crash('crashed', `the worker failed: ${event.message || 'its script does not load'}`);
    };
  });

/**
 * @param {boolean} worker
 * @param {() => Worker} start
 * @param {string[]} notes why there is no worker
 */
export async function connect(worker, start, notes) {
  if (BUILD_ID !== __SK_BUILD_ID__) fail('version-mismatch', `build ${BUILD_ID} of worker.js, ${__SK_BUILD_ID__} of siskin.js`);
  try {
    if (worker) return await inWorker(start);
  } catch (error) {
    const { code, message } = ours(error, 'crashed');
    if (code !== 'crashed') throw error;
    notes.push(message);
  }
  return page;
}

/** One model's messages: calls wait for each other, so that the host has one at a time. */
export class Channel {
  #post;
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();
  /** What takes the answers to the call under way, by kind. @type {((value: any) => void)[]} */
  #takers = [];
  /** Why there is no more to be had. @type {unknown} */
  #closed;

  /** @param {Link} link */
  constructor(link) {
    this.link = link;
    /** @type {Post} */
    this.#post = link.join((kind, value) =>
      this.#takers[kind]?.(kind === ERROR ? new SiskinError(.../** @type {[string, string]} */ (value)) : value),
    );
  }

  /** A message that has no answer. */
  send(/** @type {any[]} */ message, /** @type {Transferable[]} */ transfer = []) {
    if (!this.#closed) this.#post(message, transfer);
  }

  /** Ends it: calls under way and later ones fail with this error. */
  close(/** @type {unknown} */ error) {
    this.send(['close']);
    this.#closed ??= error;
    this.#post = () => {}; // the host in the page, and the model in it, can go
    this.#takers[ERROR]?.(error);
  }

  /**
   * @param {string} op
   * @param {any} arg
   * @param {object} [options]
   * @param {Transferable[]} [options.transfer]
   * @param {AbortSignal} [options.signal] aborted, the call rejects at once and the host stops after its slice
   * @param {(value: any) => void} [options.onProgress]
   * @returns {Promise<[value: any, memory: number]>}
   */
  call(op, arg, { transfer, signal, onProgress = () => {} } = {}) {
    return new Promise((resolve, reject) => {
      let running = false;
      const abort = () => {
        reject(signal?.reason);
        if (running) this.send(['abort']);
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort);
      const answered = this.#last.then(
        () =>
          new Promise((resolve, reject) => {
            if (this.#closed) return reject(this.#closed);
            if (signal?.aborted) return reject();
            running = true;
            this.#takers = [resolve, reject, onProgress];
            this.send([op, arg], transfer);
          }),
      );
      this.#last = answered
        .then(resolve, reject)
        .finally(() => signal?.removeEventListener('abort', abort));
    });
  }
}
