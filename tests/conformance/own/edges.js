// Where numbers, indices and sizes end: NaN and infinities, overflow, division by zero, indices out of range.
import { f32, i64, noise, tensor } from '../cases.js';

const NAN = Number.NaN;
const odd = f32([2, 3], [1, NAN, -Infinity, Infinity, 2, -0]);
const other = f32([2, 3], [NAN, 1, 0, 3, NAN, 0]);
const i32 = (dims, list) => tensor('int32', dims, list);
const one = (name, op, opset, inputs, outputs, attrs = {}) => ({
  name,
  op,
  opset,
  inputs,
  outputs: [outputs],
  attrs,
});
const bad = (name, op, opset, inputs, error, attrs = {}) => ({ name, op, opset, inputs, error, attrs });

const data = f32([2, 3], [1, 2, 3, 4, 5, 6]);

export default [
  one('min_nan', 'Min', 13, [odd, other], f32([2, 3], [NAN, NAN, -Infinity, 3, NAN, 0])),
  one('max_nan', 'Max', 13, [odd, other], f32([2, 3], [NAN, NAN, 0, Infinity, NAN, 0])),
  one(
    'max_nan_double',
    'Max',
    13,
    [tensor('float64', [2], [NAN, 1]), tensor('float64', [1], [2])],
    tensor('float64', [2], [NAN, 2]),
  ),
  one('clip_nan', 'Clip', 13, [odd, f32([], [-1]), f32([], [1])], f32([2, 3], [1, NAN, -1, 1, 1, 0])),
  one('clip_crossed_bounds', 'Clip', 13, [data, f32([], [5]), f32([], [2])], f32([2, 3], Array(6).fill(2))),
  one('relu_nan', 'Relu', 14, [odd], f32([2, 3], [1, NAN, 0, Infinity, 2, 0])),
  {
    ...one('reduce_max_nan', 'ReduceMax', 18, [odd, i64([1], [1])], f32([2, 1], [NAN, Infinity])),
    ort: 'it loses what is no number',
  },
  {
    ...one('reduce_min_nan', 'ReduceMin', 18, [odd, i64([1], [1])], f32([2, 1], [NAN, -0])),
    ort: 'it loses what is no number',
  },
  one(
    'reduce_max_infinite',
    'ReduceMax',
    18,
    [f32([2], [-Infinity, -Infinity]), i64([1], [0])],
    f32([1], [-Infinity]),
  ),
  one(
    'reduce_log_sum_exp_infinite',
    'ReduceLogSumExp',
    18,
    [f32([2, 2], [-Infinity, -Infinity, Infinity, 1]), i64([1], [1])],
    f32([2, 1], [-Infinity, Infinity]),
  ),
  one(
    'reduce_max_bool',
    'ReduceMax',
    20,
    [tensor('bool', [2, 2], [0, 1, 0, 0]), i64([1], [1])],
    tensor('bool', [2, 1], [1, 0]),
  ),
  one(
    'reduce_min_bool',
    'ReduceMin',
    20,
    [tensor('bool', [2, 2], [0, 1, 1, 1]), i64([1], [1])],
    tensor('bool', [2, 1], [0, 1]),
  ),
  one(
    'arg_max_infinite',
    'ArgMax',
    13,
    [f32([2, 3], [-Infinity, -Infinity, -Infinity, 1, Infinity, Infinity])],
    i64([2, 1], [0, 1]),
    { axis: 1 },
  ),
  one('arg_max_last', 'ArgMax', 13, [f32([3], [7, 7, 1])], i64([1], [1]), { select_last_index: 1 }),
  one('softmax_nan', 'Softmax', 13, [f32([2, 2], [NAN, 1, 0, 0])], f32([2, 2], [NAN, NAN, 0.5, 0.5])),
  one('softmax_large', 'Softmax', 13, [f32([3], [1e30, 1e30, -1e30])], f32([3], [0.5, 0.5, 0])),
  one('softmax_minus_infinity', 'Softmax', 13, [f32([2], [-Infinity, 0])], f32([2], [0, 1])),
  one('sign_nan', 'Sign', 13, [f32([3], [NAN, -0, -3])], f32([3], [NAN, 0, -1])),
  one('is_inf_negative_only', 'IsInf', 20, [odd], tensor('bool', [2, 3], [0, 0, 1, 0, 0, 0]), {
    detect_positive: 0,
  }),

  one('add_wraps', 'Add', 14, [i32([1], [2147483647]), i32([1], [1])], i32([1], [-2147483648])),
  one(
    'mul_wraps_uint8',
    'Mul',
    14,
    [tensor('uint8', [1], [200]), tensor('uint8', [1], [3])],
    tensor('uint8', [1], [88]),
  ),
  {
    ...one('reduce_sum_wraps', 'ReduceSum', 13, [i32([2], [2147483647, 2])], i32([1], [-2147483647])),
    ort: 'it saturates',
  },
  one(
    'div_smallest',
    'Div',
    14,
    [i32([2], [-2147483648, 7]), i32([2], [1, -2])],
    i32([2], [-2147483648, -3]),
  ),
  one(
    'mod_sign_of_divisor',
    'Mod',
    13,
    [i32([4], [7, -7, 7, -7]), i32([4], [3, 3, -3, -3])],
    i32([4], [1, 2, -2, -1]),
  ),
  one('mod_fmod', 'Mod', 13, [i32([4], [7, -7, 7, -7]), i32([4], [3, 3, -3, -3])], i32([4], [1, -1, 1, -1]), {
    fmod: 1,
  }),
  one(
    'mod_fmod_floats',
    'Mod',
    13,
    [f32([3], [-4.3, 7.2, 5]), f32([3], [2.1, -3.4, 3])],
    f32([3], [-0.1, 0.4, 2]),
    { fmod: 1 },
  ),
  ...['Div', 'Mod'].flatMap((op) =>
    ['int32', 'int64', 'uint8', 'int16', 'uint64'].map((type) =>
      bad(
        `${op.toLowerCase()}_by_zero_${type}`,
        op,
        14,
        [tensor(type, [2], [1, 2]), tensor(type, [2], [1, 0])],
        'bad-value',
      ),
    ),
  ),
  one(
    'div_by_zero_float',
    'Div',
    14,
    [f32([3], [1, -1, 0]), f32([3], [0, 0, 0])],
    f32([3], [Infinity, -Infinity, NAN]),
  ),
  one(
    'bit_shift_far',
    'BitShift',
    11,
    [tensor('uint8', [2], [255, 1]), tensor('uint8', [2], [7, 3])],
    tensor('uint8', [2], [128, 8]),
    { direction: 'LEFT' },
  ),

  one('gather_negative', 'Gather', 13, [data, i64([2], [-1, -2])], f32([2, 3], [4, 5, 6, 1, 2, 3])),
  bad('gather_beyond', 'Gather', 13, [data, i64([1], [2])], 'bad-value'),
  bad('gather_before', 'Gather', 13, [data, i64([1], [-3])], 'bad-value'),
  bad('gather_elements_beyond', 'GatherElements', 13, [data, i64([1, 3], [0, 1, 2])], 'bad-value'),
  bad('gather_nd_beyond', 'GatherND', 13, [data, i64([1, 2], [0, 3])], 'bad-value'),
  bad(
    'scatter_elements_beyond',
    'ScatterElements',
    18,
    [data, i64([1, 1], [2]), f32([1, 1], [9])],
    'bad-value',
  ),
  bad(
    'scatter_elements_before',
    'ScatterElements',
    18,
    [data, i64([1, 1], [-3]), f32([1, 1], [9])],
    'bad-value',
  ),
  bad('scatter_nd_beyond', 'ScatterND', 18, [data, i64([1, 1], [5]), f32([1, 3], [9, 9, 9])], 'bad-value'),
  one(
    'one_hot_outside',
    'OneHot',
    11,
    [i64([4], [0, 3, -1, -4]), i64([], [3]), f32([2], [0, 1])],
    f32([4, 3], [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]),
  ),
  bad('one_hot_negative_depth', 'OneHot', 11, [i64([1], [0]), i64([], [-3]), f32([2], [0, 1])], 'bad-shape'),
  one('slice_clamps', 'Slice', 13, [data, i64([2], [-9, 1]), i64([2], [9, 99])], f32([2, 2], [2, 3, 5, 6])),
  one(
    'slice_backwards',
    'Slice',
    13,
    [data, i64([1], [99]), i64([1], [-99]), i64([1], [1]), i64([1], [-2])],
    f32([2, 2], [3, 1, 6, 4]),
  ),
  bad('slice_axis_outside', 'Slice', 13, [data, i64([1], [0]), i64([1], [1]), i64([1], [2])], 'bad-shape'),
  bad(
    'slice_step_zero',
    'Slice',
    13,
    [data, i64([1], [0]), i64([1], [1]), i64([1], [0]), i64([1], [0])],
    'bad-shape',
  ),

  ...[
    ['none', [1, 9, 3, 4, 5, 6]],
    ['add', [1, 2 + 7 + 9, 3, 4, 5, 6]],
    ['mul', [1, 2 * 7 * 9, 3, 4, 5, 6]],
    ['max', [1, 9, 3, 4, 5, 6]],
    ['min', [1, 2, 3, 4, 5, 6]],
  ].flatMap(([reduction, values]) =>
    ['float32', 'int8', 'float16', 'uint64'].map((type) => ({
      ...one(
        `scatter_elements_${reduction}_${type}`,
        'ScatterElements',
        18,
        [tensor(type, [2, 3], data.data), i64([1, 2], [1, 1]), tensor(type, [1, 2], [7, 9])],
        tensor(type, [2, 3], values),
        { axis: 1, reduction },
      ),
      ...(type === 'float16' ? { ort: 'it knows no float16 here' } : {}),
    })),
  ),
  {
    ...one(
      'scatter_nd_max_nan',
      'ScatterND',
      18,
      [f32([3], [1, NAN, 3]), i64([3, 1], [0, 1, 2]), f32([3], [NAN, 1, 2])],
      f32([3], [NAN, NAN, 3]),
      { reduction: 'max' },
    ),
    ort: 'it keeps the last',
  },
  one(
    'scatter_nd_add_wraps',
    'ScatterND',
    18,
    [tensor('uint8', [1], [250]), i64([1, 1], [0]), tensor('uint8', [1], [10])],
    tensor('uint8', [1], [4]),
    { reduction: 'add' },
  ),

  {
    ...bad('top_k_beyond', 'TopK', 11, [data, i64([1], [4])], 'bad-shape'),
    outputs: [data, i64([2, 3], Array(6).fill(0))],
  },
  bad('compress_axis_outside', 'Compress', 11, [data, tensor('bool', [2], [1, 1])], 'bad-shape', { axis: 2 }),
  bad('squeeze_not_one', 'Squeeze', 13, [data, i64([1], [0])], 'bad-shape'),
  bad('expand_no_fit', 'Expand', 13, [data, i64([2], [2, 4])], 'bad-shape'),
  bad('reshape_no_fit', 'Reshape', 14, [data, i64([1], [7])], 'bad-shape'),
  bad('tile_overflows', 'Tile', 13, [data, i64([2], [2147483647, 2147483647])], 'bad-shape'),
  bad('pad_takes_too_much', 'Pad', 18, [data, i64([4], [-3, 0, 0, 0])], 'bad-shape'),
  bad('range_of_step_zero', 'Range', 11, [f32([], [0]), f32([], [5]), f32([], [0])], 'bad-shape'),
  one('pad_wrap', 'Pad', 19, [f32([3], [1, 2, 3]), i64([2], [2, 4])], f32([9], [2, 3, 1, 2, 3, 1, 2, 3, 1]), {
    mode: 'wrap',
  }),
  one(
    'pad_reflect_twice',
    'Pad',
    18,
    [f32([3], [1, 2, 3]), i64([2], [2, 2])],
    f32([7], [3, 2, 1, 2, 3, 2, 1]),
    { mode: 'reflect' },
  ),
  one(
    'lp_normalization_1',
    'LpNormalization',
    1,
    [f32([2, 2], [1, -3, 0, 2])],
    f32([2, 2], [0.25, -0.75, 0, 1]),
    { p: 1 },
  ),
  one(
    'eye_like_k',
    'EyeLike',
    9,
    [f32([2, 3], noise([2, 3]))],
    tensor('float64', [2, 3], [0, 1, 0, 0, 0, 1]),
    { k: 1, dtype: 11 },
  ),
];
