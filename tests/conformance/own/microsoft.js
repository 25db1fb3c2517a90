// com.microsoft's fused operators: activations, products, normalizations (docs/ContribOperators.md of onnxruntime).
import { f32, map, noise, tensor } from '../cases.js';

const domain = 'com.microsoft';
const dims = [2, 3, 4];
const x = f32(dims, noise(dims, { seed: 1, scale: 3 }));
const skip = f32(dims, noise(dims, { seed: 2 }));
const row = (seed, shift = 0) => f32([4], noise([4], { seed, shift }));

function erf(v) {
  let sum = v; // Taylor: fine to float32 for the small numbers here
  let term = v;
  for (let n = 1; n < 120; n++) {
    term *= (-v * v) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
const gelu = (v) => 0.5 * v * (1 + erf(v / Math.SQRT2));
const tanhGelu = (v) => 0.5 * v * (1 + Math.tanh(0.797885 * v + 0.035677 * v ** 3));
const plus = (a, b) =>
  f32(
    a.dims,
    Array.from(a.data, (v, i) => v + b.data[i % b.data.length]),
  );

/** a [m, k] times b [k, n] as arrays of rows. */
const product = (a, b) => a.map((r) => b[0].map((_, j) => r.reduce((sum, v, i) => sum + v * b[i][j], 0)));
const rows = (t, n) =>
  Array.from({ length: t.data.length / n }, (_, i) => Array.from(t.data.slice(i * n, i * n + n)));
const flip = (m) => m[0].map((_, j) => m.map((r) => r[j]));
const matrix = (m) => f32([m.length, m[0].length], m.flat());

function normalize(t, { gain, bias, center, epsilon = 1e-12 }) {
  return f32(
    t.dims,
    rows(t, gain.data.length).flatMap((r) => {
      const mean = center ? r.reduce((sum, v) => sum + v, 0) / r.length : 0;
      const root = Math.sqrt(r.reduce((sum, v) => sum + (v - mean) ** 2, 0) / r.length + epsilon);
      return r.map((v, i) => ((v - mean) / root) * gain.data[i] + (bias ? bias.data[i] : 0));
    }),
  );
}

const gain = row(3, 2);
const bias = row(4);
const more = row(5);
const layerNorm = (t, options) => normalize(t, { gain, bias, center: true, ...options });
const sum = plus(plus(x, skip), more);

const a = f32([3, 4], noise([3, 4], { seed: 6 }));
const b = f32([4, 5], noise([4, 5], { seed: 7 }));
const bT = matrix(flip(rows(b, 5)));
const aT = matrix(flip(rows(a, 4)));
const ab = product(rows(a, 4), rows(b, 5));
const batched = f32([2, 4, 3], noise([2, 4, 3], { seed: 8 }));
const activate = (m, f) => matrix(m.map((r) => r.map(f)));

// Convolution of a 1 x 1 window is the product of its channels.
const image = f32([1, 4, 1, 5], b.data);
const kernel = f32([3, 4, 1, 1], a.data);
const conv1 = (name, attrs, f, add) => ({
  name,
  op: 'FusedConv',
  domain,
  attrs,
  inputs: [image, kernel, ...(add ? [null, add] : [])],
  constants: [1],
  outputs: [
    f32(
      [1, 3, 1, 5],
      ab.flat().map((v, i) => f(v + (add ? add.data[i] : 0))),
    ),
  ],
});
const residual = f32([1, 3, 1, 5], noise([15], { seed: 9 }));

const ids = tensor('int32', [2, 3], [1, 0, 4, 2, 2, 3]);
const segments = tensor('int32', [2, 3], [0, 0, 1, 1, 0, 1]);
const mask = tensor('int32', [2, 3], [1, 1, 0, 1, 0, 0]);
const places = tensor('int32', [2, 3], [2, 1, 0, 3, 4, 5]);
const words = f32([5, 4], noise([5, 4], { seed: 10 }));
const positions = f32([6, 4], noise([6, 4], { seed: 11 }));
const kinds = f32([2, 4], noise([2, 4], { seed: 12 }));
function embedded({ segment = true, at = (i) => i % 3 } = {}) {
  const of = (table, i, j) => table.data[i * 4 + j];
  return f32(
    [2, 3, 4],
    Array.from({ length: 24 }, (_, at24) => {
      const i = Math.floor(at24 / 4);
      const j = at24 % 4;
      return (
        of(words, ids.data[i], j) + of(positions, at(i), j) + (segment ? of(kinds, segments.data[i], j) : 0)
      );
    }),
  );
}
const embedding = [ids, segments, words, positions, kinds, gain, bias];

export default [
  { name: 'gelu', op: 'Gelu', domain, inputs: [x], outputs: [map(x, gelu)] },
  { name: 'fast_gelu', op: 'FastGelu', domain, inputs: [x], outputs: [map(x, tanhGelu)], atol: 1e-5 },
  {
    name: 'fast_gelu_bias',
    op: 'FastGelu',
    domain,
    inputs: [x, bias],
    outputs: [map(plus(x, bias), tanhGelu)],
    atol: 1e-5,
  },
  { name: 'bias_gelu', op: 'BiasGelu', domain, inputs: [x, bias], outputs: [map(plus(x, bias), gelu)] },
  { name: 'bias_gelu_lacks_bias', op: 'BiasGelu', domain, inputs: [x], error: 'malformed-model' },
  {
    name: 'bias_gelu_three_inputs',
    op: 'BiasGelu',
    domain,
    inputs: [x, bias, bias],
    error: 'malformed-model',
  },
  {
    name: 'quick_gelu',
    op: 'QuickGelu',
    domain,
    inputs: [x],
    outputs: [map(x, (v) => v / (1 + Math.exp(-1.702 * v)))],
  },
  {
    name: 'quick_gelu_alpha',
    op: 'QuickGelu',
    domain,
    attrs: { alpha: { float: 3 } },
    inputs: [x],
    outputs: [map(x, (v) => v / (1 + Math.exp(-3 * v)))],
  },
  {
    name: 'quick_gelu_alpha_is_text',
    op: 'QuickGelu',
    domain,
    attrs: { alpha: 'three' },
    inputs: [x],
    error: 'malformed-model',
  },

  { name: 'fused_matmul', op: 'FusedMatMul', domain, inputs: [a, b], outputs: [matrix(ab)] },
  {
    name: 'fused_matmul_trans_alpha',
    op: 'FusedMatMul',
    domain,
    attrs: { transA: 1, transB: 1, alpha: { float: 0.5 } },
    inputs: [aT, bT],
    constants: [1],
    outputs: [activate(ab, (v) => v / 2)],
  },
  {
    name: 'fused_matmul_trans_batched',
    op: 'FusedMatMul',
    domain,
    attrs: { transA: 1 },
    inputs: [batched, b],
    outputs: [
      f32(
        [2, 3, 5],
        [0, 12].flatMap((at) =>
          product(flip(rows({ data: batched.data.slice(at, at + 12) }, 3)), rows(b, 5)).flat(),
        ),
      ),
    ],
  },
  {
    name: 'fused_matmul_trans_batch',
    op: 'FusedMatMul',
    domain,
    attrs: { transBatchA: 1 },
    inputs: [f32([3, 2, 4], noise([3, 2, 4], { seed: 13 })), f32([2, 4, 5], [...b.data, ...b.data])],
    outputs: [
      f32(
        [2, 3, 5],
        [0, 1].flatMap((at) =>
          product(
            rows(f32([24], noise([24], { seed: 13 })), 4).filter((_, i) => i % 2 === at),
            rows(b, 5),
          ).flat(),
        ),
      ),
    ],
  },
  {
    name: 'fused_matmul_trans_a_is_float',
    op: 'FusedMatMul',
    domain,
    attrs: { transA: { tensor: [] } },
    inputs: [a, b],
    error: 'malformed-model',
  },
  {
    name: 'fused_gemm_relu',
    op: 'FusedGemm',
    domain,
    attrs: { transA: 1, transB: 1, alpha: { float: 2 }, beta: { float: 3 }, activation: 'Relu' },
    inputs: [aT, bT, f32([5], [1, -1, 0, 2, -3])],
    outputs: [matrix(ab.map((r) => r.map((v, j) => Math.max(0, 2 * v + 3 * [1, -1, 0, 2, -3][j]))))],
  },
  {
    name: 'fused_gemm_leaky_relu',
    op: 'FusedGemm',
    domain,
    attrs: { activation: 'LeakyRelu', activation_alpha: 0.25 },
    inputs: [a, b],
    outputs: [activate(ab, (v) => (v < 0 ? v / 4 : v))],
  },
  conv1('fused_conv', {}, (v) => v),
  conv1('fused_conv_relu', { activation: 'Relu' }, (v) => Math.max(0, v)),
  conv1('fused_conv_sigmoid', { activation: 'Sigmoid' }, (v) => 1 / (1 + Math.exp(-v))),
  conv1('fused_conv_tanh', { activation: 'Tanh' }, Math.tanh),
  conv1('fused_conv_sum_relu', { activation: 'Relu' }, (v) => Math.max(0, v), residual),
  conv1('fused_conv_leaky', { activation: 'LeakyRelu', activation_params: [0.125] }, (v) =>
    v < 0 ? v / 8 : v,
  ),
  conv1('fused_conv_clip', { activation: 'Clip', activation_params: [-0.25, 0.5] }, (v) =>
    Math.max(-0.25, Math.min(0.5, v)),
  ),
  conv1('fused_conv_hard_sigmoid', { activation: 'HardSigmoid', activation_params: [0.25, 0.375] }, (v) =>
    Math.max(0, Math.min(1, v * 0.25 + 0.375)),
  ),
  {
    ...conv1('fused_conv_unknown', { activation: 'Softmax2' }, (v) => v),
    outputs: undefined,
    error: 'unsupported',
  },
  {
    ...conv1('fused_conv_params_are_ints', { activation: 'LeakyRelu', activation_params: [1] }, (v) => v),
    outputs: undefined,
    error: 'malformed-model',
  },

  {
    name: 'layer_norm_of_onnxruntime',
    op: 'LayerNormalization',
    opset: 12,
    attrs: { axis: -1, epsilon: 0.5 },
    inputs: [x, gain, bias],
    outputs: [layerNorm(x, { epsilon: 0.5 })],
  },
  {
    name: 'simplified_layer_norm',
    op: 'SimplifiedLayerNormalization',
    opset: 13,
    attrs: { axis: -1, epsilon: 0.25, stash_type: 1 },
    inputs: [x, gain],
    outputs: [normalize(x, { gain, epsilon: 0.25 })],
  },
  {
    name: 'skip_layer_norm',
    op: 'SkipLayerNormalization',
    domain,
    attrs: { epsilon: 0.125 },
    inputs: [x, skip, gain, bias, more],
    constants: [2, 3, 4],
    outputs: [layerNorm(sum, { epsilon: 0.125 }), null, null, sum],
  },
  {
    name: 'skip_layer_norm_plain',
    op: 'SkipLayerNormalization',
    domain,
    inputs: [x, skip, gain],
    outputs: [layerNorm(plus(x, skip), { bias: null })],
  },
  {
    name: 'skip_simplified_layer_norm',
    op: 'SkipSimplifiedLayerNormalization',
    domain,
    attrs: { epsilon: 0.125 },
    inputs: [x, skip, gain, more],
    outputs: [normalize(sum, { gain, epsilon: 0.125 }), null, null, sum],
  },
  {
    name: 'skip_simplified_layer_norm_mean',
    op: 'SkipSimplifiedLayerNormalization',
    domain,
    inputs: [x, skip, gain],
    outputs: [null, x],
    error: 'unsupported',
  },
  {
    name: 'embed_layer_norm',
    op: 'EmbedLayerNormalization',
    domain,
    attrs: { epsilon: 1e-6 },
    inputs: [...embedding, mask],
    constants: [2, 3, 4, 5, 6],
    outputs: [layerNorm(embedded(), { epsilon: 1e-6 }), tensor('int32', [2], [2, 1]), embedded()],
  },
  {
    name: 'embed_layer_norm_no_segments',
    op: 'EmbedLayerNormalization',
    domain,
    inputs: [ids, null, words, positions, null, gain, bias],
    outputs: [layerNorm(embedded({ segment: false })), tensor('int32', [2], [0, 0])],
  },
  {
    name: 'embed_layer_norm_positions',
    op: 'EmbedLayerNormalization',
    domain,
    inputs: [...embedding, null, places],
    outputs: [layerNorm(embedded({ at: (i) => places.data[i] })), tensor('int32', [2], [0, 0])],
  },
  {
    name: 'embed_layer_norm_id_out_of_range',
    op: 'EmbedLayerNormalization',
    domain,
    inputs: [map(ids, (v) => v + 90), ...embedding.slice(1)],
    error: 'bad-value',
  },
];
