/**
 * The engines that are compared, and what the server needs to hand them out: the peers come as npm packages of this
 * folder alone, those that import bare names are bundled first.
 *
 * @typedef {object} Engine
 * @property {string} id
 * @property {string} title
 * @property {string} adapter web/engine-<adapter>.js
 * @property {string} library the address of what the adapter is given
 * @property {string[]} [imports] what the library imports in its turn
 * @property {Record<string, unknown>} options for the adapter
 * @property {'onnx' | 'tfjs' | 'tflite'} format
 * @property {string} [version]
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const at = (...parts) => join(here, 'node_modules', ...parts);

/** @param {string} name of an npm package */
function version(name) {
  try {
    return JSON.parse(readFileSync(at(name, 'package.json'), 'utf8')).version;
  } catch {
    throw new Error(
      `${name} is not installed: run \`make bench\` once, or \`npm ci\` in tests/bench, or leave it out with --engines`,
    );
  }
}

/** @param {string} id @param {string} title @param {string} folder in the server's paths @param {Record<string, unknown>} options */
const siskin = (id, title, folder, options) => ({
  id,
  title,
  adapter: 'siskin',
  library: `${folder}siskin.js`,
  imports: [`${folder}worker.js`],
  options,
  format: /** @type {const} */ ('onnx'),
});

/** @type {Record<string, () => Engine>} */
const MAKE = {
  siskin: () => siskin('siskin', 'Siskin', '/dist/', { worker: false }),
  'siskin-worker': () => siskin('siskin-worker', 'Siskin, in its worker', '/dist/', { worker: true }),
  'siskin-simd128': () =>
    siskin('siskin-simd128', 'Siskin, SIMD128 build', '/dist/', { worker: false, simd: 'simd128' }),
  ort: () => ({
    id: 'ort',
    title: 'onnxruntime-web',
    version: version('onnxruntime-web'),
    adapter: 'ort',
    library: '/npm/ort/ort.wasm.min.mjs',
    options: { files: '/npm/ort/' },
    format: 'onnx',
  }),
  tfjs: () => ({
    id: 'tfjs',
    title: 'tfjs-backend-wasm',
    version: version('@tensorflow/tfjs-backend-wasm'),
    adapter: 'tfjs',
    library: '/bundled/tfjs.js',
    options: { files: '/npm/tfjs/' },
    format: 'tfjs',
  }),
  litert: () => ({
    id: 'litert',
    title: 'LiteRT.js',
    version: version('@litertjs/core'),
    adapter: 'litert',
    library: '/bundled/litert.js',
    options: { files: '/npm/litert/' },
    format: 'tflite',
  }),
};
export const ENGINES = Object.keys(MAKE);
export const DEFAULT_ENGINES = ['siskin', 'siskin-worker', 'ort', 'litert', 'tfjs'];

/** What the bundles hold. */
const BUNDLES = {
  tfjs: `export { add, env, fused, mean, ready, reshape, setBackend, softmax, tensor, tensor4d, tidy } from '@tensorflow/tfjs-core';
    export { getThreadsCount, setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';`,
  litert: `export { loadLiteRt, loadAndCompile, Tensor } from '@litertjs/core';`,
};

/**
 * @param {string[]} ids
 * @param {{dist: string, others: Record<string, string>, cache: string}} folders dist: Siskin as built; others: further
 *   builds of it to compare, by name; cache: for bundles
 * @returns {Promise<{engines: Engine[], places: Record<string, string>}>} places for the server
 */
export async function gather(ids, { dist, others, cache }) {
  const all = { dist, ...others };
  for (const [name, folder] of Object.entries(all))
    if (!existsSync(join(folder, 'siskin.js')))
      throw new Error(`there is no siskin.js in the folder for ${name}: build it first (make)`);
  const engines = [
    ...ids.map((id) => MAKE[id]()),
    ...Object.keys(others).map((name) =>
      siskin(`siskin:${name}`, `Siskin, ${name}`, `/dist-${name}/`, { worker: false }),
    ),
  ];
  for (const { adapter } of engines) if (adapter in BUNDLES) await bundle(adapter, cache);
  return {
    engines,
    places: {
      '/dist/': dist,
      ...Object.fromEntries(Object.entries(others).map(([name, folder]) => [`/dist-${name}/`, folder])),
      '/npm/ort/': at('onnxruntime-web/dist'),
      '/npm/tfjs/': at('@tensorflow/tfjs-backend-wasm/dist'),
      '/npm/litert/': at('@litertjs/core/wasm'),
      '/bundled/': cache,
    },
  };
}

/** @param {keyof typeof BUNDLES} name @param {string} cache */
async function bundle(name, cache) {
  const { build } = createRequire(import.meta.url)('esbuild');
  await build({
    stdin: { contents: BUNDLES[name], resolveDir: here },
    outfile: join(cache, `${name}.js`),
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'error',
  });
}
