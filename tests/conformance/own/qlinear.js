// com.microsoft's operators on quantized numbers: as DequantizeLinear, the operator in float, QuantizeLinear. Scales
// are powers of two where a sum could otherwise fall between two steps.
import { f32, noise, tensor, u8 } from '../cases.js';

const domain = 'com.microsoft';
const scalar = (v) => f32([], [v]);
const zero = (v, type = 'uint8') => tensor(type, [], [v]);
const RANGE = { uint8: [0, 255], int8: [-128, 127] };

function even(v) {
  const low = Math.floor(v);
  if (v - low !== 0.5) return Math.round(v);
  return low % 2 ? low + 1 : low;
}
const dequantize = (x, scale, z = 0) => Array.from(x.data, (v) => (v - z) * scale);
function quantize(numbers, dims, type, scale, z = 0) {
  const [lo, hi] = RANGE[type];
  const code = (v) => Math.max(lo, Math.min(hi, even(Math.fround(Math.fround(v) / Math.fround(scale))) + z));
  return tensor(type, dims, Array.from(numbers, code));
}
function codes(type, dims, seed) {
  const [lo, hi] = RANGE[type];
  return tensor(
    type,
    dims,
    Array.from(noise(dims, { seed }), (v) => Math.floor(lo + ((v + 1) / 2) * (hi - lo + 1))),
  );
}

const dims = [2, 3, 4];
const a = codes('uint8', dims, 1);
const b = codes('uint8', [3, 4], 2);
const c = codes('int8', dims, 3);
const d = codes('int8', [1, 4], 4);
const over = (x, y, f) => {
  const p = dequantize(...x);
  const q = dequantize(...y);
  return p.map((v, i) => f(v, q[i % q.length]));
};
const add = (v, w) => v + w;
const multiply = (v, w) => v * w;

/** An operator of one operand: f on its numbers, which keep their shape unless outDims says otherwise. */
function unary(
  name,
  op,
  { attrs, x = a, scale = 0.0625, z = 130, out = 0.0078125, oz = 7, f, outDims = x.dims },
) {
  return {
    name,
    op,
    domain,
    attrs,
    inputs: [
      x,
      scalar(scale),
      z === null ? null : zero(z, x.type),
      scalar(out),
      ...(oz === null ? [] : [zero(oz, x.type)]),
    ],
    constants: [1, 3],
    outputs: [quantize(f(dequantize(x, scale, z ?? 0)), outDims, x.type, out, oz ?? 0)],
  };
}
const each = (f) => (list) => list.map(f);
const sigmoid = each((v) => 1 / (1 + Math.exp(-v)));
function softmax(list, size) {
  const result = [];
  for (let at = 0; at < list.length; at += size) {
    const part = list.slice(at, at + size).map((v) => Math.exp(v));
    const sum = part.reduce(add);
    result.push(...part.map((v) => v / sum));
  }
  return result;
}
const means = (size) => (list) =>
  Array.from(
    { length: list.length / size },
    (_, i) => list.slice(i * size, (i + 1) * size).reduce(add) / size,
  );

const image = codes('uint8', [1, 2, 4, 4], 5);
/** Means of the windows of 2 x 2, stride 2. */
const pooled = (list) =>
  Array.from({ length: 8 }, (_, i) => {
    const at = (i >> 2) * 16 + ((i >> 1) & 1) * 8 + (i & 1) * 2;
    return (list[at] + list[at + 1] + list[at + 4] + list[at + 5]) / 4;
  });
/** [1, h, w, 2] from [1, 2, h, w] */
const last = (x) => {
  const n = x.data.length / 2;
  const data = Array.from({ length: 2 * n }, (_, i) => x.data[(i % 2) * n + (i >> 1)]);
  return tensor(x.type, [1, x.dims[2], x.dims[3], 2], data);
};
const pool = unary('average_pool', 'QLinearAveragePool', {
  attrs: { kernel_shape: [2, 2], strides: [2, 2] },
  x: image,
  z: 100,
  out: 0.0625,
  oz: 90,
  outDims: [1, 2, 2, 2],
  f: pooled,
});
const global = unary('global_average_pool', 'QLinearGlobalAveragePool', {
  attrs: { channels_last: 0 },
  x: image,
  out: 0.03125,
  oz: 120,
  outDims: [1, 2, 1, 1],
  f: means(16),
});
const nhwc = (test) => ({
  ...test,
  name: `${test.name}_channels_last`,
  attrs: { ...test.attrs, channels_last: 1 },
  inputs: [last(test.inputs[0]), ...test.inputs.slice(1)],
  outputs: test.outputs.map(last),
});

// Products of whole numbers.
const m = codes('uint8', [3, 4], 6);
const w = codes('int8', [4, 5], 7);
const ws = f32([5], [0.5, 0.25, 1, 2, 0.125]);
const wz = tensor('int8', [5], [3, -4, 0, 9, 1]);
const bias = f32([5], [1, -2, 3, 0, 5]);
const products = (x, y, xz, yz) =>
  Array.from({ length: 15 }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < 4; k++)
      sum += (x.data[Math.floor(at / 5) * 4 + k] - xz) * (y.data[k * 5 + (at % 5)] - yz[at % 5]);
    return sum;
  });
const perColumn = (list, f) => list.map((v, i) => f(v, i % 5));
const zeros5 = [0, 0, 0, 0, 0];
const fives = (v) => [v, v, v, v, v];

const floats = f32([3, 4], noise([3, 4], { seed: 8, scale: 5 }));
/** As DynamicQuantizeLinear has it. */
function dynamic(x) {
  const lo = Math.min(0, ...x.data);
  const hi = Math.max(0, ...x.data);
  const scale = Math.fround((hi - lo) / 255);
  const z = Math.max(0, Math.min(255, even(-lo / scale)));
  return { scale, z, q: quantize(x.data, x.dims, 'uint8', scale, z) };
}
const dq = dynamic(floats);

const flipped = (x, r, n) =>
  tensor(
    x.type,
    [n, r],
    Array.from({ length: r * n }, (_, i) => x.data[(i % r) * n + Math.floor(i / r)]),
  );
const sums = tensor('int32', [5], [100, -200, 3000, 0, 50]);

export default [
  {
    name: 'add',
    op: 'QLinearAdd',
    domain,
    inputs: [a, scalar(0.5), zero(120), b, scalar(0.25), zero(3), scalar(0.5), zero(20)],
    outputs: [quantize(over([a, 0.5, 120], [b, 0.25, 3], add), dims, 'uint8', 0.5, 20)],
  },
  {
    name: 'add_int8_no_zeros',
    op: 'QLinearAdd',
    domain,
    ort: 'refuses absent zero points, which it declares to be optional',
    inputs: [c, scalar(0.5), null, d, scalar(0.25), null, scalar(1)],
    constants: [3, 4],
    outputs: [quantize(over([c, 0.5], [d, 0.25], add), dims, 'int8', 1)],
  },
  {
    name: 'add_six_inputs',
    op: 'QLinearAdd',
    domain,
    inputs: [a, scalar(1), zero(0), b, scalar(1), zero(0)],
    error: 'malformed-model',
  },
  {
    name: 'add_scale_is_text',
    op: 'QLinearAdd',
    domain,
    inputs: [a, tensor('string', [], ['one']), zero(0), b, scalar(1), zero(0), scalar(1), zero(0)],
    error: 'bad-type',
  },
  {
    name: 'mul',
    op: 'QLinearMul',
    domain,
    inputs: [a, scalar(0.5), zero(120), b, scalar(0.25), zero(3), scalar(16), zero(128)],
    outputs: [quantize(over([a, 0.5, 120], [b, 0.25, 3], multiply), dims, 'uint8', 16, 128)],
  },
  {
    name: 'mul_int8',
    op: 'QLinearMul',
    domain,
    inputs: [c, scalar(0.5), zero(-5, 'int8'), d, scalar(0.25), zero(4, 'int8'), scalar(8), zero(-1, 'int8')],
    outputs: [quantize(over([c, 0.5, -5], [d, 0.25, 4], multiply), dims, 'int8', 8, -1)],
  },
  unary('sigmoid', 'QLinearSigmoid', { f: sigmoid }),
  unary('sigmoid_int8', 'QLinearSigmoid', { x: c, z: 3, out: 1 / 256, oz: -128, f: sigmoid }),
  {
    ...unary('sigmoid_int8_no_zeros', 'QLinearSigmoid', {
      x: c,
      z: null,
      out: 1 / 64,
      oz: null,
      f: sigmoid,
    }),
    ort: 'ends the process when the last zero point is absent, which it declares to be optional',
  },
  unary('leaky_relu', 'QLinearLeakyRelu', {
    attrs: { alpha: 0.125 },
    out: 0.0625,
    oz: 20,
    f: each((v) => (v < 0 ? v / 8 : v)),
  }),
  unary('softmax', 'QLinearSoftmax', {
    attrs: { axis: -1, opset: 13 },
    scale: 0.03,
    out: 1 / 256,
    oz: 0,
    f: (list) => softmax(list, 4),
  }),
  unary('softmax_of_opset_12', 'QLinearSoftmax', {
    attrs: { axis: 1, opset: 12 },
    scale: 0.03,
    out: 1 / 256,
    oz: 0,
    f: (list) => softmax(list, 12),
  }),
  {
    ...unary('reduce_mean', 'QLinearReduceMean', {
      attrs: { axes: [2], keepdims: 1 },
      out: 0.0625,
      oz: 9,
      outDims: [2, 3, 1],
      f: means(4),
    }),
  },
  unary('reduce_mean_no_keepdims', 'QLinearReduceMean', {
    attrs: { axes: [1, 2], keepdims: 0 },
    out: 0.03125,
    oz: 9,
    outDims: [2],
    f: means(12),
  }),
  pool,
  nhwc(pool),
  global,
  nhwc(global),
  {
    name: 'concat',
    op: 'QLinearConcat',
    domain,
    attrs: { axis: -1 },
    inputs: [scalar(0.5), zero(100), m, scalar(0.25), zero(7), m, scalar(1), zero(90)],
    outputs: [
      quantize(
        [0, 1, 2].flatMap((i) =>
          [
            [0.25, 7],
            [1, 90],
          ].flatMap(([s, z]) => dequantize({ data: m.data.slice(i * 4, i * 4 + 4) }, s, z)),
        ),
        [3, 8],
        'uint8',
        0.5,
        100,
      ),
    ],
  },
  {
    name: 'concat_lacks_a_zero_point',
    op: 'QLinearConcat',
    domain,
    attrs: { axis: 0 },
    inputs: [scalar(0.5), zero(100), m, scalar(0.25), zero(7), m, scalar(1)],
    error: 'malformed-model',
  },
  {
    name: 'concat_of_nothing',
    op: 'QLinearConcat',
    domain,
    attrs: { axis: 0 },
    inputs: [scalar(0.5), zero(1)],
    error: 'malformed-model',
  },
  {
    name: 'concat_without_axis',
    op: 'QLinearConcat',
    domain,
    inputs: [scalar(0.5), zero(100), m, scalar(0.25), zero(7)],
    error: 'malformed-model',
  },
  {
    name: 'where',
    op: 'QLinearWhere',
    domain,
    inputs: [
      tensor('bool', [4], [1, 0, 0, 1]),
      m,
      scalar(0.5),
      zero(100),
      u8([1], [200]),
      scalar(0.25),
      zero(10),
      scalar(0.5),
      zero(50),
    ],
    outputs: [
      quantize(
        dequantize(m, 0.5, 100).map((v, i) => ([1, 0, 0, 1][i % 4] ? v : 47.5)),
        [3, 4],
        'uint8',
        0.5,
        50,
      ),
    ],
  },
  {
    name: 'dequantize_linear',
    op: 'DequantizeLinear',
    domain,
    attrs: { axis: 1 },
    inputs: [w, ws, wz],
    outputs: [
      f32(
        [4, 5],
        Array.from(w.data, (v, i) => (v - wz.data[i % 5]) * ws.data[i % 5]),
      ),
    ],
  },
  {
    name: 'quantize_linear',
    op: 'QuantizeLinear',
    domain,
    inputs: [floats, scalar(0.0625), zero(128)],
    outputs: [quantize(floats.data, [3, 4], 'uint8', 0.0625, 128)],
  },
  {
    name: 'matmul_integer_to_float',
    op: 'MatMulIntegerToFloat',
    domain,
    inputs: [m, w, scalar(0.5), ws, zero(100), wz, bias],
    constants: [1, 3, 5, 6],
    outputs: [
      f32(
        [3, 5],
        perColumn(products(m, w, 100, wz.data), (v, j) => v * 0.5 * ws.data[j] + bias.data[j]),
      ),
    ],
  },
  {
    name: 'matmul_integer_to_float_plain',
    op: 'MatMulIntegerToFloat',
    domain,
    inputs: [m, w, scalar(0.5), scalar(0.25)],
    outputs: [
      f32(
        [3, 5],
        products(m, w, 0, zeros5).map((v) => v / 8),
      ),
    ],
  },
  {
    name: 'dynamic_quantize_matmul',
    op: 'DynamicQuantizeMatMul',
    domain,
    inputs: [floats, w, ws, wz, bias],
    constants: [1],
    outputs: [
      f32(
        [3, 5],
        perColumn(products(dq.q, w, dq.z, wz.data), (v, j) => v * dq.scale * ws.data[j] + bias.data[j]),
      ),
    ],
    atol: 1e-4,
  },
  {
    name: 'dynamic_quantize_matmul_plain',
    op: 'DynamicQuantizeMatMul',
    domain,
    inputs: [floats, w, scalar(0.5)],
    outputs: [
      f32(
        [3, 5],
        products(dq.q, w, dq.z, zeros5).map((v) => v * dq.scale * 0.5),
      ),
    ],
    atol: 1e-4,
  },
  {
    name: 'gemm',
    op: 'QGemm',
    domain,
    attrs: { transA: 1, transB: 1, alpha: { float: 0.5 } },
    inputs: [
      flipped(m, 3, 4),
      scalar(0.5),
      zero(100),
      flipped(w, 4, 5),
      scalar(0.25),
      zero(3, 'int8'),
      sums,
      scalar(16),
      zero(100),
    ],
    constants: [3],
    outputs: [
      quantize(
        perColumn(products(m, w, 100, fives(3)), (v, j) => (v + sums.data[j]) / 16),
        [3, 5],
        'uint8',
        16,
        100,
      ),
    ],
  },
  {
    name: 'gemm_float',
    op: 'QGemm',
    domain,
    inputs: [m, scalar(0.5), zero(100), w, scalar(0.25), zero(3, 'int8')],
    outputs: [
      f32(
        [3, 5],
        products(m, w, 100, fives(3)).map((v) => v / 8),
      ),
    ],
  },
];
