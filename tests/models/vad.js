/**
 * Silero's voice activity detection over successive frames of speech and pauses, each run fed with the state
 * that the run before left: errors that add up over time would show.
 *
 * @typedef {import('./compare.js').Named} Named
 * @typedef {import('./compare.js').Values} Values
 */
import assert from 'node:assert/strict';
import { assertClose, assertVaried, once, withModel } from './compare.js';
import { reference } from './engines.js';
import { MODELS, speech } from './files.js';

const FRAMES = 100;
const SPEECH = 0.5;

/** @param {Float32Array} data @param {number[]} dims @returns {Values} */
const float32 = (data, dims) => ({ type: 'float32', data, dims });
const rate = { type: 'int64', data: BigInt64Array.of(16000n), dims: [] };

/**
 * @typedef {object} Vad
 * @property {string} name
 * @property {string} file
 * @property {number} start first sample of the first frame
 * @property {number} frame samples a frame
 * @property {number} context samples before the frame that the model wants to see again
 * @property {Record<string, {from: string, dims: number[]}>} state inputs, and the outputs they come from
 */

/** @type {Vad[]} */
const vads = [
  {
    name: 'Silero VAD legacy',
    file: MODELS.vadLegacy,
    start: 0,
    frame: 1536,
    context: 0,
    state: { h: { from: 'hn', dims: [2, 1, 64] }, c: { from: 'cn', dims: [2, 1, 64] } },
  },
  {
    name: 'Silero VAD 5',
    file: MODELS.vad5,
    start: 45000, // a pause on both sides of the end of a sentence, then a tone
    frame: 512,
    context: 64,
    state: { state: { from: 'stateN', dims: [2, 1, 128] } },
  },
];

/**
 * @param {import('./compare.js').Engine} engine
 * @param {Vad} vad
 * @returns {Promise<Named[]>} the outputs of each frame
 */
function listen(engine, { file, start, frame, context, state }) {
  const samples = speech('tests/models/data/speech.wav');
  return withModel(engine, file, async (model) => {
    /** @type {Named} */
    let kept = {};
    for (const [name, { dims }] of Object.entries(state)) {
      kept[name] = float32(new Float32Array(dims.reduce((a, b) => a * b)), dims);
    }
    const results = [];
    for (let i = 0; i < FRAMES; i++) {
      const input = new Float32Array(context + frame);
      const from = start + i * frame - context;
      input.set(samples.subarray(Math.max(0, from), from + input.length), Math.max(0, -from));
      const outputs = await model.predict({ input: float32(input, [1, input.length]), sr: rate, ...kept });
      kept = Object.fromEntries(
        Object.entries(state).map(([name, { from: output }]) => [name, outputs[output]]),
      );
      results.push(outputs);
    }
    return results;
  });
}

/** @param {Named[]} results @returns {boolean[]} which frames are speech */
const decisions = (results) => results.map(({ output }) => Number(output.data[0]) > SPEECH);

export const cases = vads.map((vad) => {
  const expected = once(() => listen(reference, vad));
  return {
    name: `${vad.name}, ${FRAMES} frames`,
    /** @param {import('./compare.js').Engine} engine */
    async check(engine) {
      const want = await expected();
      const spoken = decisions(want).filter(Boolean).length;
      assert.ok(spoken > FRAMES / 5 && spoken < (FRAMES * 4) / 5, `${spoken} of ${FRAMES} frames are speech`);
      for (const name of Object.keys(want[0]))
        assertVaried(
          want.map((outputs) => outputs[name]),
          `${vad.name}, ${name}`,
        );

      const got = await listen(engine, vad);
      for (const [i, outputs] of got.entries()) assertClose(outputs, want[i], `${vad.name}, frame ${i}`);
      assert.deepEqual(decisions(got), decisions(want));
    },
  };
});
