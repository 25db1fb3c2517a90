// Element types beyond the ones that the standard's vectors use: operators in float16, bfloat16, float64 and
// integers. Expectations are computed in double precision from the numbers as stored.
import { f32, i64, noise, numbersOf, tensor } from '../cases.js';

const HALVES = ['float16', 'bfloat16'];
const FLOATS = ['float16', 'bfloat16', 'float64'];
/** Half a unit in the last place of a result; intermediate results are float32 or better. */
const within = { float16: 1e-3, bfloat16: 8e-3, float64: 1e-12, float32: 1e-5 };
const random = (type, dims, seed) => tensor(type, dims, noise(dims, { seed }));

/** A case for each type: make(random numbers of a type) gives the case without op and name. */
const each = (op, opset, types, make) =>
  types.map((type) => ({
    name: `${op}_${type}`,
    op,
    opset: type === 'bfloat16' ? Math.max(opset, 22) : opset,
    rtol: within[type],
    atol: within[type] / 4,
    ...make(type, (dims, seed) => random(type, dims, seed)),
  }));

/* ---- products ---- */
/** [m][k] times [k][n]. */
function product(a, b, [m, k, n]) {
  const y = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) for (let l = 0; l < k; l++) y[i * n + j] += a[i * k + l] * b[l * n + j];
  return y;
}
const turned = (x, rows, cols) =>
  Float64Array.from({ length: rows * cols }, (_, i) => x[(i % cols) * rows + Math.floor(i / cols)]);

const matmul = each('MatMul', 13, [...HALVES], (type, make) => {
  const [a, b] = [make([3, 5], 1), make([5, 4], 2)];
  return {
    inputs: [a, b],
    constants: [1],
    outputs: [tensor(type, [3, 4], product(numbersOf(a), numbersOf(b), [3, 5, 4]))],
  };
});

const gemm = each('Gemm', 13, FLOATS, (type, make) => {
  const [a, b, c] = [make([5, 3], 1), make([4, 5], 2), make([4], 3)];
  const y = product(turned(numbersOf(a), 3, 5).map(Number), turned(numbersOf(b), 5, 4), [3, 5, 4]);
  return {
    attrs: { transA: 1, transB: 1, alpha: 0.5, beta: 1.5 },
    inputs: [a, b, c],
    outputs: [
      tensor(
        type,
        [3, 4],
        y.map((x, i) => 0.5 * x + 1.5 * numbersOf(c)[i % 4]),
      ),
    ],
  };
});

const gemmIntegers = ['int32', 'uint32', 'int64', 'uint64'].map((type) => ({
  name: `Gemm_${type}`,
  op: 'Gemm',
  opset: 13,
  inputs: [
    tensor(type, [2, 2], [1, 2, 3, 4]),
    tensor(type, [2, 2], [5, 6, 7, 8]),
    tensor(type, [2, 1], [100, 200]),
  ],
  outputs: [tensor(type, [2, 2], [119, 122, 243, 250])],
}));

/* ---- convolution ---- */
/** 1-D, stride 1, no padding: [channels][length] with weights [out][channels][taps]. */
function convolve(x, w, b, [channels, length, out, taps]) {
  const size = length - taps + 1;
  return Float64Array.from({ length: out * size }, (_, i) => {
    let sum = b[Math.floor(i / size)];
    for (let c = 0; c < channels; c++)
      for (let t = 0; t < taps; t++)
        sum += x[c * length + (i % size) + t] * w[(Math.floor(i / size) * channels + c) * taps + t];
    return sum;
  });
}
const conv = each('Conv', 11, HALVES, (type, make) => {
  const [x, w, b] = [make([1, 3, 9], 1), make([4, 3, 3], 2), make([4], 3)];
  const y = convolve(numbersOf(x), numbersOf(w), numbersOf(b), [3, 9, 4, 3]);
  return { inputs: [x, w, b], constants: [1, 2], outputs: [tensor(type, [1, 4, 7], y)] };
});
const convTranspose = each('ConvTranspose', 11, HALVES, (type, make) => {
  const [x, w] = [make([1, 2, 4], 1), make([2, 3, 2], 2)];
  const y = new Float64Array(3 * 5);
  for (let c = 0; c < 2; c++)
    for (let i = 0; i < 4; i++)
      for (let o = 0; o < 3; o++)
        for (let t = 0; t < 2; t++)
          y[o * 5 + i + t] += numbersOf(x)[c * 4 + i] * numbersOf(w)[(c * 3 + o) * 2 + t];
  return { inputs: [x, w], outputs: [tensor(type, [1, 3, 5], y)] };
});

/* ---- normalisation ---- */
const lrn = each('LRN', 13, FLOATS, (type, make) => {
  const x = make([2, 5, 3, 2], 1);
  const [size, alpha, beta, bias] = [4, 0.5, 0.75, 2.5];
  const data = numbersOf(x);
  const y = Array.from(data, (v, i) => {
    const c = Math.floor(i / 6) % 5;
    let sum = 0;
    for (let at = Math.max(0, c - 1); at <= Math.min(4, c + 2); at++) sum += data[i + (at - c) * 6] ** 2;
    return v / (bias + (alpha / size) * sum) ** beta;
  });
  return {
    attrs: { size, alpha, beta, bias },
    inputs: [x],
    outputs: [tensor(type, x.dims, y)],
    ort: 'it takes odd sizes only',
  };
});

const mvn = each('MeanVarianceNormalization', 13, FLOATS, (type, make) => {
  const x = make([2, 3, 2, 2], 1);
  const data = numbersOf(x);
  const y = Array.from(data, (v, i) => {
    const same = Array.from(data).filter((_, j) => (Math.floor(j / 4) - Math.floor(i / 4)) % 3 === 0);
    const mean = same.reduce((a, b) => a + b) / same.length;
    return (v - mean) / (Math.sqrt(same.reduce((a, b) => a + (b - mean) ** 2, 0) / same.length) + 1e-9);
  });
  return {
    inputs: [x],
    outputs: [tensor(type, x.dims, y)],
    ort: 'its function adds a float32 to other types',
  };
});

const lp = [1, 2].map((p) => {
  const x = tensor('float64', [2, 3], [1, -2, 3, 0, 0, 0]);
  const norm = p === 1 ? 6 : Math.sqrt(14);
  return {
    name: `LpNormalization_float64_p${p}`,
    op: 'LpNormalization',
    opset: 1,
    attrs: { p, axis: -1 },
    rtol: 1e-14,
    inputs: [x],
    outputs: [tensor('float64', [2, 3], [1 / norm, -2 / norm, 3 / norm, 0, 0, 0])],
  };
});

const layerNorm = each('LayerNormalization', 17, ['float64'], (type, make) => {
  const x = make([2, 4], 1);
  const scale = make([4], 2);
  const y = Array.from(x.data, (v, i) => {
    const row = Array.from(x.data).slice(i - (i % 4), i - (i % 4) + 4);
    const mean = row.reduce((a, b) => a + b) / 4;
    return (
      ((v - mean) / Math.sqrt(row.reduce((a, b) => a + (b - mean) ** 2, 0) / 4 + 1e-5)) * scale.data[i % 4]
    );
  });
  // stash_type is float32 unless told otherwise: that precise
  return { inputs: [x, scale], outputs: [tensor(type, [2, 4], y)], rtol: 1e-5, atol: 1e-6 };
});

/* ---- attention ---- */
const attention = each('Attention', 23, FLOATS, (type, make) => {
  const [q, k, v] = [make([1, 1, 3, 4], 1), make([1, 1, 5, 4], 2), make([1, 1, 5, 4], 3)];
  const scores = product(numbersOf(q), turned(numbersOf(k), 4, 5), [3, 4, 5]).map((x) => Math.exp(x / 2));
  const sums = [0, 1, 2].map((i) => scores.slice(i * 5, i * 5 + 5).reduce((a, b) => a + b));
  const y = product(
    scores.map((x, i) => x / sums[Math.floor(i / 5)]),
    numbersOf(v),
    [3, 5, 4],
  );
  const known = type === 'float64' ? { ort: 'only as precise as float32' } : {};
  return { opset: 23, inputs: [q, k, v], outputs: [tensor(type, [1, 1, 3, 4], y)], ...known };
});

/* ---- recurrent ---- */
const sigmoid = (x) => 1 / (1 + Math.exp(-x));
/** One direction, batch 1: gates(w, r, x, h, c, i) gives [h, c] of element i. */
function recur([x, w, r], [steps, width, hidden], cell) {
  let [h, c] = [Array(hidden).fill(0), Array(hidden).fill(0)];
  const all = [];
  for (let t = 0; t < steps; t++) {
    const at = (m, row, v, n) =>
      Array.from({ length: n }, (_, j) => m[row * n + j] * v[j]).reduce((a, b) => a + b, 0);
    const input = x.slice(t * width, (t + 1) * width);
    const next = h.map((_, i) =>
      cell(
        (g) => at(w, g * hidden + i, input, width),
        (g, of = h) => at(r, g * hidden + i, of, hidden),
        h,
        c,
        i,
      ),
    );
    [h, c] = [next.map((p) => p[0]), next.map((p) => p[1])];
    all.push(...h);
  }
  return [all, h];
}
const cells = {
  RNN: [1, (w, r) => [Math.tanh(w(0) + r(0)), 0]],
  LSTM: [
    4,
    (w, r, _, c, i) => {
      const next = sigmoid(w(2) + r(2)) * c[i] + sigmoid(w(0) + r(0)) * Math.tanh(w(3) + r(3));
      return [sigmoid(w(1) + r(1)) * Math.tanh(next), next];
    },
  ],
  GRU: [
    3,
    (w, r, h, _, i) => {
      const z = sigmoid(w(0) + r(0));
      return [(1 - z) * Math.tanh(w(2) + sigmoid(w(1) + r(1)) * r(2)) + z * h[i], 0];
    },
  ],
};
const recurrent = Object.entries(cells).flatMap(([op, [gates, cell]]) =>
  each(op, 14, HALVES, (type, make) => {
    const inputs = [make([3, 1, 2], 1), make([1, gates * 4, 2], 2), make([1, gates * 4, 4], 3)];
    const [y, last] = recur(inputs.map(numbersOf), [3, 2, 4], cell);
    return {
      attrs: { hidden_size: 4, ...(op === 'GRU' ? { linear_before_reset: 1 } : {}) },
      inputs,
      constants: [1, 2],
      outputs: [tensor(type, [3, 1, 1, 4], y), tensor(type, [1, 1, 4], last)],
    };
  }),
);

/* ---- functions of integers ---- */
const integers = [
  {
    name: 'Erf_int32',
    op: 'Erf',
    opset: 13,
    inputs: [tensor('int32', [5], [-9, -1, 0, 1, 9])],
    outputs: [tensor('int32', [5], [-1, 0, 0, 0, 1])],
    ort: 'it takes no integers',
  },
  {
    name: 'Shrink_int16',
    op: 'Shrink',
    opset: 9,
    attrs: { lambd: 1.5, bias: 1.5 },
    inputs: [tensor('int16', [5], [-3, -1, 0, 1, 3])],
    outputs: [tensor('int16', [5], [-1, 0, 0, 0, 1])],
  },
  {
    name: 'ReduceLogSumExp_int64',
    op: 'ReduceLogSumExp',
    opset: 18,
    attrs: { keepdims: 0 },
    inputs: [i64([2, 2], [1, 9, -4, 2]), i64([1], [1])],
    outputs: [i64([2], [9, 2])],
  },
  {
    name: 'OneHot_float16',
    op: 'OneHot',
    opset: 11,
    inputs: [tensor('float16', [2], [1, -1]), tensor('float16', [], [3]), f32([2], [0, 5])],
    outputs: [f32([2, 3], [0, 5, 0, 0, 0, 5])],
    ort: 'it takes no float16',
  },
  ...['int8', 'uint16', 'uint64'].map((type) => ({
    name: `Einsum_${type}`,
    op: 'Einsum',
    opset: 12,
    attrs: { equation: 'ij,jk->ik' },
    inputs: [tensor(type, [2, 2], [1, 2, 3, 4]), tensor(type, [2, 2], [5, 6, 7, 8])],
    outputs: [tensor(type, [2, 2], [19, 22, 43, 50])],
  })),
];

export default [
  ...[
    matmul,
    gemm,
    gemmIntegers,
    conv,
    convTranspose,
    lrn,
    mvn,
    lp,
    layerNorm,
    attention,
    recurrent,
    integers,
  ],
].flat();
