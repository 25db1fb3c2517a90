/** The tools build of the engine, with a model in it whose graph can be written as ONNX again. */
import { load } from '../index.js';

/**
 * @param {import('../siskin.d.ts').Source} source
 * @param {import('../compress.js').CompressOptions} options
 */
export async function openTools(source, { signal, worker, externalData, maxMemory, wasm }) {
  const urls = { simd128: new URL('./siskin-tools.wasm', import.meta.url).href };
  /** @type {any} */
  const model = await load(source, {
    signal,
    worker,
    externalData,
    maxMemory,
    simd: 'simd128',
    threads: 1,
    wasm: wasm ?? { urls },
    debug: { portable: true },
  });
  return /** @type {import('../siskin.d.ts').Model & {tool: (name: string, text: string, ...numbers: number[]) => Promise<Uint8Array>}} */ (
    model
  );
}
