/**
 * The two engines of these tests: the reference, onnxruntime-node, and Siskin as built, one for each build.
 *
 * @typedef {import('./compare.js').Engine} Engine
 * @typedef {import('./compare.js').Named} Named
 */
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import ort from 'onnxruntime-node';
import { at } from './files.js';

export const BUILDS = ['simd128', 'relaxed'];

/**
 * @param {import('onnxruntime-node').InferenceSession.SessionOptions} [options]
 * @returns {Engine}
 */
export function onnxruntime(options = {}) {
  return {
    async load(file) {
      const session = await ort.InferenceSession.create(file, {
        logSeverityLevel: 3,
        intraOpNumThreads: 1,
        ...options,
      });
      return {
        async predict(inputs) {
          const feeds = Object.fromEntries(
            Object.entries(inputs).map(([name, { type, data, dims }]) => [
              name,
              new ort.Tensor(/** @type {any} */ (type), /** @type {any} */ (data), dims),
            ]),
          );
          return /** @type {Named} */ (/** @type {unknown} */ (await session.run(feeds)));
        },
        dispose: () => session.release(),
      };
    },
  };
}

export const reference = onnxruntime();

/**
 * @param {string} simd which build
 * @returns {Engine}
 */
export function siskin(simd) {
  return {
    async load(file) {
      const { Tensor, load } = await import(
        pathToFileURL(`${process.env.SISKIN_DIST ?? at('dist')}/siskin.js`).href
      );
      const model = await load(file, { simd });
      if (model.info.build !== simd) throw new Error(`asked for the build ${simd}, got ${model.info.build}`);
      return {
        predict: (inputs) =>
          model.predict(
            Object.fromEntries(
              Object.entries(inputs).map(([name, { type, data, dims }]) => [
                name,
                new Tensor(type, data, dims),
              ]),
            ),
          ),
        dispose: () => model.dispose(),
      };
    },
  };
}

/**
 * Registers each case as a test, once for each build.
 * @param {import('./compare.js').Case[]} cases
 */
export function testBuilds(cases) {
  for (const build of BUILDS) {
    const engine = siskin(build);
    for (const { name, check } of cases) test(`${name} (${build})`, () => check(engine));
  }
}
