// What opsets 21 to 28 added to older operators, and the operators of 27 and 28.
import { bad, f32, noise, numbersOf, one, tensor } from '../cases.js';

const HALVES = ['float16', 'bfloat16'];
const late = 'it does not know this yet';

/* ---- quantization ---- */
/* float8e4m3fn: 1, 2, -0.5, 0.25, 3, -1 */
const [a8, b8] = [
  tensor('float8e4m3fn', [2, 3], [0x38, 0x40, 0xb0, 0x28, 0x44, 0xb8]),
  tensor('float8e4m3fn', [3, 2], [0x38, 0xb0, 0x44, 0x40, 0x28, 0x38]),
];
/** a8 b8 = [[6.875, 3], [9, 4.875]] */
const scalar = (type, x) => tensor(type, [], [x]);
const qlinear = (name, inputs, outputs, rest) =>
  one(`QLinearMatMul_${name}`, 'QLinearMatMul', 21, {}, inputs, outputs, { ort: late, ...rest });
const zero8 = scalar('float8e4m3fn', 0);
const products = [
  /* 6.875 * 0.5 * 2 / 4 = 1.71875 -> 1.75, 0.75, 2.25, 1.21875 -> 1.25 */
  qlinear(
    'float8',
    [a8, scalar('float32', 0.5), zero8, b8, scalar('float32', 2), zero8, scalar('float32', 4), zero8],
    [tensor('float8e4m3fn', [2, 2], [0x3e, 0x34, 0x41, 0x3a])],
  ),
  /* rows by 1 and 2, columns by 1 and 4: 6.875, 12, 18, 39 */
  qlinear(
    'float8_rows_and_columns',
    [
      a8,
      f32([2], [1, 2]),
      tensor('float8e4m3fn', [2], [0, 0]),
      b8,
      f32([2], [1, 4]),
      tensor('float8e4m3fn', [2], [0, 0]),
      scalar('float32', 1),
      scalar('uint8', 1),
    ],
    [tensor('uint8', [2, 2], [8, 13, 19, 40])],
  ),
  ...HALVES.map((type) =>
    qlinear(
      type,
      [
        tensor('uint8', [1, 2], [10, 20]),
        scalar(type, 0.5),
        scalar('uint8', 2),
        tensor('int8', [2, 1], [3, -4]),
        scalar(type, 0.25),
        scalar('int8', 1),
        scalar(type, 1),
        scalar('int8', 5),
      ],
      /* (8 * 2 - 18 * 5) * 0.125 = -9.25 */
      [tensor('int8', [1, 1], [-4])],
    ),
  ),
  qlinear(
    'float8_other_width',
    [a8, scalar('float32', 1), zero8, a8, scalar('float32', 1), zero8, scalar('float32', 1), zero8],
    undefined,
    { error: 'bad-shape' },
  ),
];

/* 1000.3 and 0.1 as bfloat16: 1000 and 0.10009765625, whose quotient 9990.24 is 9984 there; as float16: 1000.5 and
 * 0.0999755859375, 10007.4 -> 10008 */
const quantized = [
  [undefined, 10003],
  [1, 10003],
  [10, 10008],
  [16, 9984],
].map(([precision, y]) =>
  one(
    `QuantizeLinear_precision_${precision}`,
    'QuantizeLinear',
    23,
    { output_dtype: 4, ...(precision === undefined ? {} : { precision }) },
    [f32([2], [1000.3, 0]), scalar('float32', 0.1)],
    [tensor('uint16', [2], [y, 0])],
    { ort: 'it ignores the precision' },
  ),
);
const refused = bad(
  'QuantizeLinear_precision_int8',
  'QuantizeLinear',
  23,
  { precision: 3 },
  [f32([1], [1]), scalar('float32', 1)],
  'unsupported',
);

/* ---- ranges ---- */
const ranges = HALVES.map((type) =>
  one(
    `Range_${type}`,
    'Range',
    27,
    {},
    [1, 3, 0.625].map((x) => scalar(type, x)),
    [tensor(type, [4], [1, 1.625, 2.25, 2.875])],
    { ort: late },
  ),
);

/* ---- a convolution with a state ---- */
const [B, C, L, K] = [2, 3, 4, 3];
const stateful = (name, type, { bias, past, activation, length = L }) => {
  const random = (dims, seed) => tensor(type, dims, noise(dims, { seed }));
  const [x, w] = [random([B, C, length], 1), random([C, 1, K], 2)];
  const [b, p] = [bias ? random([C], 3) : null, past ? random([B, C, K - 1], 4) : null];
  const rows = Array.from({ length: B * C }, (_, i) => [
    ...(p ? numbersOf(p).slice(i * (K - 1), (i + 1) * (K - 1)) : Array(K - 1).fill(0)),
    ...numbersOf(x).slice(i * length, (i + 1) * length),
  ]);
  const y = rows.flatMap((row, i) =>
    Array.from({ length }, (_, at) => {
      let sum = b ? numbersOf(b)[i % C] : 0;
      for (let t = 0; t < K; t++) sum += row[at + t] * numbersOf(w)[(i % C) * K + t];
      return activation ? sum / (1 + Math.exp(-sum)) : sum;
    }),
  );
  return one(
    `CausalConvWithState_${name}`,
    'CausalConvWithState',
    27,
    activation ? { activation } : {},
    [x, w, b, p],
    [
      tensor(type, [B, C, length], y),
      tensor(
        type,
        [B, C, K - 1],
        rows.flatMap((row) => row.slice(1 - K)),
      ),
    ],
    { ort: late, ...(type === 'float32' ? {} : { rtol: 2e-3, atol: 1e-3 }) },
  );
};
const convolutions = [
  stateful('plain', 'float32', {}),
  stateful('all', 'float32', { bias: true, past: true, activation: 'silu' }),
  stateful('short', 'float32', { past: true, length: 1, activation: 'swish' }),
  stateful('float16', 'float16', { bias: true }),
  bad(
    'CausalConvWithState_relu',
    'CausalConvWithState',
    27,
    { activation: 'relu' },
    [f32([1, 1, 1], [1]), f32([1, 1, 1], [1])],
    'unsupported',
  ),
];

/* ---- a gate ---- */
const gates = ['float32', 'float64', 'float16'].map((type) => {
  const [a, b] = [1, 2].map((seed) => tensor(type, [2, 3], noise([2, 3], { seed, scale: 2 })));
  const y = Array.from(numbersOf(a), (x, i) => (x / (1 + Math.exp(-1.5 * x))) * numbersOf(b)[i]);
  const close = type === 'float16' ? { rtol: 2e-3, atol: 1e-3 } : {};
  return one(`SwiGLU_${type}`, 'SwiGLU', 28, { alpha: 1.5 }, [a, b], [tensor(type, [2, 3], y)], {
    ort: late,
    ...close,
  });
});

/* ---- casts out of range ---- */
const casts = [
  ['int4', 22, [-9, 8, 17.9, NaN], [0x87, 0x01]],
  ['uint4', 21, [-1, 16, 17.9, 15], [0x0f, 0xf1]],
  ['int2', 26, [-3, 2, 1, -1], [0xd9]],
  ['float4e2m1', 23, [NaN, Infinity, -9, 0.25], [0x78, 0x0f]],
].map(([type, to, x, bytes]) =>
  one(`Cast_${type}_out_of_range`, 'Cast', 25, { to }, [f32([4], x)], [tensor(type, [4], bytes)], {
    ort: late,
  }),
);

export default [...products, ...quantized, refused, ...ranges, ...convolutions, ...gates, ...casts];
