/**
 * dist/inline.js: the whole of Siskin in one file, wasm included, for where no other file can be fetched: extensions,
 * service workers, single-file pages; as siskin-inline.global.js also for classic scripts and file://. Its engine runs
 * in slices where it is imported, in a worker only when told its `workerUrl`. The package's entry falls back to its wasm.
 */
import relaxed from '../dist/siskin-relaxed.wasm';
import simd128 from '../dist/siskin-simd128.wasm';
import { makeLoad } from './load.js';

export { SiskinError } from './errors.js';
export { Tensor } from './tensor.js';

export const binaries = { simd128, relaxed };

export const load = makeLoad({
  worker: () => {
    throw new Error('the inline entry starts a worker only with workerUrl');
  },
  inline: async () => binaries,
});
