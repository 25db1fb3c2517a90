// Operators that neither the standard's older vectors nor the other files have.
import { f32, i64, map, noise, numbersOf, tensor } from '../cases.js';

const dims = [2, 4, 5];
const x = f32(dims, noise(dims, { seed: 3, scale: 6 }));
const bits = (type, seed) =>
  tensor(type, [3, 4], Array.from(noise([3, 4], { seed, scale: 60, shift: 62 }), Math.trunc));
const bitwise = (op, f) =>
  ['uint8', 'int32'].map((type) => {
    const [a, b] = [bits(type, 1), bits(type, 2)];
    const y = tensor(
      type,
      [3, 4],
      Array.from(a.data, (v, i) => f(v, b.data[i])),
    );
    return { name: `${op}_${type}`, op, opset: 18, inputs: [a, b], outputs: [y] };
  });

/** Each group of channels to mean 0 and variance 1, then scale and bias. */
function groupNorm(t, groups, scale, bias, epsilon, perGroup) {
  const [n, c, ...rest] = t.dims;
  const area = rest.reduce((product, dim) => product * dim, 1);
  const size = (c / groups) * area;
  const y = new Float32Array(t.data.length);
  for (let g = 0; g < n * groups; g++) {
    const part = Array.from(t.data.slice(g * size, (g + 1) * size));
    const mean = part.reduce((sum, v) => sum + v, 0) / size;
    const variance = part.reduce((sum, v) => sum + (v - mean) ** 2, 0) / size;
    part.forEach((v, i) => {
      const channel = (g % groups) * (c / groups) + Math.floor(i / area);
      const at = perGroup ? g % groups : channel;
      y[g * size + i] = ((v - mean) / Math.sqrt(variance + epsilon)) * scale.data[at] + bias.data[at];
    });
  }
  return f32(t.dims, y);
}
const image = f32([2, 4, 3, 2], noise([2, 4, 3, 2], { seed: 4, scale: 3, shift: 1 }));
const four = [f32([4], [1, 2, -1, 0.5]), f32([4], [0, 1, 2, -3])];
const two = [f32([2], [1, -2]), f32([2], [0.5, 1])];

/** Windows of 2 along the last axis, step 1: the p-norm. */
const lpRow = (row, p) =>
  row.slice(1).map((_, i) => (Math.abs(row[i]) ** p + Math.abs(row[i + 1]) ** p) ** (1 / p));
const signal = f32([1, 2, 5], noise([1, 2, 5], { seed: 8, scale: 2 }));
const rows = [Array.from(signal.data.slice(0, 5)), Array.from(signal.data.slice(5))];

const drawn = (op, opset, attrs, inputs, output) => ({
  name: op,
  op,
  opset,
  attrs,
  inputs,
  outputs: [output],
  draws: true,
});

export default [
  {
    name: 'mish',
    op: 'Mish',
    opset: 18,
    inputs: [x],
    outputs: [map(x, (v) => v * Math.tanh(Math.log1p(Math.exp(v))))],
  },
  {
    name: 'bitwise_not',
    op: 'BitwiseNot',
    opset: 18,
    inputs: [bits('int32', 1)],
    outputs: [
      tensor(
        'int32',
        [3, 4],
        Array.from(numbersOf(bits('int32', 1)), (v) => ~v),
      ),
    ],
  },
  ...bitwise('BitwiseAnd', (a, b) => a & b),
  ...bitwise('BitwiseOr', (a, b) => a | b),
  ...bitwise('BitwiseXor', (a, b) => a ^ b),
  {
    name: 'group_norm_21',
    op: 'GroupNormalization',
    opset: 21,
    attrs: { num_groups: 2, epsilon: { float: 0.01 } },
    inputs: [image, ...four],
    outputs: [groupNorm(image, 2, ...four, 0.01, false)],
  },
  {
    name: 'group_norm_18',
    op: 'GroupNormalization',
    opset: 18,
    attrs: { num_groups: 2 },
    inputs: [image, ...two],
    outputs: [groupNorm(image, 2, ...two, 1e-5, true)],
  },
  ...[1, 2, 3].map((p) => ({
    name: `lp_pool_${p}`,
    op: 'LpPool',
    opset: 18,
    attrs: { kernel_shape: [2], p },
    inputs: [signal],
    outputs: [
      f32(
        [1, 2, 4],
        rows.flatMap((row) => lpRow(row, p)),
      ),
    ],
  })),
  {
    name: 'global_lp_pool',
    op: 'GlobalLpPool',
    opset: 2,
    attrs: { p: 2 },
    inputs: [signal],
    outputs: [
      f32(
        [1, 2, 1],
        rows.map((row) => Math.hypot(...row)),
      ),
    ],
  },
  {
    name: 'center_crop_pad',
    op: 'CenterCropPad',
    opset: 18,
    inputs: [f32([3, 2], [1, 2, 3, 4, 5, 6]), i64([2], [1, 5])],
    constants: [1],
    outputs: [f32([1, 5], [0, 3, 4, 0, 0])],
  },
  drawn(
    'RandomNormal',
    1,
    { shape: [2, 3], seed: { float: 4 }, mean: { float: 2 } },
    [],
    f32([2, 3], noise([2, 3])),
  ),
  drawn('RandomUniform', 1, { shape: [4], low: { float: -1 }, high: { float: 1 } }, [], f32([4], noise([4]))),
  drawn('RandomNormalLike', 1, { seed: { float: 1 } }, [x], f32(dims, noise(dims))),
  drawn('RandomUniformLike', 1, {}, [x], f32(dims, noise(dims))),
  drawn(
    'Multinomial',
    7,
    { sample_size: 5 },
    [f32([2, 3], [0, 1, 2, 0.5, 0.1, -1])],
    tensor('int32', [2, 5], Array(10).fill(0)),
  ),
];
