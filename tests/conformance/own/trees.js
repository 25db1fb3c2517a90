// Tree ensembles, in both ways that the standard has of writing them down; each is computed here by walking the trees
// as they are described.
import { tensor as onnxTensor } from '../../js/onnx-builder.js';
import { f32, i64, map, noise, numbersOf, tensor } from '../cases.js';

const HOLDS = {
  BRANCH_LEQ: (x, v) => x <= v,
  BRANCH_LT: (x, v) => x < v,
  BRANCH_GTE: (x, v) => x >= v,
  BRANCH_GT: (x, v) => x > v,
  BRANCH_EQ: (x, v) => x === v,
  BRANCH_NEQ: (x, v) => x !== v,
  BRANCH_MEMBER: (x, set) => set.includes(x),
};
const MODES = Object.keys(HOLDS);

/**
 * A tree is {feature, mode, split, missing, yes, no} or a leaf {votes: [[target, weight], ...]}.
 * One of the given depth, with splits and weights that look random.
 */
function grow(depth, { features, targets, modes, seed, votes = 1, missing = 0, sign = 1 }) {
  const random = noise([4], { seed: seed * 7 + depth });
  const pick = (k, n) => Math.floor(((random[k] + 1) / 2) * n);
  if (!depth)
    return {
      votes: Array.from({ length: votes }, (_, k) => [
        (pick(0, targets) + k) % targets,
        sign * Math.fround(random[1 + k] + k / 7),
      ]),
    };
  const options = { features, targets, modes, votes, missing, sign };
  return {
    feature: pick(0, features),
    mode: modes[pick(1, modes.length)],
    split: Math.fround(Math.round(random[2] * 4) / 4),
    missing: missing && random[3] > 0 ? 1 : 0,
    yes: grow(depth - 1, { ...options, seed: seed * 2 }),
    no: grow(depth - (random[3] > 0.3 && depth > 1 ? 2 : 1), { ...options, seed: seed * 2 + 1 }),
  };
}
const forest = (n, depth, options) =>
  Array.from({ length: n }, (_, i) => grow(depth, { ...options, seed: i * 31 + options.seed }));

function reach(tree, row) {
  let at = tree;
  while (!at.votes) {
    const x = row[at.feature];
    at = HOLDS[at.mode](x, at.split) || (Number.isNaN(x) && at.missing) ? at.yes : at.no;
  }
  return at;
}

const rowsOf = (x) => {
  const width = x.dims.at(-1);
  const all = Array.from(numbersOf(x), Number);
  return Array.from({ length: all.length / width }, (_, i) => all.slice(i * width, (i + 1) * width));
};

const AGGREGATES = {
  SUM: (list) => list.reduce((a, b) => a + b, 0),
  AVERAGE: (list, trees) => list.reduce((a, b) => a + b, 0) / trees,
  MIN: (list) => (list.length ? Math.min(...list) : 0),
  MAX: (list) => (list.length ? Math.max(...list) : 0),
};

/** [row][target] */
function scores(trees, x, targets, { aggregate = 'SUM', base = [] } = {}) {
  return rowsOf(x).map((row) => {
    const leaves = trees.map((tree) => reach(tree, row).votes);
    return Array.from({ length: targets }, (_, target) => {
      const weights = leaves.flatMap((votes) => votes.filter(([t]) => t === target).map(([, w]) => w));
      return AGGREGATES[aggregate](weights, trees.length) + (base[target] ?? 0);
    });
  });
}

/** Attributes of versions 1 and 3; `wide`: numbers as tensors of double. */
function byIds(trees, kind, wide = false) {
  const nodes = [];
  const votes = [];
  for (const [tree, root] of trees.entries()) {
    let next = 0;
    const add = (at) => {
      const id = next++;
      const node = { tree, id, at, yes: 0, no: 0 };
      nodes.push(node);
      if (at.votes) for (const [target, weight] of at.votes) votes.push({ tree, id, target, weight });
      else [node.yes, node.no] = [add(at.yes), add(at.no)];
      return id;
    };
    add(root);
  }
  const numbers = (name, list) =>
    wide ? { [`${name}_as_tensor`]: { tensor: constant('float64', list) } } : { [name]: { floats: list } };
  const list = (of, key) => of.map(key);
  return {
    nodes_treeids: list(nodes, (n) => n.tree),
    nodes_nodeids: list(nodes, (n) => n.id),
    nodes_featureids: list(nodes, (n) => n.at.feature ?? 0),
    nodes_modes: list(nodes, (n) => n.at.mode ?? 'LEAF'),
    ...numbers(
      'nodes_values',
      list(nodes, (n) => n.at.split ?? 0),
    ),
    nodes_truenodeids: list(nodes, (n) => n.yes),
    nodes_falsenodeids: list(nodes, (n) => n.no),
    nodes_missing_value_tracks_true: list(nodes, (n) => n.at.missing ?? 0),
    [`${kind}_treeids`]: list(votes, (v) => v.tree),
    [`${kind}_nodeids`]: list(votes, (v) => v.id),
    [`${kind}_ids`]: list(votes, (v) => v.target),
    ...numbers(
      `${kind}_weights`,
      list(votes, (v) => v.weight),
    ),
  };
}
const constant = (type, list) => onnxTensor('', type, [list.length], list);

/** Attributes of TreeEnsemble. */
function byPosition(trees, type) {
  const nodes = [];
  const leaves = [];
  const roots = [];
  const add = (at) => {
    if (at.votes) return [1, leaves.push(at.votes[0]) - 1];
    const node = { at };
    const position = nodes.push(node) - 1;
    node.yes = add(at.yes);
    node.no = add(at.no);
    return [0, position];
  };
  for (const tree of trees) roots.push(add(tree)[1]);
  const sets = nodes.flatMap(({ at }) => (at.mode === 'BRANCH_MEMBER' ? [...at.split, Number.NaN] : []));
  return {
    tree_roots: roots,
    nodes_modes: {
      tensor: constant(
        'uint8',
        nodes.map(({ at }) => MODES.indexOf(at.mode)),
      ),
    },
    nodes_featureids: nodes.map(({ at }) => at.feature),
    nodes_splits: {
      tensor: constant(
        type,
        nodes.map(({ at }) => (Array.isArray(at.split) ? 0 : at.split)),
      ),
    },
    nodes_trueleafs: nodes.map(({ yes }) => yes[0]),
    nodes_truenodeids: nodes.map(({ yes }) => yes[1]),
    nodes_falseleafs: nodes.map(({ no }) => no[0]),
    nodes_falsenodeids: nodes.map(({ no }) => no[1]),
    nodes_missing_value_tracks_true: nodes.map(({ at }) => at.missing ?? 0),
    leaf_targetids: leaves.map(([target]) => target),
    leaf_weights: {
      tensor: constant(
        type,
        leaves.map(([, weight]) => weight),
      ),
    },
    ...(sets.length ? { membership_values: { tensor: constant(type, sets) } } : {}),
  };
}

// ---- cases ----

const logistic = (x) => 1 / (1 + Math.exp(-x));
function softmax(list) {
  const most = Math.max(...list);
  const parts = list.map((x) => Math.exp(x - most));
  const sum = parts.reduce((a, b) => a + b, 0);
  return parts.map((x) => x / sum);
}
const TRANSFORMS = {
  NONE: (list) => list,
  LOGISTIC: (list) => list.map(logistic),
  SOFTMAX: softmax,
  SOFTMAX_ZERO: (list) => {
    const some = list.filter((x) => Math.abs(x) > 1e-7);
    const most = Math.max(...list);
    const sum = some.reduce((a, x) => a + Math.exp(x - most), 0);
    return list.map((x) => (Math.abs(x) > 1e-7 ? Math.exp(x - most) / sum : (x * Math.exp(-most)) / sum));
  },
};
const LEQ = ['BRANCH_LEQ'];
const x = f32([37, 5], map(f32([37, 5], noise([37, 5], { seed: 9 })), (v) => Math.round(v * 8) / 8).data);
const holes = f32(
  [37, 5],
  Array.from(x.data, (v, i) => (i % 3 ? v : Number.NaN)),
);
const flat = (rows, type = 'float32') => tensor(type, [rows.length, rows[0].length], rows.flat());
const base = { seed: 1, features: 5, targets: 1, modes: LEQ };
const both = (name, given) => [
  { ...given, name, opset: 1 },
  { ...given, name: `${name}_3`, opset: 3 },
];

function regressor(name, n, depth, options, { input = x, attrs = {}, ...how } = {}) {
  const settings = { ...base, ...options };
  const trees = forest(n, depth, settings);
  const post = TRANSFORMS[attrs.post_transform ?? 'NONE'];
  return both(name, {
    op: 'TreeEnsembleRegressor',
    domain: 'ai.onnx.ml',
    attrs: {
      ...byIds(trees, 'target'),
      n_targets: settings.targets,
      ...(how.aggregate ? { aggregate_function: how.aggregate } : {}),
      ...(how.base ? { base_values: { floats: how.base } } : {}),
      ...attrs,
    },
    inputs: [input],
    outputs: [flat(scores(trees, input, settings.targets, how).map(post))],
  });
}

/** expect: scores of a row to [label, scores]. */
function classifier(name, options, labels, expect, { input = x, attrs = {}, ort, ...how } = {}) {
  const settings = { ...base, targets: labels.length, ...options };
  const trees = options.trees ?? forest(6, 4, settings);
  const got = scores(trees, input, labels.length, how).map(expect);
  return both(name, {
    op: 'TreeEnsembleClassifier',
    domain: 'ai.onnx.ml',
    attrs: {
      ...byIds(trees, 'class'),
      [typeof labels[0] === 'string' ? 'classlabels_strings' : 'classlabels_int64s']: labels,
      ...(how.base ? { base_values: { floats: how.base } } : {}),
      ...attrs,
    },
    inputs: [input],
    outputs: [
      tensor(
        typeof labels[0] === 'string' ? 'string' : 'int64',
        [got.length],
        got.map(([label]) => labels[label]),
      ),
      flat(got.map(([, list]) => list)),
    ],
    ort,
  });
}
const best = (list) => list.indexOf(Math.max(...list));
const oneVoted = (name, sign, how, expect) =>
  classifier(name, { trees: forest(6, 4, { ...base, sign }) }, [3, 8], ([s]) => expect(Math.fround(s)), how);
const many = { votes: 3, seed: 4 };
const eighths = (t) => map(t, (v) => v * 8); // whole numbers, the only members that onnxruntime takes
const doubles = tensor('float64', x.dims, x.data);
const wideTrees = forest(4, 4, { ...base, targets: 2, votes: 2 });

function ensemble(
  name,
  trees,
  targets,
  { type = 'float32', input = x, attrs = {}, post = (l) => l, ort, ...how } = {},
) {
  const given = type === 'float32' ? input : tensor(type, input.dims, input.data);
  return {
    name,
    op: 'TreeEnsemble',
    opset: 5,
    domain: 'ai.onnx.ml',
    attrs: { ...byPosition(trees, type), n_targets: targets, ...attrs },
    inputs: [given],
    outputs: [flat(scores(trees, given, targets, how).map(post), type)],
    ort,
  };
}
const some = { ...base, targets: 3, modes: MODES.slice(0, 6), missing: 1, seed: 12 };
const member = (feature, split, yes, no, missing = 0) => ({
  feature,
  mode: 'BRANCH_MEMBER',
  split,
  yes,
  no,
  missing,
});
const leaf = (target, weight) => ({ votes: [[target, weight]] });
const positive = { ...grow(1, base), yes: leaf(0, 0.75), no: leaf(0, 0.25) };
const sets = [
  member(0, [2, -4], leaf(0, 1), member(1, [1], leaf(1, 2), leaf(2, 4), 1)),
  {
    feature: 2,
    mode: 'BRANCH_GT',
    split: 0,
    yes: leaf(0, 8),
    no: member(3, [0, 4, 8], leaf(1, 16), leaf(2, 32)),
  },
];
const bad = (name, attrs, error = 'malformed-model') => ({
  name,
  op: 'TreeEnsembleRegressor',
  opset: 3,
  domain: 'ai.onnx.ml',
  attrs: { ...byIds([grow(2, base)], 'target'), n_targets: 1, ...attrs },
  inputs: [x],
  error,
});

export default [
  ...regressor('sum', 7, 5, {}),
  ...regressor('average_base', 7, 4, { targets: 2, votes: 2 }, { aggregate: 'AVERAGE', base: [0.5, -2] }),
  ...regressor('min', 5, 4, { targets: 2, votes: 2 }, { aggregate: 'MIN' }),
  ...regressor('max_base', 5, 4, { targets: 1 }, { aggregate: 'MAX', base: [3] }),
  ...regressor('single_leaf', 1, 0, {}),
  ...regressor('all_modes', 9, 5, { modes: MODES.slice(0, 6), seed: 5 }),
  ...regressor('nan', 9, 5, { modes: MODES.slice(0, 6), seed: 6 }, { input: holes }),
  ...regressor('nan_tracks_true', 9, 5, { modes: MODES.slice(0, 6), seed: 7, missing: 1 }, { input: holes }),
  ...regressor('softmax', 5, 4, { targets: 3, votes: 3 }, { attrs: { post_transform: 'SOFTMAX' } }),
  ...regressor('lone_logistic_is_left_alone', 1, 0, {}, {}).map((test) => ({
    ...test,
    attrs: { ...test.attrs, post_transform: 'LOGISTIC' },
  })),
  {
    name: 'doubles',
    op: 'TreeEnsembleRegressor',
    opset: 3,
    domain: 'ai.onnx.ml',
    attrs: { ...byIds(wideTrees, 'target', true), n_targets: 2 },
    inputs: [doubles],
    outputs: [flat(scores(wideTrees, doubles, 2))],
  },
  ...['NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO'].flatMap((post) =>
    classifier(`three_${post.toLowerCase()}`, many, [5, -2, 9], (l) => [best(l), TRANSFORMS[post](l)], {
      attrs: { post_transform: post },
    }),
  ),
  ...classifier('three_base', many, [5, -2, 9], (l) => [best(l), l], { base: [0.5, 0.25, -0.5] }),
  ...classifier('strings', many, ['five', '', 'nine'], (l) => [best(l), l]),
  ...classifier('integers', many, [0, 1, 2], (l) => [best(l), l], {
    input: i64(
      x.dims,
      Array.from(x.data, (v) => Math.round(v * 2)),
    ),
  }),
  ...oneVoted('binary_signed', 1, {}, (s) => [s > 0 ? 1 : 0, [-s, s]]),
  ...oneVoted('binary_signed_logistic', 1, { attrs: { post_transform: 'LOGISTIC' } }, (s) => [
    s > 0 ? 1 : 0,
    [logistic(-s), logistic(s)],
  ]),
  ...oneVoted('binary_signed_base', 1, { base: [0.75] }, (s) => [s > 0 ? 1 : 0, [-s, s]]),
  ...classifier('binary_positive', { trees: [positive] }, [3, 8], ([s]) => [s > 0.5 ? 1 : 0, [1 - s, s]]),
  ...classifier(
    'binary_positive_logistic',
    { trees: [positive] },
    [3, 8],
    ([s]) => [s > 0.5 ? 1 : 0, [logistic(-s), logistic(s)]],
    { attrs: { post_transform: 'LOGISTIC' } },
  ),
  ...classifier('two', { votes: 2 }, [3, 8], (l) => [best(l), l], {
    ort: 'gives 1 or 0 instead of a label, by the sign of the second score',
  }),
  ensemble('ensemble', forest(5, 4, some), 3, { input: holes }),
  ensemble('ensemble_double', forest(5, 4, some), 3, { type: 'float64' }),
  ensemble('ensemble_average', forest(5, 4, some), 3, {
    aggregate: 'AVERAGE',
    attrs: { aggregate_function: 0 },
  }),
  ensemble('ensemble_min', forest(5, 4, { ...some, targets: 1 }), 1, {
    aggregate: 'MIN',
    attrs: { aggregate_function: 2 },
  }),
  ensemble('ensemble_softmax', forest(5, 4, some), 3, {
    post: softmax,
    attrs: { post_transform: 1 },
    ort: 'takes 1 for LOGISTIC',
  }),
  ensemble('ensemble_members', sets, 3, { input: eighths(x) }),
  ensemble('ensemble_members_nan', sets, 3, { input: eighths(holes) }),
  bad('cycle', { nodes_truenodeids: byIds([grow(2, base)], 'target').nodes_truenodeids.map(() => 0) }),
  bad('lengths', { nodes_featureids: [0] }),
  bad('no_such_node', {
    nodes_falsenodeids: byIds([grow(2, base)], 'target').nodes_falsenodeids.map(() => 99),
  }),
  bad('no_such_target', { n_targets: 0 }),
  bad(
    'no_such_feature',
    { nodes_featureids: byIds([grow(2, base)], 'target').nodes_featureids.map(() => 5) },
    'bad-shape',
  ),
];
