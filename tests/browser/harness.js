/**
 * The page's half of models.test.js: loads models with Siskin as it was built and predicts what the test sends.
 * Tensors travel as one binary message, see tensors.js.
 */
import { load, Tensor } from '/dist/siskin.js';
import { pack, unpack } from './tensors.js';

/** @type {any[]} */
const models = [];

/** @type {any} */ (globalThis).harness = {
  /** @param {string} address @param {string} simd @returns {Promise<{model: number, build: string}>} */
  async load(address, simd) {
    const model = await load(address, { simd });
    return { model: models.push(model) - 1, build: model.info.build };
  },
  /** @param {number} model @param {string} exchange address to fetch the inputs from and post the outputs to */
  async predict(model, exchange) {
    const inputs = unpack(await (await fetch(exchange)).arrayBuffer());
    for (const [name, { type, data, dims }] of Object.entries(inputs))
      inputs[name] = new Tensor(type, data, dims);
    await fetch(exchange, { method: 'POST', body: pack(await models[model].predict(inputs)) });
  },
  /** @param {number} model */
  dispose: (model) => models[model].dispose(),
};
