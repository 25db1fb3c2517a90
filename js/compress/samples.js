/**
 * Data that calibration and evaluation go over: an iterable, an asynchronous one, or a function that gives one. What
 * has to be gone over twice and is no array or function is kept in between.
 */
import { SiskinError } from '../index.js';

/** @typedef {import('../compress.js').Sample} Sample */

/** @param {import('../compress.js').Samples} data */
function source(data) {
  const from = typeof data === 'function' ? data() : data;
  if (from && (Symbol.iterator in from || Symbol.asyncIterator in from)) return from;
  throw new SiskinError(
    'bad-option',
    'data: an array of inputs, another iterable, or a function that gives one',
  );
}

/** How many there are, when that can be told. @param {any} data @returns {number | null} */
const lengthOf = (data) => data?.length ?? data?.size ?? null;

/**
 * Goes over the data once for each phase.
 * @param {import('../compress.js').Samples} data
 * @param {string[]} phases
 * @param {(sample: Sample, phase: string, index: number) => Promise<void>} use
 * @param {{signal?: AbortSignal, onProgress?: (progress: import('../compress.js').CompressProgress) => void}} options
 * @param {(phase: string) => Promise<void>} [begin] before a phase's first sample
 */
export async function goOver(data, phases, use, { signal, onProgress }, begin) {
  const repeatable = typeof data === 'function' || Array.isArray(data);
  /** @type {Sample[]} */
  const kept = [];
  for (const [round, phase] of phases.entries()) {
    const samples = round && !repeatable ? kept : source(data);
    const total = round ? kept.length || lengthOf(samples) : lengthOf(samples);
    let done = 0;
    await begin?.(phase);
    onProgress?.({ phase, done, total });
    for await (const sample of /** @type {AsyncIterable<Sample>} */ (samples)) {
      signal?.throwIfAborted();
      if (!round && phases.length > 1 && !repeatable) kept.push(sample);
      await named(use(sample, phase, done), done);
      done++;
      onProgress?.({ phase, done, total });
    }
    if (!done) throw new SiskinError('bad-value', 'the data has not one sample');
  }
}

/** Errors of ours name the sample that they came with. @template T @param {Promise<T>} work @param {number} index */
async function named(work, index) {
  try {
    return await work;
  } catch (error) {
    if (error instanceof SiskinError) error.message = `sample ${index}: ${error.message}`;
    throw error;
  }
}
