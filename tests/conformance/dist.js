// The loader under test: what was built last.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const dist = process.env.SISKIN_DIST ?? path.join(import.meta.dirname, '../../dist');

export const { load, Tensor } = await import(pathToFileURL(path.join(dist, 'siskin.js')).href);

const urls = { simd128: pathToFileURL(path.join(dist, 'siskin-tools.wasm')).href };

/** What the ONNX writer makes of a model. @param {Uint8Array} bytes @returns {Promise<Uint8Array>} */
export async function written(bytes) {
  const model = await load(bytes, { simd: 'simd128', wasm: { urls }, debug: { portable: true } });
  try {
    return new Uint8Array(Buffer.concat(await model.tool(['write', '\0'])));
  } finally {
    await model.dispose();
  }
}
