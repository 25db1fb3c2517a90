/**
 * The page's end of the messages (protocol.js): a link leads to a worker or stays in the page; each model has a
 * channel on it.
 */
import { SiskinError, fail, ours } from './errors.js';
import { halt, lend } from './helpers.js';
import { ERROR, HELP } from './protocol.js';

/** @typedef {import('./protocol.js').Answer} Answer */
/** @typedef {(message: any[], transfer?: Transferable[]) => void} Post */
/**
 * @typedef {object} Link
 * @property {boolean} worker
 * @property {() => Worker} begin starts worker.js, for helpers
 * @property {(answer: Answer, close: (error: Error) => void) => Post} join for a new model; close: when the link breaks
 */
/** @typedef {ReturnType<typeof openChannel>} Channel */

const checkId = (/** @type {string} */ id) =>
  id === __SK_BUILD_ID__ ||
  fail('version-mismatch', `build ${id} of worker.js, ${__SK_BUILD_ID__} of siskin.js`);

/**
 * Fetched only now: a page with a worker does without, and the others have begun to fetch their model.
 * @param {() => Worker} start @returns {Promise<Link>}
 */
async function inPage(start) {
  const { BUILD_ID, serve } = await import('./worker.js').catch((error) => {
    throw ours(error, 'network', 'worker.js: ');
  });
  checkId(BUILD_ID);
  return { worker: false, begin: start, join: serve };
}

/** @param {() => Worker} start @returns {Promise<Link>} */
const inWorker = (start) =>
  new Promise((resolve, reject) => {
    const worker = start();
    /** @type {Map<number, Parameters<Link['join']>>} */
    const models = new Map();
    let number = 0;
    /** @type {Error | undefined} */
    let dead;
    const crash = (/** @type {any} */ event) => {
      worker.terminate();
      dead = ours(event.message ? event : 'its script does not start', 'crashed', 'worker: ');
      reject(dead);
      for (const [, close] of models.values()) close(dead);
    };
    /** @type {Link['join']} */
    const join = (...model) => {
      if (dead) throw dead;
      const id = ++number;
      models.set(id, model);
      return (message, transfer = []) => {
        worker.postMessage([id, ...message], transfer);
        if (message[0] === 'close' && models.delete(id) && !models.size) worker.terminate();
      };
    };
    worker.onmessage = ({ data: [id, kind, value] }) => {
      if (id) return models.get(id)?.[0](kind, value);
      try {
        checkId(kind);
        resolve({ worker: true, begin: start, join });
      } catch (error) {
        crash(error);
      }
    };
    worker.onerror = crash;
  });

/**
 * @param {boolean} worker
 * @param {() => Worker} start
 * @param {string[]} notes why there is no worker
 */
export async function connect(worker, start, notes) {
  try {
    if (worker) return await inWorker(start);
  } catch (error) {
    const { code, message } = ours(error, 'crashed');
    if (code !== 'crashed') throw error;
    notes.push(message);
  }
  return inPage(start);
}

/**
 * One model's messages. Its calls wait for each other, so that the host has one at a time.
 * @param {Link} link
 */
export function openChannel(link) {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  /** What takes the answers to the call under way, by kind. @type {(((value: any) => void) | undefined)[]} */
  let takers = [];
  /** @type {unknown} */
  let closed;
  /** A helper's. @type {import('./protocol.js').Job | undefined} */
  let helping;

  const send = (/** @type {any[]} */ message, /** @type {Transferable[]} */ transfer = []) =>
    post(message, transfer);
  /** Ends it: the call under way and later ones fail with this error. */
  const close = (/** @type {unknown} */ error) => {
    send(['close']);
    if (helping) halt(helping);
    helping = undefined;
    closed ??= error;
    post = () => {}; // so that the host in the page, and the model in it, can go
    takers[ERROR]?.(error);
  };
  /** @type {Post} */
  let post = link.join((kind, value) => {
    if (kind === ERROR) value = new SiskinError(.../** @type {[string, string]} */ (value));
    if (kind !== HELP) return takers[kind]?.(value);
    if (closed) return;
    helping = value;
    lend(link.begin, value).then(
      () => send(['helped', value.thread]),
      ({ message }) => send(['helped', value.thread, message]),
    );
  }, close);

  /**
   * @param {string} op
   * @param {any} arg
   * @param {Transferable[]} [transfer]
   * @param {AbortSignal} [signal] aborted, the call rejects at once and the host stops after its slice
   * @param {(value: any) => void} [onProgress]
   * @returns {Promise<[value: any, memory: number, tuned: number]>}
   */
  const call = (op, arg, transfer, signal, onProgress) =>
    new Promise((resolve, reject) => {
      let running = false;
      const abort = () => {
        reject(signal?.reason);
        if (running) send(['abort']);
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort);
      const answered = last.then(
        () =>
          new Promise((resolve, reject) => {
            if (closed || signal?.aborted) return reject(closed);
            running = true;
            takers = [resolve, reject, onProgress];
            send([op, arg], transfer);
          }),
      );
      last = answered.then(resolve, reject).finally(() => signal?.removeEventListener('abort', abort));
    });
  return { link, send, close, call };
}
