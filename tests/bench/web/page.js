/**
 * The page of one engine: loads one model with it and times predictions when the runner says so. With ?start={...} it
 * does the first prediction by itself, which is what the time from navigation to first prediction is taken from.
 *
 * An engine's module exports start(library, {model, threads, options}) -> {facts(), predict, memory?}: predict takes and
 * gives named tensors {type, dims, data}; what can be made once for all predictions is made by prepare(inputs).
 */
import { noise } from './noise.js';
import { pack, unpack } from './tensors.js';

/** @type {any} */
let engine;
/** @type {() => Promise<any>} */
let predict;

/** @param {{adapter: string, library: string}} where */
const modules = ({ adapter, library }) => Promise.all([import(`./engine-${adapter}.js`), import(library)]);

async function start(job) {
  const begin = performance.now();
  const [{ start: startEngine }, library] = await modules(job);
  engine = await startEngine(library, job);
  return { ms: performance.now() - begin, ...engine.facts() };
}

/** Makes the inputs this engine predicts from now on. @param {string} address of packed tensors */
async function prepare(address) {
  predict = await engine.prepare(unpack(await (await fetch(address)).arrayBuffer()));
}

/** Predicts for at least this long and this often; the milliseconds of each prediction. */
async function round({ ms, least }) {
  const times = [];
  for (const end = performance.now() + ms; performance.now() < end || times.length < least; ) {
    const begin = performance.now();
    await predict();
    times.push(performance.now() - begin);
  }
  return times;
}

/** One prediction, its outputs to where the runner compares them. @param {string} address */
const check = async (address) => {
  const outputs = await predict();
  await fetch(address, { method: 'POST', body: pack(outputs) });
};

async function memory() {
  const whole = await performance.measureUserAgentSpecificMemory?.().catch(() => null);
  return { page: whole?.bytes ?? null, ...engine.facts() };
}

const profile = async () => engine.profile?.(predict) ?? null;

Object.assign(globalThis, { bench: { start, prepare, round, check, memory, profile } });

const query = new URLSearchParams(location.search).get('start');
if (query) {
  const job = JSON.parse(query);
  start(job)
    .then(async () => {
      const inputs = Object.entries(job.inputs).map(([name, { dims, seed }]) => [name, noise(dims, seed)]);
      predict = await engine.prepare(Object.fromEntries(inputs));
      await predict();
      Object.assign(globalThis, { first: { ms: performance.now() } }); // since the navigation began
    })
    .catch((error) => Object.assign(globalThis, { first: { error: String(error?.message ?? error) } }));
}
