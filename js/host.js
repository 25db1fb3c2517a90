/**
 * The engine's side of one model: takes the messages of protocol.js.
 */
import { Bytes, isHtml } from './bytes.js';
import { startEngine } from './engine.js';
import { fail, ours } from './errors.js';
import { ERROR, HELP, PROGRESS, RESULT, buffersOf } from './protocol.js';
import { tick } from './tick.js';

const HASHED_AT_ONCE = 1 << 20; // 4 ms
/** Of unknown size, a model is taken for that large. */
const LARGE = 1 << 28;

/**
 * @param {import('./protocol.js').Answer} answer
 * @returns {(message: any[]) => void} takes the messages
 */
export function serve(answer) {
  /** @type {import('./engine.js').Engine} */
  let engine;
  let inputs = 0;
  /** Inputs that hold a kept output. @type {Set<number>} */
  let kept = new Set();
  let stop = new AbortController();
  /** @type {Promise<import('./engine.js').Engine> | undefined} */
  let starting;
  /** @type {ReadableStreamDefaultController<Uint8Array>[]} by file */
  const pushed = [];
  /** @type {(module: WebAssembly.Module) => void} */
  let useModule;
  /** @type {Promise<WebAssembly.Module>} */
  const module = new Promise((resolve) => {
    useModule = resolve;
  });
  /** What an earlier model of that module found out. @type {number | undefined} */
  let tuned;
  /** Take what came of asking for helpers, by thread. @type {((why?: string) => void)[]} */
  const helped = [];
  /** @param {import('./protocol.js').Job} job @returns {Promise<void>} when the page has started it; it ends it too */
  const ask = (job) =>
    new Promise((resolve, reject) => {
      helped[job.thread] = (why) => (why ? reject(new Error(why)) : resolve());
      answer(HELP, job);
    });

  /** @param {import('./protocol.js').LoadCall} call @param {AbortSignal} signal */
  const load = async ({ origins, paths, integrity, open: options, threads }, signal) => {
    const files = origins.map(() => new Bytes());
    const report = (
      /** @type {string} */ phase,
      /** @type {number} */ loaded,
      /** @type {number | null} */ total,
    ) => answer(PROGRESS, { phase, loaded, total });

    const streams = origins.map((_, i) => {
      const start = (/** @type {ReadableStreamDefaultController} */ controller) => {
        pushed[i] = controller;
      };
      return new ReadableStream({ start });
    });
    const sum = origins.reduce((sum, { total }) => sum + (total ?? NaN), 0);
    const size = sum || LARGE;
    const starts = module.then((module) => startEngine(module, files, options[0] || 4 * size + LARGE));
    const sharing = starts.then((engine) => size >= threads.worth && engine.share(threads.most, ask));
    starting = starts;
    sharing.catch(() => {}); // seen below, or the load fails before for another reason
    let loaded = 0;
    const fill = async (/** @type {Bytes} */ file, /** @type {number} */ i) => {
      const { name = 'the model' } = origins[i];
      /** @param {Uint8Array} piece */
      const write = async (piece) => {
        if (!file.size && isHtml(piece, i > 0)) fail('html', `${name}: HTML came back`);
        file.add(piece);
        for (let at = 0; integrity && !i && at < piece.length; at += HASHED_AT_ONCE) {
          (await starts).hash(piece.subarray(at, at + HASHED_AT_ONCE));
          await tick();
        }
        loaded += piece.length;
        report('download', loaded, sum >= loaded ? sum : null);
      };
      await streams[i].pipeTo(new WritableStream({ write }), { signal }).catch((error) => {
        throw ours(error, 'internal', `${name}: `);
      });
    };
    await Promise.all(files.map(fill));
    engine = await starts;
    const digest = integrity && engine.digest();
    if (digest !== integrity) fail('integrity', `the model has ${digest}, not ${integrity}`);
    signal.throwIfAborted();
    report('load', 0, 1);
    engine.open(paths, options, tuned);
    await engine.work('load', signal);
    await sharing;
    report('load', 1, 1);
    const io = JSON.parse(engine.describe('io'));
    inputs = io.inputs.length;
    return { ...io, build: engine.build, threads: engine.threads(), notes: engine.notes() };
  };

  /** @param {import('./protocol.js').Feed[]} feeds */
  const take = (feeds) => {
    for (const [input, value] of feeds) {
      kept.delete(input);
      engine.set(input, value);
    }
    const given = feeds.map(([input]) => input);
    // What an earlier call gave does not count: the engine then says that it is missing.
    for (let i = 0; i < inputs; i++) if (!given.includes(i) && !kept.has(i)) engine.set(i, null);
  };

  /** @param {import('./protocol.js').PredictCall} call @param {AbortSignal} signal */
  const predict = async ({ work, feeds, wanted, keep }, signal) => {
    take(feeds);
    await engine.work(work, signal);
    const outputs = wanted.map((output) => engine.output(output));
    // All copied out before the first goes in: an output may lie in an input's memory.
    const states = keep.map(([output]) => engine.output(output));
    for (const [i, [, input]] of keep.entries()) engine.set(input, states[i]);
    if (work === 'run') kept = new Set(keep.map(([, input]) => input));
    return outputs;
  };

  /**
   * Runs once to bind and to warm up, then `runs` times with each step timed.
   * @param {import('./protocol.js').ProfileCall} call @param {AbortSignal} signal
   */
  const profile = async ({ feeds, runs }, signal) => {
    if (feeds) take(feeds); // else the last prediction's inputs are still there
    await engine.work('run', signal);
    const texts = [];
    try {
      for (engine.profile(true); texts.length < runs; texts.push(engine.describe('profile')))
        await engine.work('run', signal);
    } finally {
      engine.profile(false);
    }
    return `[${texts}]`;
  };

  /** @type {Record<string, (arg: any, signal: AbortSignal) => any>} */
  const calls = {
    load,
    predict,
    profile,
    describe: (what) => engine.describe(what),
    tool: (args) => engine.tool(args),
  };

  return async ([op, arg, piece]) => {
    if (op === 'module') {
      tuned = piece;
      return useModule(arg);
    }
    if (op === 'push') {
      try {
        return piece ? pushed[arg].enqueue(piece) : pushed[arg].close();
      } catch {
        return; // the load has failed and cancelled the stream, the page does not know it yet
      }
    }
    if (op === 'helped') return helped[arg](piece);
    const perform = calls[op];
    if (op === 'close') starting?.then((engine) => engine.close()).catch(() => {}); // when it had started
    if (!perform) return stop.abort(); // abort, close
    stop = new AbortController();
    try {
      const value = await perform(arg, stop.signal);
      const buffers = value.flatMap?.(buffersOf);
      answer(RESULT, [value, engine.memory(), engine.tuned()], buffers);
    } catch (error) {
      const { code, message, status } = ours(error, 'internal');
      answer(ERROR, [code, message, { status }]);
    }
  };
}
