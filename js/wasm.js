/**
 * Which wasm build, from where; compiled once for all models. A failed try is not kept, so that a later load can try anew.
 */
import { fail, isHtml, locate, open, ours } from './worker.js';

/** @typedef {import('./siskin.d.ts').LoadOptions} LoadOptions */
/** @typedef {{module: WebAssembly.Module, from: string}} Found from: its URL, or inline, binary, module */

/** Whether a function of this code is valid, in the smallest module, with type () -> v128. */
const valid = (/** @type {number[]} */ ...code) => {
  const head = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, code.length + 4, 1, code.length + 2, 0];
  return WebAssembly.validate(Uint8Array.of(...head, ...code, 11));
};

/** @param {LoadOptions} options */
export function chooseBuild({ simd, deterministic }) {
  const splat = [65, 0, 253, 15]; // i32.const 0, i8x16.splat
  if (!valid(...splat)) fail('wasm', 'WebAssembly SIMD is missing here');
  if (simd === 'simd128' || deterministic) return 'simd128';
  if (valid(...splat, ...splat, ...splat, 253, 133, 2)) return 'relaxed'; // f32x4.relaxed_madd
  return simd === 'relaxed' ? fail('wasm', 'relaxed SIMD is missing here') : 'simd128';
}

/** @type {Map<string, Promise<WebAssembly.Module>>} by URL or file name */
const compiled = new Map();

/**
 * @param {string} key
 * @param {string} from
 * @param {() => Promise<WebAssembly.Module>} compile
 * @returns {Promise<Found>}
 */
async function once(key, from, compile) {
  const module = compiled.get(key) ?? compile();
  compiled.set(key, module);
  try {
    return { module: await module, from };
  } catch (error) {
    compiled.delete(key);
    throw ours(error, 'wasm', `${key}: `);
  }
}

/** @param {string | URL} where */
const fetched = (where) => {
  const origin = locate(`${where}`);
  const from = origin.url ?? origin.name;
  return once(from, from, async () => {
    const { stream, response } = await open(origin);
    if (response?.headers.get('content-type')?.startsWith('application/wasm')) {
      return WebAssembly.compileStreaming(response);
    }
    const bytes = await new Response(stream).arrayBuffer();
    if (isHtml(new Uint8Array(bytes), false)) fail('html', `${origin.name}: HTML came back, not wasm`);
    return WebAssembly.compile(bytes);
  });
};

/**
 * @param {import('./load.js').Env} env
 * @param {string} build
 * @param {any} where LoadOptions.wasm
 * @param {string[]} notes what did not work on the way
 * @returns {Promise<Found>}
 */
export async function findWasm(env, build, { module, binary, urls, base } = /** @type {any} */ ({}), notes) {
  if (module) return { module, from: 'module' };
  const name = `siskin-${build}.wasm`;
  const compile = (/** @type {BufferSource} */ bytes) => () => WebAssembly.compile(bytes);
  if (binary) return { module: await compile(binary)().catch((error) => fail('wasm', `wasm.binary: ${error.message}`)), from: 'binary' };
  if (urls) return fetched(urls[build] ?? urls.simd128);
  if (base) return fetched(`${base}`.replace(/\/?$/, `/${name}`));
  /** @type {unknown} */
  let first;
  try {
    if (env.urls) return await fetched(env.urls[build]());
  } catch (error) {
    first = error;
    notes.push(/** @type {Error} */ (error).message);
  }
  try {
    return await once(name, 'inline', compile((await env.inline())[build]));
  } catch (error) {
    throw first ?? error;
  }
}
