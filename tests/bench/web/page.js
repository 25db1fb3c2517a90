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
  const imported = performance.now();
  engine = await startEngine(library, job);
  const loaded = performance.now();
  return { ms: loaded - begin, begin, imported, loaded, ...engine.facts() };
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

/** The browser asks each thread of the page, and waits for ever when one of them sleeps in wasm. */
async function memory() {
  const late = new Promise((resolve) => setTimeout(resolve, 5000));
  const whole = await Promise.race([performance.measureUserAgentSpecificMemory?.().catch(() => null), late]);
  const sum = (list) => list.reduce((bytes, { buffer }) => bytes + buffer.byteLength, 0);
  const seen = [...memories];
  const counted = sum(seen.filter(({ buffer }) => buffer instanceof SharedArrayBuffer));
  const { wasm = sum(seen), ...facts } = engine.facts();
  return { page: whole && whole.bytes - counted, wasm, engine: await engine.described?.(), ...facts };
}

/* The browser's figure leaves wasm memory out unless it is shared, so it is noted which memories there are. A worker's own
   is not seen, but Siskin says how large it is. */
const memories = new Set();
function noteMemories() {
  const note = (object) => {
    for (const value of Object.values(object ?? {})) {
      if (value instanceof WebAssembly.Memory) memories.add(value);
    }
  };
  for (const name of /** @type {const} */ (['instantiate', 'instantiateStreaming'])) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (source, imports) => {
      const result = await original(source, imports);
      for (const part of Object.values(imports ?? {})) note(part);
      note((result.instance ?? result).exports);
      return result;
    };
  }
}

const profile = async () => (await engine.profile()) ?? null;

Object.assign(globalThis, { bench: { start, prepare, round, check, memory, profile } });

const query = new URLSearchParams(location.search).get('start');
if (!query) noteMemories();
else {
  const job = JSON.parse(query);
  start(job)
    .then(async ({ begin, imported, loaded }) => {
      const inputs = Object.entries(job.inputs).map(([name, { dims, seed }]) => [name, noise(dims, seed)]);
      predict = await engine.prepare(Object.fromEntries(inputs));
      await predict();
      // All since the navigation began.
      Object.assign(globalThis, { first: { begin, imported, loaded, ms: performance.now() } });
    })
    .catch((error) => Object.assign(globalThis, { first: { error: String(error?.message ?? error) } }));
}
