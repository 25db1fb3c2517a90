/**
 * Times every kernel in the wasm of tests/bench/kernels.c; the same in a page and in Node. All cases of all builds
 * run in rounds (A B C A B C ...), so that what disturbs the machine for a while disturbs all of them; of each case
 * the minimum and the median stay. A ceiling stands in the same rounds.
 *
 * @typedef {import('./kernels-shapes.js').Shape} Shape
 * @typedef {{build: string, kind: string, name: string, candidate?: string, chosen?: boolean, sum?: number,
 *   work: number, times?: number, model?: string, min: number, median: number}} Row
 *   work: floating-point operations, or bytes read and written; min and median in milliseconds
 */
import { depthwise, models, product, vectors } from './kernels-shapes.js';

const FORMS = ['wide', 'w7', 'a7', 'both7']; // sk_i8_form
const FLOATS = 1 << 22; // of each operand; the largest product reads 2.4 M
const SAMPLE = 1.5; // ms that a sample lasts at least
const WARM = 60; // ms that each case runs before, so that the engine has compiled it for speed

/**
 * @param {any} wasm its exports
 * @param {string} build
 */
function casesOf(wasm, build) {
  /** @type {any[]} row: Row but for the times; run(reps); ready(): before others may have run; output: its floats */
  const cases = [];
  const text = (/** @type {number} */ at) => {
    const bytes = new Uint8Array(wasm.memory.buffer);
    return new TextDecoder().decode(bytes.slice(at, bytes.indexOf(0, at)));
  };
  const add = (/** @type {any} */ row, /** @type {(reps: number) => void} */ run, more = {}) =>
    cases.push({ row: { build, ...row }, run, ...more });

  add({ kind: 'ceiling', name: 'plain', work: 96 * 1000 }, (reps) => wasm.peak_plain(reps * 1000));
  if (wasm.peak_fused)
    add({ kind: 'ceiling', name: 'fused', work: 96 * 1000 }, (reps) => wasm.peak_fused(reps * 1000));
  // What a GEMV of that many weights reads, from the cache or memory it lies in.
  for (const floats of [16384, 147456, 1280000, 2048000]) {
    add({ kind: 'read', name: `${floats}`, work: 4 * floats }, (reps) => wasm.peak_read(reps, floats));
  }
  for (const floats of [4096, 65536, 1048576]) {
    add({ kind: 'copy', name: `${4 * floats} bytes`, work: 8 * floats }, (reps) => wasm.copy(reps, floats));
  }

  const products = (/** @type {string} */ model, /** @type {Shape[]} */ shapes) => {
    for (const { m, n, k, times, rows, piece, taps } of shapes) {
      const kind = rows ? 'igemm' : 'gemm';
      const name = rows ? `${m}x${n}x${k} (${taps} taps)` : `${m}x${n}x${k}`;
      for (let which = 0; which < wasm.gemm_count(); which++) {
        const row = {
          kind,
          name,
          model,
          times,
          candidate: text(wasm.gemm_name(which)),
          chosen: wasm.gemm_choice() === which,
          work: 2 * m * n * k,
        };
        const ready = () => rows && wasm.igemm_rows(0, ...rows);
        add(
          row,
          (reps) => (rows ? wasm.igemm(which, reps, m, n, piece, taps) : wasm.gemm(which, reps, m, n, k)),
          { ready, output: m * n },
        );
      }
      for (let form = 0; form < wasm.forms8(); form++) {
        const row = {
          kind: `${kind}8`,
          name,
          model,
          times,
          candidate: FORMS[form],
          work: 2 * m * n * k,
        };
        const ready = () => rows && wasm.igemm_rows(1, ...rows);
        add(
          row,
          (reps) => (rows ? wasm.igemm8(form, reps, m, n, piece, taps) : wasm.gemm8(form, reps, m, n, k)),
          { ready },
        );
      }
    }
  };
  products('', [product(384, 384, 384)]);
  for (const [model, shapes] of Object.entries(models)) products(model, shapes);
  products('', vectors.slice(2));

  for (const [m, n, k] of [
    [1, 384, 384],
    [4, 128, 32],
  ]) {
    add({ kind: 'direct', name: `${m}x${n}x${k}`, work: 2 * m * n * k }, (reps) =>
      wasm.direct(reps, m, n, k),
    );
  }
  for (const [size, channels, kernel, stride] of depthwise) {
    const out = Math.ceil(size / stride);
    for (const kind of ['depthwise', 'depthwise8']) {
      const row = {
        kind,
        name: `${size}x${size}x${channels} ${kernel}x${kernel} stride ${stride}`,
        work: 2 * out * out * channels * kernel * kernel,
      };
      add(row, (reps) => {
        if (!wasm[kind](reps, size, channels, kernel, stride)) throw new Error('no depthwise kernel');
      });
    }
  }
  // A tile is 16 pixels on one side and 36 positions on the other; the input's margins come from a cache.
  for (const [size, channels] of [
    [56, 64],
    [28, 128],
    [12, 256],
  ]) {
    for (const [back, name] of ['in', 'out'].entries()) {
      const work = 4 * (size / 4) ** 2 * channels * 52;
      const what = { kind: 'winograd', name: `${name} ${size}x${size}x${channels}`, work };
      add(what, (reps) => wasm.winograd(reps, back, size, channels));
    }
  }
  add({ kind: 'softmax', name: '1536 rows of 128', work: 1536 * 128 }, (reps) =>
    wasm.softmax(reps, 1536, 128),
  );
  for (const [i, name] of ['exp', 'erf', 'tanh', 'sigmoid'].entries()) {
    add({ kind: name, name: '16384 numbers', work: 16384 }, (reps) => wasm.unary(reps, i, 16384));
  }
  return cases;
}

/**
 * @param {Record<string, WebAssembly.Module>} modules by build
 * @param {{rounds: number, only?: string}} options only: kinds or models whose name contains this
 * @returns {Promise<Row[]>}
 */
export async function measure(modules, { rounds, only = '' }) {
  const cases = [];
  for (const [build, module] of Object.entries(modules)) {
    const wasm = /** @type {any} */ ((await WebAssembly.instantiate(module, {})).exports);
    wasm._initialize?.();
    if (!wasm.prepare(FLOATS)) throw new Error('no memory');
    for (const one of casesOf(wasm, build)) {
      const { kind, name, model = '' } = one.row;
      if (only && kind !== 'ceiling' && kind !== 'read' && !`${kind} ${name} ${model}`.includes(only))
        continue;
      cases.push({ ...one, wasm, reps: 1, samples: /** @type {number[]} */ ([]), sum: 0 });
    }
  }
  const time = (/** @type {(reps: number) => void} */ run, /** @type {number} */ reps) => {
    const from = performance.now();
    run(reps);
    return performance.now() - from;
  };
  const breathe = () => new Promise((resolve) => setTimeout(resolve, 0)); // else a page is throttled
  for (const one of cases) {
    one.ready?.();
    let spent = 0;
    let last = 0;
    for (let calls = 0; spent < WARM || calls < 4; calls++) {
      last = time(one.run, one.reps);
      spent += last;
      if (last < SAMPLE / 2) one.reps *= 2;
    }
    one.reps = Math.max(1, Math.ceil((one.reps * SAMPLE) / last));
    if (one.output) one.sum = one.wasm.sum(one.output);
    await breathe();
  }
  for (let round = 0; round < rounds; round++) {
    for (const one of cases) {
      one.ready?.();
      one.run(1); // what it reads is then where it would be had it run before
      one.samples.push(time(one.run, one.reps) / one.reps);
    }
    await breathe();
  }
  return cases.map(({ row, samples, sum }) => {
    samples.sort((x, y) => x - y);
    return { ...row, sum, min: samples[0], median: samples[samples.length >> 1] };
  });
}
