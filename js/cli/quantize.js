/** siskin quantize. */
import { statSync } from 'node:fs';
import { quantize as compress } from '../compress/index.js';
import { bytesText, externalData, openModel } from './common.js';
import { openData, samplesOf } from './data.js';
import { parseNumbers } from './inputs.js';
import { progressBar } from './progress.js';
import { wrong } from './usage.js';
import { checkOutput, interruptible, writeWhole } from './write.js';

/** @typedef {import('./common.js').Flags} Flags */

/** A whole number above 0. @param {string | undefined} text @param {string} option @param {number} usual */
export function count(text, option, usual) {
  const number = Number(text ?? usual);
  if (!(number > 0 && Number.isInteger(number))) wrong(`${option} wants a number above 0, not '${text}'`);
  return number;
}

/** @param {Flags} flags */
export const imageOptions = (flags) => ({
  mean: parseNumbers(flags.mean ?? '0', '--mean'),
  std: parseNumbers(flags.std ?? '1', '--std'),
  raw: Boolean(flags.raw),
});

/** @param {Flags} flags @returns {import('../compress.js').QuantizeOptions} */
function optionsOf(flags) {
  if (flags.dynamic && flags['weight-only']) wrong('--dynamic or --weight-only, not both');
  const form = flags.dynamic ? 'dynamic' : flags['weight-only'] ? 'weights' : 'static';
  if (form === 'static' && !flags.calibrate)
    wrong('say with what to calibrate, --calibrate DATA, or take --dynamic or --weight-only');
  if (form !== 'static' && flags.calibrate)
    wrong(`--${flags.dynamic ? 'dynamic' : 'weight-only'} takes no --calibrate`);
  if (flags['per-channel'] && flags['per-tensor']) wrong('--per-channel or --per-tensor, not both');
  return {
    form,
    activations: /** @type {any} */ (flags.activations),
    weights: /** @type {any} */ (flags.weights),
    method: /** @type {any} */ (flags.method),
    percentile: flags.percentile === undefined ? undefined : Number(flags.percentile),
    perChannel: !flags['per-tensor'],
    block: flags.block === undefined ? undefined : Number(flags.block),
    matMulNBits: flags['matmul-nbits'],
    exclude: (flags.exclude ?? []).flatMap((names) => names.split(',').filter(Boolean)),
  };
}

/** The samples of --calibrate, for the model's inputs. @param {string} file @param {Flags} flags */
async function calibration(file, flags) {
  const model = await openModel(file, flags);
  const { inputs } = model;
  await model.dispose();
  const data = openData(/** @type {string} */ (flags.calibrate), inputs, imageOptions(flags));
  const { length, at } = samplesOf(data, count(flags.samples, '--samples', 200));
  return Object.assign(
    function* () {
      for (let i = 0; i < length; i++) yield at(i).inputs;
    },
    { count: length },
  );
}

/** @param {string} file @param {Flags} flags */
export async function quantize(file, flags) {
  const options = optionsOf(flags);
  const out = checkOutput(flags.output, file);
  const bar = progressBar();
  /** @type {import('../compress.js').QuantizeReport | undefined} */
  let report;
  const bytes = await interruptible(async (signal) => {
    const data = options.form === 'static' ? await calibration(file, flags) : undefined;
    try {
      return await compress(file, {
        ...options,
        data: /** @type {any} */ (data),
        signal,
        externalData: externalData(file, flags.external ?? []),
        onProgress: ({ phase, done, total }) =>
          bar.show({ phase, done, total: total ?? data?.count ?? null }),
        onReport: (made) => {
          report = made;
        },
      });
    } finally {
      bar.clear();
    }
  });
  writeWhole(out, bytes);
  const before = statSync(file).size;
  if (flags.json) {
    console.log(JSON.stringify({ file: out, bytes: bytes.length, before, ...report }));
    return;
  }
  const { products = [], values = 0, opset } = report ?? {};
  console.log(
    `${products.length} products quantized${options.form === 'static' ? `, ${values} activations` : ''}, opset ${opset}`,
  );
  console.log(
    `wrote ${out}: ${bytesText(bytes.length)}, ${((100 * bytes.length) / before).toFixed(1)}% of ${bytesText(before)}`,
  );
}
