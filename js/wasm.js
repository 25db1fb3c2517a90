/**
 * Which wasm build, from where; compiled once for all models. A failed try is not kept, so that a later load can try anew.
 */
import { isHtml } from './bytes.js';
import { fail, ours } from './errors.js';
import { locate, open } from './source.js';

/** @typedef {import('./siskin.d.ts').LoadOptions} LoadOptions */
/** @typedef {{module: WebAssembly.Module, from: string}} Found from: its URL, or inline, binary, module */

/** Whether a function of this code is valid, in the smallest module, with type () -> v128. */
const valid = (/** @type {number[]} */ ...code) => {
  const { length } = code;
  // biome-ignore format: the bytes of a module
  const head = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, length + 4, 1, length + 2, 0];
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

/** By URL, or by the bytes themselves. @type {Map<unknown, Promise<WebAssembly.Module>>} */
const compiled = new Map();

/**
 * @param {unknown} key
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
    throw ours(error, 'wasm', `${from}: `);
  }
}

/** @param {string | URL} where */
async function fetched(where) {
  const { url, path } = locate(`${where}`);
  const name = url ?? `${path}`;
  return once(name, name, async () => {
    const { stream, response } = await open(where);
    if (response?.headers.get('content-type')?.startsWith('application/wasm')) {
      return WebAssembly.compileStreaming(response);
    }
    const bytes = await new Response(stream).arrayBuffer();
    if (isHtml(new Uint8Array(bytes), false)) fail('html', `${name}: HTML came back, not wasm`);
    return WebAssembly.compile(bytes);
  });
}

/** Threads share memory, which pages have only when no other site's code can be beside them. */
export const canShare = () =>
  typeof SharedArrayBuffer === 'function' && globalThis.crossOriginIsolated !== false; // Node has no such word

/**
 * @param {import('./load.js').Env} env
 * @param {string} simd
 * @param {boolean} threaded
 * @param {any} where LoadOptions.wasm
 * @param {string[]} notes what did not work on the way
 * @returns {Promise<Found>}
 */
export async function findWasm(
  env,
  simd,
  threaded,
  { module, binary, urls, base } = /** @type {any} */ ({}),
  notes,
) {
  if (module) return { module, from: 'module' };
  const compile = (/** @type {any} */ bytes, /** @type {string} */ from) =>
    once(bytes, from, () => WebAssembly.compile(bytes));
  const build = threaded ? `${simd}-threads` : simd;
  if (binary) return compile(binary, 'binary');
  if (urls) return fetched(urls[build] ?? urls[simd] ?? urls.simd128);
  if (base) return fetched(`${base}`.replace(/\/?$/, `/siskin-${build}.wasm`));
  /** @type {unknown} */
  let first;
  try {
    if (env.url) return await fetched(env.url(build));
  } catch (error) {
    first = error;
    notes.push(/** @type {Error} */ (error).message);
  }
  try {
    return await compile((await env.inline())[simd], 'inline');
  } catch (error) {
    throw first ?? error;
  }
}
