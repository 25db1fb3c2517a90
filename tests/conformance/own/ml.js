// The operators of ai.onnx.ml but for the trees: models of a few numbers, computed here as the standard's text says.
import { tensor as onnxTensor } from '../../js/onnx-builder.js';
import { f32, i64, map, noise, numbersOf, tensor } from '../cases.js';

const ml = (name, op, attrs, inputs, outputs, rest = {}) => ({
  name,
  op,
  opset: 1,
  domain: 'ai.onnx.ml',
  attrs,
  inputs,
  outputs,
  ...rest,
});
const bad = (name, op, attrs, inputs, error = 'malformed-model', rest = {}) => ({
  ...ml(name, op, attrs, inputs, undefined, rest),
  error,
});
const floats = (list) => ({ floats: Array.from(list) });

const x = f32([11, 4], noise([11, 4], { seed: 3, scale: 2 }));
const rowsOf = (t) => {
  const width = t.dims.at(-1);
  const all = Array.from(numbersOf(t), Number);
  return Array.from({ length: all.length / width }, (_, i) => all.slice(i * width, (i + 1) * width));
};
const rows = rowsOf(x);
const flat = (list) => f32([list.length, list[0].length], list.flat());
const whole = i64([3, 4], [5, -2, 0, 7, 1, 1, -3, 0, 2, 9, -9, 4]);
const sum = (list) => list.reduce((a, b) => a + b, 0);
const dot = (a, b) => sum(a.map((v, i) => v * b[i]));
const best = (list) => list.indexOf(Math.max(...list));
const chunks = (list, width) =>
  Array.from({ length: list.length / width }, (_, i) => Array.from(list.slice(i * width, (i + 1) * width)));

// ---- features ----

const offset = [0.5, -1, 2, 0];
const scale = [2, 0.25, -1, 3];
const scaled = (t) => flat(rowsOf(t).map((row) => row.map((v, i) => (v - offset[i]) * scale[i])));
const NORMS = {
  MAX: (row) => Math.max(...row),
  L1: (row) => sum(row.map(Math.abs)),
  L2: (row) => Math.hypot(...row),
};
const normal = (t, norm) =>
  flat(rowsOf(t).map((row) => row.map((v) => (NORMS[norm](row) ? v / NORMS[norm](row) : v))));
const zeros = f32([2, 3], [0, 0, 0, -3, 0, 4]);
const holes = f32([2, 3], [Number.NaN, 1, 2, 3, Number.NaN, 0]);
const parts = [i64([2, 2], [1, 2, 3, 4]), i64([2, 1], [5, 6]), i64([2, 3], [7, 8, 9, 10, 11, 12])];

const features = [
  ml('scaler', 'Scaler', { offset: floats(offset), scale: floats(scale) }, [x], [scaled(x)]),
  ml('scaler_integers', 'Scaler', { offset: floats(offset), scale: floats(scale) }, [whole], [scaled(whole)]),
  ml('scaler_one', 'Scaler', { offset: floats([1]), scale: floats([3]) }, [x], [map(x, (v) => (v - 1) * 3)]),
  bad('scaler_lengths', 'Scaler', { offset: floats([1, 2]), scale: floats([1, 2]) }, [x], 'bad-shape'),
  ...Object.keys(NORMS).flatMap((norm) => [
    ml(`normalizer_${norm}`, 'Normalizer', { norm }, [x], [normal(x, norm)]),
    ml(`normalizer_${norm}_zeros`, 'Normalizer', { norm }, [zeros], [normal(zeros, norm)]),
  ]),
  bad('normalizer_word', 'Normalizer', { norm: 'L3' }, [x], 'unsupported'),
  ml('binarizer', 'Binarizer', { threshold: { float: 0.5 } }, [x], [map(x, (v) => Number(v > 0.5))]),
  ml(
    'binarizer_integers',
    'Binarizer',
    { threshold: { float: 1 } },
    [whole],
    [map(whole, (v) => Number(v > 1))],
    {
      ort: 'has it for floats only',
    },
  ),
  ml(
    'imputer_nan',
    'Imputer',
    { imputed_value_floats: floats([10, 20, 30]), replaced_value_float: { float: Number.NaN } },
    [holes],
    [f32([2, 3], [10, 1, 2, 3, 20, 0])],
  ),
  ml(
    'imputer_one',
    'Imputer',
    { imputed_value_floats: floats([5]), replaced_value_float: { float: 3 } },
    [zeros],
    [zeros],
  ),
  ml(
    'imputer_integers',
    'Imputer',
    { imputed_value_int64s: [100, 200, 300, 400], replaced_value_int64: 0 },
    [whole],
    [i64([3, 4], [5, -2, 300, 7, 1, 1, -3, 400, 2, 9, -9, 4])],
  ),
  bad('imputer_neither', 'Imputer', {}, [x]),
  bad('imputer_wrong_type', 'Imputer', { imputed_value_int64s: [1] }, [x], 'bad-type'),
  ml('vectorizer', 'FeatureVectorizer', { inputdimensions: [2, 2, 2] }, parts, [
    f32([2, 6], [1, 2, 5, 0, 7, 8, 3, 4, 6, 0, 10, 11]),
  ]),
  bad('vectorizer_count', 'FeatureVectorizer', { inputdimensions: [2, 2] }, parts),
  bad('vectorizer_negative', 'FeatureVectorizer', { inputdimensions: [2, -1, 2] }, parts),
  ml(
    'extractor',
    'ArrayFeatureExtractor',
    {},
    [x, i64([3], [3, 0, 3])],
    [flat(rows.map((row) => [row[3], row[0], row[3]]))],
  ),
  ml(
    'extractor_1d',
    'ArrayFeatureExtractor',
    {},
    [f32([4], [1, 2, 3, 4]), i64([1, 2], [2, 1])],
    [f32([1, 2], [3, 2])],
  ),
  bad('extractor_index', 'ArrayFeatureExtractor', {}, [x, i64([1], [4])], 'bad-value'),
  bad('extractor_negative', 'ArrayFeatureExtractor', {}, [x, i64([1], [-1])], 'bad-value'),
];

// ---- linear models ----

const logistic = (v) => 1 / (1 + Math.exp(-v));
function softmax(list) {
  const most = Math.max(...list);
  const exps = list.map((v) => Math.exp(v - most));
  return exps.map((v) => v / sum(exps));
}
/** The approximation of the normal distribution's quantiles that onnxruntime uses. */
function probit(p) {
  const v = 2 * p - 1;
  const l = Math.log((1 - v) * (1 + v));
  const a = 2 / 0.46181373 + l / 2;
  return Math.sign(v) * Math.SQRT2 * Math.sqrt(Math.sqrt(a * a - l / 0.147) - a);
}
const POSTS = {
  NONE: (l) => l,
  LOGISTIC: (l) => l.map(logistic),
  SOFTMAX: softmax,
  PROBIT: (l) => l.map(probit),
};

const w = noise([3, 4], { seed: 8, scale: 0.3 });
const b = noise([3], { seed: 9, scale: 0.2, shift: 0.5 });
const linear = (t, weights, bias) =>
  rowsOf(t).map((row) => chunks(weights, row.length).map((line, i) => dot(row, line) + (bias[i] ?? 0)));
const small = map(x, (v) => v / 4); // scores between 0 and 1, for PROBIT
const labels = [7, -4, 30];

const linears = [
  ml(
    'regressor',
    'LinearRegressor',
    { coefficients: floats(w), intercepts: floats(b), targets: 3 },
    [x],
    [flat(linear(x, w, b))],
  ),
  ml(
    'regressor_no_intercepts',
    'LinearRegressor',
    { coefficients: floats(w), targets: 3 },
    [x],
    [flat(linear(x, w, []))],
  ),
  bad('regressor_coefficients', 'LinearRegressor', { coefficients: floats(w), targets: 5 }, [x]),
  bad('regressor_targets', 'LinearRegressor', { coefficients: floats(w), targets: 2 ** 40 }, [x]),
  bad('regressor_features', 'LinearRegressor', { coefficients: floats(w), targets: 2 }, [x], 'bad-shape'),
  ...Object.entries(POSTS).map(([post, f]) =>
    ml(
      `classifier_${post}`,
      'LinearClassifier',
      { coefficients: floats(w), intercepts: floats(b), classlabels_ints: labels, post_transform: post },
      [small],
      [
        i64(
          [11],
          linear(small, w, b).map((l) => labels[best(l)]),
        ),
        flat(linear(small, w, b).map(f)),
      ],
      { rtol: 1e-4, atol: 1e-4 },
    ),
  ),
  ml(
    'classifier_binary',
    'LinearClassifier',
    { coefficients: floats(w.slice(0, 4)), intercepts: floats([0.1]), classlabels_ints: [3, 5] },
    [x],
    [
      i64(
        [11],
        linear(x, w.slice(0, 4), [Math.fround(0.1)]).map(([s]) => (s > 0 ? 5 : 3)),
      ),
      flat(linear(x, w.slice(0, 4), [Math.fround(0.1)]).map(([s]) => [1 - s, s])),
    ],
  ),
  ...['LOGISTIC', 'SOFTMAX'].map((post) =>
    ml(
      `classifier_binary_${post}`,
      'LinearClassifier',
      {
        coefficients: floats(w.slice(0, 4)),
        intercepts: floats([0.25]),
        classlabels_ints: [3, 5],
        post_transform: post,
      },
      [x],
      [
        i64(
          [11],
          linear(x, w.slice(0, 4), [0.25]).map(([s]) => (s > 0 ? 5 : 3)),
        ),
        flat(
          linear(x, w.slice(0, 4), [0.25]).map(([s]) =>
            post === 'LOGISTIC' ? [logistic(-s), logistic(s)] : [1 - s, s],
          ),
        ),
      ],
    ),
  ),
  ml(
    'classifier_integers',
    'LinearClassifier',
    { coefficients: floats(w), intercepts: floats(b), classlabels_ints: labels },
    [whole],
    [
      i64(
        [3],
        linear(whole, w, b).map((l) => labels[best(l)]),
      ),
      flat(linear(whole, w, b)),
    ],
  ),
  bad(
    'classifier_labels',
    'LinearClassifier',
    { coefficients: floats(w), intercepts: floats(b), classlabels_ints: [1, 2] },
    [x],
    'bad-shape',
  ),
  bad('classifier_no_labels', 'LinearClassifier', { coefficients: floats(w), intercepts: floats(b) }, [x]),
];

// ---- support vectors ----

const PARAMS = [0.3, 0.7, 3].map(Math.fround);
const KERNELS = {
  LINEAR: dot,
  POLY: (a, v) => (PARAMS[0] * dot(a, v) + PARAMS[1]) ** PARAMS[2],
  RBF: (a, v) => Math.exp(-PARAMS[0] * sum(a.map((n, i) => (n - v[i]) ** 2))),
  SIGMOID: (a, v) => Math.tanh(PARAMS[0] * dot(a, v) + PARAMS[1]),
};
const vectors = noise([6, 4], { seed: 11 });
const alphas = noise([6], { seed: 12 });
const kernelsOf = (row, kernel) => chunks(vectors, 4).map((v) => KERNELS[kernel](row, v));
const kernelParams = floats(PARAMS);
const svr = (kernel) => rows.map((row) => [dot(kernelsOf(row, kernel), Array.from(alphas)) + 0.25]);

const perClass = [3, 1, 2];
const weights = noise([2, 6], { seed: 13 });
const rho = noise([3], { seed: 14, scale: 0.2 });
const probA = floats([-1.5, -0.75, -2]);
const probB = floats([0.1, -0.2, 0.3]);

/** The scores of all pairs of classes, and how often each class wins. */
function pairs(row, kernel, per = perClass, alpha = weights, shift = rho) {
  const k = kernelsOf(row, kernel);
  const starts = per.map((_, i) => sum(per.slice(0, i)));
  const lines = chunks(alpha, k.length);
  const scores = [];
  const votes = per.map(() => 0);
  for (let i = 0; i < per.length; i++)
    for (let j = i + 1; j < per.length; j++) {
      const part = (cls, line) => {
        const at = (list) => list.slice(starts[cls], starts[cls] + per[cls]);
        return dot(at(k), at(line));
      };
      const score = part(i, lines[j - 1]) + part(j, lines[i]) + shift[scores.length];
      scores.push(score);
      votes[score > 0 ? i : j]++;
    }
  return { scores, votes };
}

/** Pairwise coupling: the p >= 0 with sum 1 that comes closest to the pairs' probabilities, found by plain iteration. */
function coupled(scores, a, b0, n) {
  const r = Array.from({ length: n }, () => Array(n).fill(0));
  let at = 0;
  for (let i = 0; i < n; i++)
    for (let j = i + 1; j < n; j++, at++) {
      r[i][j] = 1 / (1 + Math.exp(scores[at] * a[at] + b0[at]));
      r[j][i] = 1 - r[i][j];
    }
  const q = r.map((_, i) =>
    r.map((__, j) => (i === j ? sum(r.map((line, k) => (k === i ? 0 : line[i] ** 2))) : -r[j][i] * r[i][j])),
  );
  let p = r.map(() => 1 / n);
  for (let round = 0; round < 100; round++) {
    let qp = q.map((line) => dot(line, p));
    let pqp = dot(p, qp);
    if (Math.max(...qp.map((v) => Math.abs(v - pqp))) < 0.005 / n) break;
    for (let i = 0; i < n; i++) {
      const d = (pqp - qp[i]) / q[i][i];
      p[i] += d;
      pqp = (pqp + d * (d * q[i][i] + 2 * qp[i])) / (1 + d) ** 2;
      qp = qp.map((v, j) => (v + d * q[i][j]) / (1 + d));
      p = p.map((v) => v / (1 + d));
    }
  }
  return p;
}

const svc = (extra = {}) => ({
  coefficients: floats(weights),
  kernel_params: kernelParams,
  kernel_type: 'RBF',
  rho: floats(rho),
  support_vectors: floats(vectors),
  vectors_per_class: perClass,
  classlabels_ints: labels,
  ...extra,
});
const votesOf = (kernel) => rows.map((row) => pairs(row, kernel));
const two = [2, 4];
const twoWay = rows.map((row) => pairs(row, 'RBF', two, alphas, [0.125]));
const svcTwo = {
  coefficients: floats(alphas),
  rho: floats([0.125]),
  vectors_per_class: two,
  classlabels_ints: [3, 8],
};
const votedTwo = i64(
  [11],
  twoWay.map(({ votes }) => [3, 8][best(votes)]),
);
const A = [-1.5, -0.75, -2];
const B = [0.1, -0.2, 0.3].map(Math.fround);
const linearScores = rows.map((row) => chunks(w, 4).map((line) => dot(row, line) + 0.5));
const linearSvc = {
  coefficients: floats(w),
  kernel_params: kernelParams,
  rho: floats([0.5]),
  classlabels_ints: labels,
};

const machines = [
  ...Object.keys(KERNELS).flatMap((kernel) => [
    ml(
      `svm_regressor_${kernel}`,
      'SVMRegressor',
      {
        coefficients: floats(alphas),
        kernel_params: kernelParams,
        kernel_type: kernel,
        n_supports: 6,
        rho: floats([0.25]),
        support_vectors: floats(vectors),
      },
      [x],
      [flat(svr(kernel))],
    ),
    ml(
      `svm_classifier_${kernel}`,
      'SVMClassifier',
      svc({ kernel_type: kernel }),
      [x],
      [
        i64(
          [11],
          votesOf(kernel).map(({ votes }) => labels[best(votes)]),
        ),
        flat(votesOf(kernel).map(({ scores }) => scores)),
      ],
    ),
  ]),
  ml(
    'svm_one_class',
    'SVMRegressor',
    {
      coefficients: floats(alphas),
      kernel_params: kernelParams,
      kernel_type: 'RBF',
      n_supports: 6,
      one_class: 1,
      rho: floats([0.25]),
      support_vectors: floats(vectors),
    },
    [x],
    [flat(svr('RBF').map(([s]) => [s > 0 ? 1 : -1]))],
  ),
  ml(
    'svm_regressor_linear',
    'SVMRegressor',
    { coefficients: floats(w.slice(0, 4)), kernel_params: kernelParams, n_supports: 0, rho: floats([0.5]) },
    [x],
    [flat(linearScores.map(([s]) => [s]))],
  ),
  ml(
    'svm_probabilities',
    'SVMClassifier',
    svc({ prob_a: probA, prob_b: probB }),
    [x],
    [
      i64(
        [11],
        votesOf('RBF').map(({ votes }) => labels[best(votes)]),
      ),
      flat(votesOf('RBF').map(({ scores }) => coupled(scores, A, B, 3))),
    ],
    { rtol: 1e-4, atol: 1e-4 },
  ),
  ml(
    'svm_two',
    'SVMClassifier',
    svc(svcTwo),
    [x],
    [votedTwo, flat(twoWay.map(({ scores: [s] }) => [-s, s]))],
  ),
  ml(
    'svm_two_logistic',
    'SVMClassifier',
    svc({ ...svcTwo, post_transform: 'LOGISTIC' }),
    [x],
    [votedTwo, flat(twoWay.map(({ scores: [s] }) => [logistic(-s), logistic(s)]))],
  ),
  ml(
    'svm_two_probabilities',
    'SVMClassifier',
    svc({ ...svcTwo, prob_a: floats([-1.5]), prob_b: floats([0.1]) }),
    [x],
    [votedTwo, flat(twoWay.map(({ scores }) => coupled(scores, A, B, 2)))],
    { rtol: 1e-3, atol: 1e-3 },
  ),
  ml(
    'svm_linear',
    'SVMClassifier',
    linearSvc,
    [x],
    [
      i64(
        [11],
        linearScores.map((l) => labels[best(l)]),
      ),
      flat(linearScores),
    ],
  ),
  ml(
    'svm_linear_softmax',
    'SVMClassifier',
    { ...linearSvc, post_transform: 'SOFTMAX' },
    [x],
    [
      i64(
        [11],
        linearScores.map((l) => labels[best(l)]),
      ),
      flat(linearScores.map(softmax)),
    ],
  ),
  bad('svm_vectors', 'SVMClassifier', svc({ support_vectors: floats([1, 2, 3]) }), [x]),
  bad('svm_per_class', 'SVMClassifier', svc({ vectors_per_class: [3, 3] }), [x]),
  bad('svm_per_class_negative', 'SVMClassifier', svc({ vectors_per_class: [3, -1, 2] }), [x]),
  bad('svm_coefficients', 'SVMClassifier', svc({ coefficients: floats([1, 2]) }), [x]),
  bad('svm_rho', 'SVMClassifier', svc({ rho: floats([1]) }), [x]),
  bad('svm_prob_b', 'SVMClassifier', svc({ prob_a: probA }), [x]),
  bad(
    'svm_n_supports',
    'SVMRegressor',
    { coefficients: floats([1]), rho: floats([0]), kernel_params: kernelParams, n_supports: 2 ** 33 },
    [x],
  ),
];

// ---- encoders ----

const keyed = (keys, values, fallback, t, type = 'float32') =>
  tensor(
    type,
    t.dims,
    Array.from(numbersOf(t), (v) => values[keys.findIndex((k) => Object.is(k, Number(v)))] ?? fallback),
  );
const seen = i64([2, 3], [5, 0, -2, 99, 5, 1]);
const real = f32([5], [1.5, Number.NaN, 0.25, -3, 2]);
const int16s = tensor('int16', [4], [4, -4, 7, 0]);
const list = (type, numbers) => ({ tensor: onnxTensor('', type, [numbers.length], numbers) });
const at2 = { opset: 2 };
const at4 = { opset: 4 };
const hot = (t, categories) =>
  f32(
    [...t.dims, categories.length],
    Array.from(numbersOf(t), (v) => categories.map((c) => Number(c === Math.trunc(Number(v))))).flat(),
  );

const encoders = [
  ml(
    'labels_int_float',
    'LabelEncoder',
    { keys_int64s: [5, -2, 1], values_floats: floats([0.5, 1.5, 2.5]) },
    [seen],
    [keyed([5, -2, 1], [0.5, 1.5, 2.5], -0, seen)],
    at2,
  ),
  ml(
    'labels_float_int',
    'LabelEncoder',
    {
      keys_floats: floats([1.5, Number.NaN, 2]),
      values_int64s: [10, 20, 30],
      default_int64: -7,
    },
    [real],
    [i64([5], [10, 20, -7, -7, 30])],
    at4,
  ),
  ml(
    'labels_int_int',
    'LabelEncoder',
    { keys_int64s: [5, 0], values_int64s: [1, 2] },
    [seen],
    [keyed([5, 0], [1, 2], -1, seen, 'int64')],
    at2,
  ),
  ml(
    'labels_tensors',
    'LabelEncoder',
    {
      keys_tensor: list('int16', [7, 4, -4]),
      values_tensor: list('float64', [0.1, 0.2, 0.3]),
      default_tensor: list('float64', [9]),
    },
    [int16s],
    [tensor('float64', [4], [0.2, 0.3, 0.1, 9])],
    { ...at4, ort: 'lacks this pair of types' },
  ),
  ml(
    'labels_last_key_wins',
    'LabelEncoder',
    { keys_int64s: [5, 5], values_int64s: [1, 2] },
    [seen],
    [keyed([5], [2], -1, seen, 'int64')],
    { ...at4, ort: 'takes the first of equal keys' },
  ),
  bad('labels_lengths', 'LabelEncoder', { keys_int64s: [5, 5], values_int64s: [1] }, [seen], undefined, at2),
  bad(
    'labels_two_keys',
    'LabelEncoder',
    { keys_int64s: [5], keys_floats: floats([1]), values_int64s: [1] },
    [seen],
    undefined,
    at2,
  ),
  bad('labels_no_values', 'LabelEncoder', { keys_int64s: [5] }, [seen], undefined, at2),
  bad(
    'labels_type',
    'LabelEncoder',
    { keys_floats: floats([5]), values_int64s: [1] },
    [seen],
    'bad-type',
    at2,
  ),
  bad(
    'labels_default',
    'LabelEncoder',
    {
      keys_int64s: [5],
      values_int64s: [1],
      default_tensor: list('float32', [1]),
    },
    [seen],
    undefined,
    at4,
  ),
  ml('one_hot', 'OneHotEncoder', { cats_int64s: [5, 1, -2] }, [seen], [hot(seen, [5, 1, -2])]),
  ml('one_hot_floats', 'OneHotEncoder', { cats_int64s: [0, 1, -3, 2] }, [real], [hot(real, [0, 1, -3, 2])], {
    ort: 'casts NaN as the processor does',
  }),
  bad('one_hot_unknown', 'OneHotEncoder', { cats_int64s: [5, 1, -2], zeros: 0 }, [seen], 'bad-value'),
  bad('one_hot_none', 'OneHotEncoder', {}, [seen]),
];

// ---- strings ----

const text = (list, dims = [list.length]) => tensor('string', dims, list);
const names = ['ape', 'cow', 'Ünal'];
const words = text(['cow', 'ape', 'dog', '', 'Ünal', 'cow'], [2, 3]);
const few = i64([2, 2], [1, 0, 7, 2]);
const mapper = { cats_strings: names, cats_int64s: [10, 20, 30] };
const { classlabels_ints: _, ...rest } = linearSvc;
const stringSvc = { ...rest, classlabels_strings: names };
const spelled = (list) => text(list.map((i) => names[i]));

const strings = [
  ml(
    'strings_to_int',
    'LabelEncoder',
    { keys_strings: names, values_int64s: [1, 2, 3], default_int64: 42 },
    [words],
    [i64([2, 3], [2, 1, 42, 42, 3, 2])],
    at2,
  ),
  ml(
    'strings_to_strings',
    'LabelEncoder',
    { keys_strings: names, values_strings: ['x', 'y', ''] },
    [words],
    [text(['y', 'x', '_Unused', '_Unused', '', 'y'], [2, 3])],
    at4,
  ),
  ml(
    'strings_from_floats',
    'LabelEncoder',
    {
      keys_floats: floats([1.5, 2]),
      values_strings: ['x', 'y'],
      default_string: 'none',
    },
    [real],
    [text(['x', 'none', 'none', 'none', 'y'])],
    at2,
  ),
  ml(
    'strings_tensors',
    'LabelEncoder',
    {
      keys_tensor: { tensor: onnxTensor('', 'string', [3], names) },
      values_tensor: list('int16', [1, 2, 3]),
      default_tensor: list('int16', [9]),
    },
    [words],
    [tensor('int16', [2, 3], [2, 1, 9, 9, 3, 2])],
    at4,
  ),
  ml(
    'classes_of_strings',
    'LabelEncoder',
    { classes_strings: names, default_int64: -5, default_string: '?' },
    [words],
    [i64([2, 3], [1, 0, -5, -5, 2, 1])],
  ),
  ml(
    'classes_of_ints',
    'LabelEncoder',
    { classes_strings: names, default_int64: -5, default_string: '?' },
    [few],
    [text(['cow', 'ape', '?', 'Ünal'], [2, 2])],
  ),
  ml(
    'categories_of_strings',
    'CategoryMapper',
    { ...mapper, default_int64: 0 },
    [words],
    [i64([2, 3], [20, 10, 0, 0, 30, 20])],
  ),
  ml('categories_of_ints', 'CategoryMapper', mapper, [i64([2], [30, 31])], [text(['Ünal', '_Unused'])]),
  bad('categories_lengths', 'CategoryMapper', { ...mapper, cats_int64s: [1] }, [words]),
  ml(
    'one_hot_strings',
    'OneHotEncoder',
    { cats_strings: names },
    [words],
    [
      f32(
        [2, 3, 3],
        words.data.flatMap((word) => names.map((name) => Number(name === word))),
      ),
    ],
  ),
  bad('one_hot_strings_of_ints', 'OneHotEncoder', { cats_int64s: [1, 2] }, [words], 'bad-type'),
  ml(
    'extractor_strings',
    'ArrayFeatureExtractor',
    {},
    [words, i64([2], [2, 0])],
    [text(['dog', 'cow', 'cow', ''], [2, 2])],
  ),
  ml(
    'classifier_strings',
    'LinearClassifier',
    { coefficients: floats(w), intercepts: floats(b), classlabels_strings: names },
    [x],
    [spelled(linear(x, w, b).map(best)), flat(linear(x, w, b))],
  ),
  ml('svm_strings', 'SVMClassifier', stringSvc, [x], [spelled(linearScores.map(best)), flat(linearScores)]),
];

export default [...features, ...linears, ...machines, ...encoders, ...strings];
