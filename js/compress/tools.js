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
  return {
    /** @type {import('../siskin.d.ts').Model} */
    model,
    /**
     * Calls an export of web/tools.c; what it writes.
     * @param {string} name @param {string} [text] @param {...number} numbers
     * @returns {Promise<Uint8Array>}
     */
    async call(name, text = '', ...numbers) {
      const pieces = await model.tool([name, `${text}\0`, ...numbers]);
      const whole = new Uint8Array(
        pieces.reduce((/** @type {number} */ sum, /** @type {any} */ { length }) => sum + length, 0),
      );
      let at = 0;
      for (const piece of pieces) {
        whole.set(piece, at);
        at += piece.length;
      }
      return whole;
    },
  };
}
