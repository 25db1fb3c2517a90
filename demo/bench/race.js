/**
 * Lets several builds predict in turns, A B C A B C, each in a worker of its own. No DOM.
 *
 * @typedef {{simd: string, threads: number}} Setup
 * @typedef {object} Watcher
 * @property {(text: string, done?: number) => void} onDoing done: 0..1 of the timing
 * @property {(index: number, reason: string) => void} onMissing
 * @property {(index: number, first: number, times: number[]) => void} onTimes all times so far
 */

const TURN = 250; // milliseconds
const WARM = 1000;

/** A worker that answers one question after the other. */
export class Runner {
  #worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  /** @type {(reason: unknown) => void} */
  #refuse = () => {};

  /** @param {string} op @param {Record<string, unknown>} question @returns {Promise<any>} */
  ask(op, question) {
    return new Promise((resolve, reject) => {
      this.#refuse = reject;
      this.#worker.onmessage = ({ data }) =>
        data.error ? reject(new Error(data.error)) : resolve(data.result);
      this.#worker.onerror = () => reject(new Error('The engine did not start.'));
      this.#worker.postMessage({ op, ...question });
    });
  }

  /** @param {unknown} [reason] with which a question under way fails */
  end(reason) {
    this.#worker.terminate();
    this.#refuse(reason);
  }
}

/**
 * @param {{file: Blob, inputs: import('./models.js').Input[], setups: Setup[], seconds: number}} job seconds: of timing for each
 * @param {Watcher} watcher
 * @param {AbortSignal} signal
 */
export async function race({ file, inputs, setups, seconds }, { onDoing, onMissing, onTimes }, signal) {
  /** @type {{index: number, runner: Runner, first: number, times: number[]}[]} */
  const ready = [];
  /** @type {Runner[]} */
  const runners = [];
  const end = () => {
    for (const runner of runners) runner.end(signal.reason);
  };
  signal.addEventListener('abort', end);
  try {
    for (const [index, setup] of setups.entries()) {
      signal.throwIfAborted();
      onDoing(`Loading, ${index + 1} of ${setups.length}`);
      const runner = new Runner();
      runners.push(runner);
      const { first, missing } = await runner
        .ask('open', { file, inputs, ...setup })
        .catch((error) => ({ first: 0, missing: error.message }));
      signal.throwIfAborted();
      if (missing === undefined) ready.push({ index, runner, first, times: [] });
      else onMissing(index, missing);
    }
    for (const [i, { runner }] of ready.entries()) {
      onDoing(`Warming up, ${i + 1} of ${ready.length}`);
      await runner.ask('turn', { ms: WARM });
    }
    const turns = Math.round((seconds * 1000) / TURN);
    for (let turn = 0; turn < turns && ready.length; turn++) {
      for (const one of ready) {
        one.times.push(...(await one.runner.ask('turn', { ms: TURN })));
        onTimes(one.index, one.first, one.times);
      }
      onDoing(`Timing, turn ${turn + 1} of ${turns}`, (turn + 1) / turns);
    }
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}
