// Elements of a byte or less: what moves them, tests and casts to 8-bit floats; and types that stay refused.
import { count, f32, i64, tensor, u8 } from '../cases.js';

/* ---- less than a byte, and 8-bit floats ---- */
/** Digits as the bits of elements, the first one lowest. */
function packed(type, dims, digits) {
  const bits = type.endsWith('2') ? 2 : 4;
  const bytes = new Uint8Array(Math.ceil((count(dims) * bits) / 8));
  for (const [i, digit] of digits.entries()) {
    const at = i * bits;
    bytes[at >> 3] |= (digit & (2 ** bits - 1)) << (at & 7);
  }
  return tensor(type, dims, bytes);
}
const odd = [1, 2, 3, 0, 1, 3, 2];
const small = ['int4', 'uint4', 'float4e2m1', 'int2', 'uint2'].flatMap((type) =>
  [
    {
      name: `Transpose_${type}`,
      op: 'Transpose',
      opset: 25,
      inputs: [packed(type, [1, 7, 1], odd)],
      outputs: [packed(type, [1, 7, 1], odd)],
    },
    {
      name: `Transpose_${type}_moves`,
      op: 'Transpose',
      opset: 25,
      inputs: [packed(type, [3, 2], [0, 1, 2, 3, 1, 2])],
      outputs: [packed(type, [2, 3], [0, 2, 1, 1, 3, 2])],
    },
    {
      name: `Pad_${type}`,
      op: 'Pad',
      opset: 25,
      inputs: [packed(type, [7], odd), i64([2], [1, 1]), packed(type, [], [3])],
      outputs: [packed(type, [9], [3, ...odd, 3])],
    },
    {
      name: `Reshape_${type}`,
      op: 'Reshape',
      opset: 25,
      inputs: [packed(type, [7], odd), i64([2], [-1, 7])],
      outputs: [packed(type, [1, 7], odd)],
    },
    {
      name: `Shape_${type}`,
      op: 'Shape',
      opset: 25,
      inputs: [packed(type, [7], odd)],
      outputs: [i64([1], [7])],
    },
  ].map((test) => ({ ...test, ort: 'it has no such tensors outside of models' })),
);
small.push({
  name: 'TensorScatter_int4',
  op: 'TensorScatter',
  opset: 24,
  attrs: { axis: 1 },
  inputs: [packed('int4', [1, 3, 1], [1, 2, 3]), packed('int4', [1, 1, 1], [15]), i64([1], [1])],
  outputs: [packed('int4', [1, 3, 1], [1, 15, 3])],
});
const codes = {
  float8e4m3fn: [0x7f, 0],
  float8e4m3fnuz: [0x80, 0],
  float8e5m2: [0x7e, 0x7c],
  float8e5m2fnuz: [0x80, 0],
};
const tests8 = Object.entries(codes).flatMap(([type, [nan, infinity]]) => [
  {
    name: `IsNaN_${type}`,
    op: 'IsNaN',
    opset: 20,
    inputs: [tensor(type, [3], [0x38, nan, 0])],
    outputs: [tensor('bool', [3], [0, 1, 0])],
  },
  {
    name: `IsInf_${type}`,
    op: 'IsInf',
    opset: 20,
    inputs: [tensor(type, [3], [0x38, nan, infinity])],
    outputs: [tensor('bool', [3], [0, 0, infinity ? 1 : 0])],
  },
  {
    name: `Dropout_${type}`,
    op: 'Dropout',
    opset: 22,
    inputs: [tensor(type, [3], [0x38, nan, 0])],
    outputs: [tensor(type, [3], [0x38, nan, 0])],
  },
]);

/* ---- casts to 8-bit floats ---- */
const TYPE_CODES = { float8e4m3fn: 17, float8e4m3fnuz: 18, float8e5m2: 19, float8e5m2fnuz: 20 };
const extremes = f32([6], [1, 1e6, -1e6, Infinity, NaN, 2 ** -30]);
/** The codes of `extremes`. */
const cast8 = (type, saturate, bytes) => ({
  name: `Cast_${type}${saturate ? '' : '_overflows'}`,
  op: 'Cast',
  opset: 19,
  attrs: { to: TYPE_CODES[type], saturate },
  inputs: [extremes],
  outputs: [tensor(type, [6], bytes)],
});
const scales = (name, attrs, numbers, bytes) => ({
  name: `Cast_float8e8m0_${name}`,
  op: 'Cast',
  opset: 24,
  attrs: { to: 24, ...attrs },
  inputs: [f32([numbers.length], numbers)],
  outputs: [tensor('float8e8m0', [bytes.length], bytes)],
});
const wide = [1, 1.25, 1.5, 1.75, 2, NaN];
const casts = [
  cast8('float8e4m3fn', 0, [0x38, 0x7f, 0xff, 0x7f, 0x7f, 0]),
  cast8('float8e4m3fnuz', 0, [0x40, 0x80, 0x80, 0x80, 0x80, 0]),
  cast8('float8e5m2', 0, [0x3c, 0x7c, 0xfc, 0x7c, 0x7e, 0]),
  cast8('float8e5m2fnuz', 0, [0x40, 0x80, 0x80, 0x80, 0x80, 0]),
  cast8('float8e4m3fn', 1, [0x38, 0x7e, 0xfe, 0x7e, 0x7f, 0]),
  cast8('float8e5m2', 1, [0x3c, 0x7b, 0xfb, 0x7b, 0x7e, 0]),
  scales('up', {}, wide, [127, 128, 128, 128, 128, 255]),
  scales('down', { round_mode: 'down' }, wide, [127, 127, 127, 127, 128, 255]),
  scales('nearest', { round_mode: 'nearest' }, wide, [127, 127, 128, 128, 128, 255]),
  scales(
    'saturates',
    {},
    [0, Infinity, 2 ** 127, 1.5 * 2 ** 127, 2 ** -127, 2 ** -140],
    [0, 254, 254, 254, 0, 0],
  ),
  scales(
    'overflows',
    { saturate: 0, round_mode: 'nearest' },
    [0, Infinity, 2 ** 127, 1.5 * 2 ** 127],
    [255, 255, 254, 255],
  ),
  {
    name: 'Cast_from_float8e8m0',
    op: 'Cast',
    opset: 24,
    attrs: { to: 1 },
    inputs: [tensor('float8e8m0', [5], [127, 128, 0, 254, 255])],
    outputs: [f32([5], [1, 2, 2 ** -127, 2 ** 127, NaN])],
    rtol: 0,
    atol: 0,
  },
  {
    name: 'CastLike_float8_overflows',
    op: 'CastLike',
    opset: 19,
    attrs: { saturate: 0 },
    inputs: [tensor('float64', [2], [1, -1e9]), tensor('float8e5m2', [1], [0])],
    outputs: [tensor('float8e5m2', [2], [0x3c, 0xfc])],
    ort: 'CastLike of float64 gives other types there',
  },
  {
    name: 'QuantizeLinear_float8_overflows',
    op: 'QuantizeLinear',
    opset: 19,
    attrs: { saturate: 0 },
    inputs: [f32([3], [2, 4000, -1e9]), f32([], [2]), tensor('float8e4m3fn', [], [0])],
    outputs: [tensor('float8e4m3fn', [3], [0x38, 0x7f, 0xff])],
  },
  {
    name: 'QuantizeLinear_float8e8m0_scale',
    op: 'QuantizeLinear',
    opset: 24,
    attrs: { axis: 0, block_size: 2, output_dtype: 23 },
    inputs: [f32([4], [2, 6, 0.5, -1]), tensor('float8e8m0', [2], [128, 125])],
    outputs: [packed('float4e2m1', [4], [2, 5, 4, 14])],
  },
  {
    name: 'DequantizeLinear_float8e8m0_scale',
    op: 'DequantizeLinear',
    opset: 24,
    attrs: { axis: 0, block_size: 2, output_dtype: 1 },
    inputs: [packed('float4e2m1', [4], [2, 5, 4, 14]), tensor('float8e8m0', [2], [128, 125])],
    outputs: [f32([4], [2, 6, 0.5, -1])],
  },
];

/* ---- what stays refused ---- */
const refused = [
  {
    name: 'Add_int4_is_refused',
    op: 'Add',
    opset: 14,
    inputs: [packed('int4', [2], [1, 2]), packed('int4', [2], [1, 2])],
  },
  {
    name: 'Conv_uint8_is_refused',
    op: 'Conv',
    opset: 11,
    inputs: [u8([1, 1, 3], [1, 2, 3]), u8([1, 1, 1], [1])],
  },
  {
    name: 'LSTM_int32_is_refused',
    op: 'LSTM',
    opset: 14,
    attrs: { hidden_size: 1 },
    inputs: ['x', 'w', 'r'].map((_, i) => tensor('int32', [1, i ? 4 : 1, 1], i ? [1, 1, 1, 1] : [1])),
  },
].map((test) => ({ ...test, error: 'unsupported' }));

export default [...small, ...tests8, ...casts, ...refused];
