/**
 * dist/siskin.js, the package's entry. The URLs and imports below stand as bundlers look for them; where one of them
 * does not serve, there is another way: no worker.js, then in the page; no wasm, then the one inside inline.js.
 */
import { makeLoad } from './load.js';

export { SiskinError } from './shared.js';
export { Tensor } from './tensor.js';

export const load = makeLoad({
  worker: () =>
    new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'siskin-engine' }),
  url: (build) =>
    build === 'relaxed'
      ? new URL('./siskin-relaxed.wasm', import.meta.url)
      : new URL('./siskin-simd128.wasm', import.meta.url),
  inline: async () => (await import('./inline.js')).binaries,
});
