/**
 * dist/siskin.js, the package's entry. The URLs and imports below stand as bundlers look for them; where one of them
 * does not serve, there is another way: no worker.js, then in the page; no wasm, then the one inside inline.js.
 */
import { makeLoad } from './load.js';

export { SiskinError } from './errors.js';
export { Tensor } from './tensor.js';

/** @type {Record<string, () => URL>} */
const urls = {
  simd128: () => new URL('./siskin-simd128.wasm', import.meta.url),
  relaxed: () => new URL('./siskin-relaxed.wasm', import.meta.url),
  'simd128-threads': () => new URL('./siskin-simd128-threads.wasm', import.meta.url),
  'relaxed-threads': () => new URL('./siskin-relaxed-threads.wasm', import.meta.url),
};

export const load = makeLoad({
  worker: () =>
    new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'siskin-engine' }),
  url: (build) => urls[build](),
  inline: async () => (await import('./inline.js')).binaries,
});
