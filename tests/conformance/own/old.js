// What the first opsets had and later ones changed. onnxruntime begins with opset 7.
import { f32, noise, numbersOf, tensor } from '../cases.js';
import { node, value } from '../../js/onnx-builder.js';

const dims = [2, 3, 4, 5];
const a = f32(dims, noise(dims, { seed: 31, shift: 2 }));

/** f of all elements of a and those of b, whose axes are a's from `axis` on. */
function limited(x, y, axis, f, type = x.type) {
  const end = axis + y.dims.length;
  const step = x.dims.slice(end).reduce((n, dim) => n * dim, 1);
  const size = y.data.length;
  return tensor(
    type,
    x.dims,
    Array.from(numbersOf(x), (v, i) => f(v, y.data[Math.floor(i / step) % size])),
  );
}

const part = (shape) => f32(shape, noise(shape, { seed: 32, shift: 2 }));
const middle = part([3, 4]);
const first = part([2]);
const last = part([4, 5]);
const one = f32([1, 1], [3]);
const slope = f32([3], [0.1, 0.2, 0.3]);
const mixed = f32(dims, noise(dims, { seed: 33 }));

const bn = (training, per = 60 / 3) => {
  const x = f32([4, 3, 5], noise([4, 3, 5], { seed: 34 }));
  const scale = f32([3], [1, 2, 3]);
  const shift = f32([3], [0.5, 0, -1]);
  const mean = f32([3], [0.1, 0.2, 0.3]);
  const variance = f32([3], [0.5, 1, 2]);
  const channel = (i) => Math.floor(i / 5) % 3;
  const batch = [0, 1, 2].map((c) => {
    const own = Array.from(x.data).filter((_, i) => channel(i) === c);
    const m = own.reduce((sum, v) => sum + v, 0) / per;
    return [m, own.reduce((sum, v) => sum + (v - m) ** 2, 0) / per];
  });
  const used = (c) => (training ? batch[c] : [mean.data[c], variance.data[c]]);
  const y = Array.from(x.data, (v, i) => {
    const c = channel(i);
    return ((v - used(c)[0]) / Math.sqrt(used(c)[1] + 1e-5)) * scale.data[c] + shift.data[c];
  });
  const moved = (old, k) =>
    f32(
      [3],
      Array.from(old.data, (v, c) => v * 0.9 + batch[c][k] * 0.1),
    );
  const all = [
    f32([4, 3, 5], y),
    moved(mean, 0),
    moved(variance, 1),
    f32(
      [3],
      batch.map(([m]) => m),
    ),
    f32(
      [3],
      batch.map(([, v]) => v),
    ),
  ];
  return { inputs: [x, scale, shift, mean, variance], outputs: training ? all : all.slice(0, 1) };
};

const scanned = f32([2, 3, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const sums = (rank) => ({
  graph: {
    inputs: [value('sum', 'float32', Array(rank).fill(null)), value('x', 'float32', Array(rank).fill(null))],
    outputs: [
      value('next', 'float32', Array(rank).fill(null)),
      value('out', 'float32', Array(rank).fill(null)),
    ],
    nodes: [node('Add', ['sum', 'x'], ['next']), node('Add', ['sum', 'x'], ['out'])],
  },
});

const ort = 'it begins with opset 7';
const old = (test) => ({ opset: 6, ort, ...test });

export default [
  old({
    name: 'add_middle',
    op: 'Add',
    attrs: { broadcast: 1, axis: 1 },
    inputs: [a, middle],
    outputs: [limited(a, middle, 1, (x, y) => x + y)],
  }),
  old({
    name: 'sub_first',
    op: 'Sub',
    attrs: { broadcast: 1, axis: 0 },
    inputs: [a, first],
    outputs: [limited(a, first, 0, (x, y) => x - y)],
  }),
  old({
    name: 'mul_last',
    op: 'Mul',
    attrs: { broadcast: 1 },
    inputs: [a, last],
    outputs: [limited(a, last, 2, (x, y) => x * y)],
  }),
  old({
    name: 'div_negative_axis',
    op: 'Div',
    attrs: { broadcast: 1, axis: -3 },
    inputs: [a, middle],
    outputs: [limited(a, middle, 1, (x, y) => x / y)],
  }),
  old({
    name: 'pow_one',
    op: 'Pow',
    attrs: { broadcast: 1 },
    inputs: [a, one],
    outputs: [limited(a, one, 2, (x, y) => x ** y)],
  }),
  old({
    name: 'pow_middle',
    op: 'Pow',
    opset: 1,
    attrs: { broadcast: 1, axis: 1 },
    inputs: [a, middle],
    outputs: [limited(a, middle, 1, (x, y) => x ** y)],
  }),
  old({
    name: 'less_middle',
    op: 'Less',
    attrs: { broadcast: 1, axis: 1 },
    inputs: [a, middle],
    outputs: [limited(a, middle, 1, (x, y) => Number(x < y), 'bool')],
  }),
  old({
    name: 'greater_equal_shapes',
    op: 'Greater',
    inputs: [a, a],
    outputs: [tensor('bool', dims, Array(120).fill(0))],
  }),
  old({
    name: 'and_last',
    op: 'And',
    attrs: { broadcast: 1 },
    inputs: [tensor('bool', [2, 2], [1, 0, 1, 1]), tensor('bool', [2], [1, 0])],
    outputs: [tensor('bool', [2, 2], [1, 0, 1, 0])],
  }),
  old({ name: 'add_without_broadcast', op: 'Add', inputs: [a, middle], error: 'bad-shape' }),
  old({
    name: 'add_no_part',
    op: 'Add',
    attrs: { broadcast: 1, axis: 2 },
    inputs: [a, middle],
    error: 'bad-shape',
  }),
  old({
    name: 'add_axis_outside',
    op: 'Add',
    attrs: { broadcast: 1, axis: 9 },
    inputs: [a, middle],
    error: 'bad-shape',
  }),
  old({
    name: 'prelu_channels',
    op: 'PRelu',
    inputs: [mixed, slope],
    outputs: [limited(mixed, slope, 1, (x, y) => (x < 0 ? x * y : x))],
  }),
  old({ name: 'batch_norm_test', op: 'BatchNormalization', attrs: { is_test: 1 }, ...bn(false) }),
  old({ name: 'batch_norm_training', op: 'BatchNormalization', ...bn(true) }),
  {
    name: 'batch_norm_training_9',
    op: 'BatchNormalization',
    opset: 9,
    ort: 'it has no training here',
    ...bn(true),
  },
  {
    name: 'batch_norm_positions',
    op: 'BatchNormalization',
    opset: 7,
    attrs: { spatial: 0, epsilon: { float: 0 } },
    ort: 'it refuses what is not spatial',
    inputs: [
      f32([2, 1, 2], [1, 2, 3, 4]),
      ...[
        [1, 2],
        [0, 1],
        [1, 1],
        [4, 1],
      ].map((v) => f32([1, 2], v)),
    ],
    outputs: [f32([2, 1, 2], [0, 3, 1, 7])],
  },
  old({
    name: 'cast_by_name',
    op: 'Cast',
    opset: 5,
    attrs: { to: 'INT32' },
    inputs: [f32([3], [1.5, -2.7, 0])],
    outputs: [tensor('int32', [3], [1, -2, 0])],
  }),
  old({
    name: 'tile_axis',
    op: 'Tile',
    opset: 5,
    inputs: [f32([2, 2], [1, 2, 3, 4]), tensor('int64', [1], [2]), tensor('int64', [1], [1])],
    outputs: [f32([2, 4], [1, 2, 1, 2, 3, 4, 3, 4])],
  }),
  old({
    name: 'tile_negative',
    op: 'Tile',
    opset: 5,
    inputs: [f32([2, 2], [1, 2, 3, 4]), tensor('int64', [1], [-2]), tensor('int64', [1], [1])],
    error: 'bad-shape',
  }),
  old({
    name: 'pad_paddings',
    op: 'Pad',
    opset: 1,
    attrs: { paddings: [0, 1, 1, 0], value: { float: 5 } },
    inputs: [f32([1, 2], [1, 2])],
    outputs: [f32([2, 3], [5, 1, 2, 5, 5, 5])],
  }),
  old({
    name: 'upsample_image',
    op: 'Upsample',
    opset: 6,
    attrs: { height_scale: { float: 2 }, width_scale: { float: 1 } },
    inputs: [f32([1, 1, 2, 2], [1, 2, 3, 4])],
    outputs: [f32([1, 1, 4, 2], [1, 2, 1, 2, 3, 4, 3, 4])],
  }),
  old({
    name: 'upsample_without_scale',
    op: 'Upsample',
    opset: 6,
    inputs: [f32([1, 1, 2, 2], [1, 2, 3, 4])],
    error: 'bad-shape',
  }),
  old({
    name: 'selu_first_constants',
    op: 'Selu',
    opset: 1,
    inputs: [f32([2], [1, -1])],
    outputs: [f32([2], [1.0507, 1.0507 * 1.6732 * (Math.exp(-1) - 1)])],
  }),
  {
    name: 'scan_8_lengths_and_directions',
    op: 'Scan',
    opset: 8,
    attrs: { body: sums(1), num_scan_inputs: 1, directions: [1] },
    inputs: [tensor('int64', [2], [3, 2]), f32([2, 2], [0, 0, 100, 100]), scanned],
    // backwards over the part that counts; what follows it is zero here
    outputs: [f32([2, 2], [9, 12, 116, 118]), f32([2, 3, 2], [5, 6, 8, 10, 9, 12, 109, 110, 116, 118, 0, 0])],
    ort: 'it fills up with other numbers',
  },
  {
    name: 'scan_8_length_of_zero',
    op: 'Scan',
    opset: 8,
    attrs: { body: sums(1), num_scan_inputs: 1 },
    inputs: [tensor('int64', [2], [0, 1]), f32([2, 2], [1, 2, 3, 4]), scanned],
    outputs: [f32([2, 2], [1, 2, 10, 12]), f32([2, 3, 2], [0, 0, 0, 0, 0, 0, 10, 12, 0, 0, 0, 0])],
    ort: 'it fills up with other numbers',
  },
  {
    name: 'scan_8_too_long',
    op: 'Scan',
    opset: 8,
    attrs: { body: sums(1), num_scan_inputs: 1 },
    inputs: [tensor('int64', [2], [4, 1]), f32([2, 2], [1, 2, 3, 4]), scanned],
    error: 'bad-value',
  },
  {
    name: 'scan_9_output_axis',
    op: 'Scan',
    opset: 9,
    attrs: { body: sums(2), num_scan_inputs: 1, scan_input_axes: [1], scan_output_axes: [2] },
    inputs: [f32([2, 2], [0, 0, 0, 0]), scanned],
    outputs: [f32([2, 2], [9, 12, 27, 30]), f32([2, 2, 3], [1, 4, 9, 2, 6, 12, 7, 16, 27, 8, 18, 30])],
  },
  {
    name: 'scan_11_backwards',
    op: 'Scan',
    opset: 11,
    attrs: {
      body: sums(2),
      num_scan_inputs: 1,
      scan_input_axes: [-2],
      scan_output_axes: [-1],
      scan_output_directions: [1],
    },
    inputs: [f32([2, 2], [0, 0, 0, 0]), scanned],
    outputs: [f32([2, 2], [9, 12, 27, 30]), f32([2, 2, 3], [9, 4, 1, 12, 6, 2, 27, 16, 7, 30, 18, 8])],
  },
  {
    name: 'scan_axis_outside',
    op: 'Scan',
    opset: 9,
    attrs: { body: sums(2), num_scan_inputs: 1, scan_input_axes: [1], scan_output_axes: [5] },
    inputs: [f32([2, 2], [0, 0, 0, 0]), scanned],
    outputs: [f32([2, 2], [0, 0, 0, 0]), scanned],
    error: 'malformed-model',
  },
  {
    name: 'dropout_zero_ratio_training',
    op: 'Dropout',
    opset: 13,
    attrs: { seed: 3 },
    inputs: [a, f32([], [0]), tensor('bool', [], [1])],
    outputs: [a, tensor('bool', dims, Array(120).fill(1))],
  },
  {
    name: 'dropout_not_training',
    op: 'Dropout',
    opset: 13,
    inputs: [a, f32([], [0.9]), tensor('bool', [], [0])],
    outputs: [a, tensor('bool', dims, Array(120).fill(1))],
  },
  {
    name: 'dropout_ratio_outside',
    op: 'Dropout',
    opset: 13,
    inputs: [a, f32([], [1.5]), tensor('bool', [], [1])],
    error: 'bad-value',
  },
];
