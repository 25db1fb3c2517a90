// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss (12, 13), which the engine expands.
import { f32, i64, noise, tensor } from '../cases.js';

const [n, c, d] = [2, 4, 3];
const scores = f32([n, c, d], noise([n, c, d], { seed: 1, scale: 3 }));
const at = (i, k) => Math.floor(i / d) * c * d + k * d + (i % d);
function logSoftmax(x) {
  const y = Array.from(x.data);
  for (let i = 0; i < n * d; i++) {
    let sum = 0;
    for (let k = 0; k < c; k++) sum += Math.exp(x.data[at(i, k)]);
    for (let k = 0; k < c; k++) y[at(i, k)] -= Math.log(sum);
  }
  return f32(x.dims, y);
}
const log = logSoftmax(scores);
const labels = [0, 3, 1, 2, 1, 1];
const weights = f32([c], [0.5, 2, 1, 0.25]);

function loss(x, list, { weight, ignore, reduction = 'mean' }) {
  const w = list.map((k) => (k === ignore ? 0 : weight ? weight.data[k] : 1));
  const each = list.map((k, i) => (k === ignore ? 0 : -x.data[at(i, k)] * w[i]));
  const sum = (terms) => terms.reduce((a, b) => a + b, 0);
  if (reduction === 'none') return f32([n, d], each);
  return f32([], [reduction === 'sum' ? sum(each) : sum(each) / sum(w)]);
}

function one(name, options = {}, list = labels) {
  const { weight, ignore, reduction, cross, both } = options;
  const target = options.int32 ? tensor('int32', [n, d], list) : i64([n, d], list);
  return {
    name,
    op: cross ? 'SoftmaxCrossEntropyLoss' : 'NegativeLogLikelihoodLoss',
    opset: options.opset ?? 13,
    attrs: { ...(reduction && { reduction }), ...(ignore !== undefined && { ignore_index: ignore }) },
    inputs: [cross ? scores : log, target, ...(weight ? [weight] : [])],
    outputs: [loss(log, list, options), ...(both ? [log] : [])],
  };
}
const plain = one('plain');
const hostile = (name, change, error) => ({ ...plain, name, outputs: undefined, error, ...change });

export default [
  plain,
  one('none', { reduction: 'none' }),
  one('sum', { reduction: 'sum', int32: true }),
  one('weight', { weight: weights }),
  one('weight_none', { weight: weights, reduction: 'none' }),
  one('ignore_0', { ignore: 0 }),
  one('ignore_negative', { ignore: -100 }, [0, -100, 1, -100, 1, 2]),
  one('ignore_beyond_sum', { ignore: 90, reduction: 'sum' }, [0, 90, 1, 90, 1, 2]),
  one('ignore_weight', { ignore: 1, weight: weights }),
  one('ignore_weight_none', { ignore: 1, weight: weights, reduction: 'none' }),
  one('opset_12', { opset: 12, ignore: 2 }),
  one('cross', { cross: true }),
  one('cross_both', { cross: true, both: true, weight: weights, ignore: 3 }),
  one('cross_both_none', { cross: true, both: true, reduction: 'none' }),
  one('cross_opset_12', { cross: true, opset: 12, reduction: 'sum' }),
  hostile('label_out_of_range', { inputs: [log, i64([n, d], [0, 1, 4, 0, 1, 2])] }, 'bad-value'),
  hostile('labels_are_float', { inputs: [log, f32([n, d], labels)] }, 'bad-type'),
  hostile(
    'labels_of_another_shape',
    { inputs: [log, i64([n, d + 1, 1], [0, 1, 2, 3, 0, 1, 2, 3])] },
    'bad-shape',
  ),
  hostile('ignore_is_text', { attrs: { ignore_index: 'no' } }, 'malformed-model'),
  hostile('no_target', { inputs: [log] }, 'malformed-model'),
];
