/** quantize: a float32 model into one of 8 or 4 bits, as standard ONNX. */
import { SiskinError } from '../index.js';
import { goOver } from './samples.js';
import { openTools } from './tools.js';

/** Numbers of the enums in src/passes/quantize.h and src/runtime/observe.h. */
const FORMS = ['static', 'dynamic', 'weights'];
const ACTIVATIONS = ['u8', 's8', 'u7'];
const METHODS = ['minmax', 'percentile', 'entropy', 'mse'];
const BITS = /** @type {const} */ ({ s7: 7, s8: 8, int4: 4 });
const [RANGES, HISTOGRAMS] = [1, 2];

/** @param {string} option @param {readonly string[]} values @param {string} value */
function choose(option, values, value) {
  const index = values.indexOf(value);
  if (index < 0) throw new SiskinError('bad-option', `${option}: ${values.join(', ')}, not '${value}'`);
  return index;
}

/** @param {import('../compress.js').QuantizeOptions} options what the engine's numbers are for them */
function checked({
  form = 'static',
  activations = 'u8',
  weights,
  method = 'percentile',
  percentile = 99.99,
  ...rest
}) {
  const { perChannel = true, matMulNBits = false, block = 64, exclude = [], data } = rest;
  const bits = weights ?? (form === 'weights' ? 's8' : 's7');
  choose('weights', Object.keys(BITS), bits);
  if (bits === 'int4' && form !== 'weights')
    throw new SiskinError('bad-option', "weights: int4 is for form 'weights' only");
  if (matMulNBits && bits !== 'int4')
    throw new SiskinError('bad-option', 'matMulNBits: of weights int4 only');
  if (!(block >= 16 && block <= 4096 && Number.isInteger(Math.log2(block))))
    throw new SiskinError('bad-option', `block: a power of two from 16 on, not ${block}`);
  if (!(percentile > 0 && percentile <= 100))
    throw new SiskinError('bad-option', `percentile: above 0, up to 100, not ${percentile}`);
  if (form === 'static' && !data)
    throw new SiskinError(
      'bad-option',
      "data: form 'static' is calibrated with data; 'dynamic' and 'weights' need none",
    );
  const range = choose('method', METHODS, method);
  return {
    phases: form !== 'static' ? [] : range ? ['ranges', 'histograms'] : ['ranges'],
    names: exclude.map((name) => `${name}\n`).join(''),
    numbers: [
      choose('form', FORMS, form),
      choose('activations', ACTIVATIONS, activations),
      BITS[bits],
      perChannel ? 0 : 1,
      matMulNBits ? 1 : 0,
      block,
      range,
      percentile,
    ],
  };
}

/** @type {typeof import('../compress.js').quantize} */
export async function quantize(source, options = {}) {
  const { phases, names, numbers } = checked(options);
  const { model, call } = await openTools(source, options);
  try {
    const use = async (/** @type {import('../compress.js').Sample} */ sample) => {
      await model.predict(/** @type {any} */ (sample), { outputs: [], signal: options.signal });
    };
    const begin = async (/** @type {string} */ phase) => {
      await call('observe', '', phase === 'ranges' ? RANGES : HISTOGRAMS);
    };
    if (phases.length) await goOver(/** @type {any} */ (options.data), phases, use, options, begin);
    options.signal?.throwIfAborted();
    options.onProgress?.({ phase: 'quantize', done: 0, total: 1 });
    const report = await call('quantize', names, ...numbers);
    options.onReport?.(JSON.parse(new TextDecoder().decode(report)));
    const bytes = await call('write');
    options.onProgress?.({ phase: 'quantize', done: 1, total: 1 });
    return bytes;
  } finally {
    await model.dispose();
  }
}
