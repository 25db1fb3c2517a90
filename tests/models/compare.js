/**
 * Holds an engine's results against the reference's: every output tensor of every run, and what they mean.
 * An engine is whatever loads a model file and predicts, so the same cases run in Node and in a browser.
 *
 * @typedef {{type: string, dims: readonly number[], data: ArrayLike<number | bigint>}} Values
 * @typedef {Record<string, Values>} Named
 * @typedef {{predict: (inputs: Named) => Promise<Named>, dispose: () => Promise<void>}} Loaded
 * @typedef {{load: (file: string) => Promise<Loaded>}} Engine
 * @typedef {{name: string, check: (engine: Engine) => Promise<void>}} Case
 */
import assert from 'node:assert/strict';

const TOLERANCE = 1e-4; // of the tensor's largest magnitude

/**
 * @param {Named} got
 * @param {Named} want
 * @param {string} what ran, for the message
 * @param {number} [tolerance] of the tensor's largest magnitude
 */
export function assertClose(got, want, what, tolerance = TOLERANCE) {
  assert.deepEqual(Object.keys(got).sort(), Object.keys(want).sort(), `${what}: names of the outputs`);
  for (const [name, expected] of Object.entries(want)) {
    const actual = got[name];
    assert.equal(actual.type, expected.type, `${what}, ${name}: type`);
    assert.deepEqual([...actual.dims], [...expected.dims], `${what}, ${name}: dims`);
    assert.equal(actual.data.length, expected.data.length, `${what}, ${name}: number of elements`);
    let [largest, worst, where] = [0, 0, 0];
    for (let i = 0; i < expected.data.length; i++) {
      const difference = Math.abs(Number(actual.data[i]) - Number(expected.data[i]));
      largest = Math.max(largest, Math.abs(Number(expected.data[i])));
      if (difference <= worst) continue; // and a NaN is not
      [worst, where] = [difference, i];
      if (Number.isNaN(difference)) break;
    }
    assert.ok(
      worst <= tolerance * largest,
      `${what}, ${name}[${where}] of [${expected.dims}]: got ${actual.data[where]}, expected ${expected.data[where]}; ` +
        `off by ${(worst / largest).toExponential(2)} of the largest magnitude, allowed is ${tolerance}`,
    );
  }
}

/**
 * A comparison of outputs that hardly change with the input would prove little.
 * @param {Iterable<Values>} outputs of the reference, over all runs
 * @param {string} what ran
 */
export function assertVaried(outputs, what) {
  let [least, most] = [Infinity, -Infinity];
  for (const { data } of outputs) {
    for (let i = 0; i < data.length; i++) {
      least = Math.min(least, Number(data[i]));
      most = Math.max(most, Number(data[i]));
    }
  }
  const largest = Math.max(Math.abs(least), Math.abs(most));
  assert.ok(most - least > 0.3 * largest, `${what}: the reference is nearly constant, ${least} to ${most}`);
}

/**
 * Loads a model, hands it to a function and disposes of it whatever happens.
 * @template T
 * @param {Engine} engine
 * @param {string} file
 * @param {(model: Loaded) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withModel(engine, file, use) {
  const model = await engine.load(file);
  try {
    return await use(model);
  } finally {
    await model.dispose();
  }
}

/**
 * The reference's result of a computation, made once however many builds are held against it.
 * @template T
 * @param {() => Promise<T>} compute
 * @returns {() => Promise<T>}
 */
export function once(compute) {
  /** @type {Promise<T> | undefined} */
  let result;
  return () => {
    result ??= compute();
    return result;
  };
}
