// Times a tree ensemble of 500 trees on 10,000 rows of 20 features, on one thread:
//   node [--experimental-wasm-relaxed-simd] tests/bench/trees.js [TREES ROWS DEPTH]
// The trees are random, as deep as told (7 by default) but for a few branches that end early, with splits that cut evenly,
// so that every walk takes its own way. onnxruntime-web runs the same model when make bench has installed it.
import { createRequire } from 'node:module';
import path from 'node:path';
import { noise } from '../conformance/cases.js';
import { load } from '../conformance/dist.js';
import { build, node, value } from '../js/onnx-builder.js';

const [TREES = 500, ROWS = 10000, DEPTH = 7] = process.argv.slice(2).map(Number);
const FEATURES = 20;
const RUNS = 7;

/** Attributes of the ensemble; `way` is the comparison of all nodes, `holes`: say where NaN goes. */
function forest({ way = 'BRANCH_LEQ', holes = false } = {}) {
  const nodes = {
    treeids: [],
    nodeids: [],
    featureids: [],
    modes: [],
    values: [],
    truenodeids: [],
    falsenodeids: [],
  };
  const target = { treeids: [], nodeids: [], ids: [], weights: [] };
  const tracks = [];
  const random = noise([TREES * 2 ** (DEPTH + 2)], { seed: 5 });
  let at = 0;
  const next = () => random[at++ % random.length];
  const add = (tree, depth, ids) => {
    const id = ids.next++;
    const here = nodes.treeids.length;
    const leaf = depth === 0 || (depth < DEPTH / 2 && next() > 0.8);
    nodes.treeids.push(tree);
    nodes.nodeids.push(id);
    nodes.featureids.push(leaf ? 0 : Math.floor(((next() + 1) / 2) * FEATURES));
    nodes.modes.push(leaf ? 'LEAF' : way);
    nodes.values.push(leaf ? 0 : next() * 0.5);
    nodes.truenodeids.push(0);
    nodes.falsenodeids.push(0);
    tracks.push(leaf ? 0 : Number(next() > 0));
    if (leaf) {
      target.treeids.push(tree);
      target.nodeids.push(id);
      target.ids.push(0);
      target.weights.push(next());
      return id;
    }
    nodes.truenodeids[here] = add(tree, depth - 1, ids);
    nodes.falsenodeids[here] = add(tree, depth - 1, ids);
    return id;
  };
  for (let tree = 0; tree < TREES; tree++) add(tree, DEPTH, { next: 0 });
  const named = (prefix, lists) =>
    Object.fromEntries(
      Object.entries(lists).map(([key, list]) => [
        `${prefix}_${key}`,
        key === 'values' || key === 'weights' ? { floats: list } : list,
      ]),
    );
  return {
    ...named('nodes', nodes),
    ...named('target', target),
    n_targets: 1,
    ...(holes ? { nodes_missing_value_tracks_true: tracks } : {}),
  };
}

function modelOf(options) {
  return build({
    opset: 17,
    opsets: { 'ai.onnx.ml': 3 },
    inputs: [value('x', 'float32', [ROWS, FEATURES])],
    outputs: [value('y', 'float32', [ROWS, 1])],
    nodes: [node('TreeEnsembleRegressor', ['x'], ['y'], forest(options), { domain: 'ai.onnx.ml' })],
  });
}

/** @returns {Promise<number>} the fastest of the runs in ms, after one that does not count */
async function fastest(run) {
  await run();
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    await run();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

const x = noise([ROWS, FEATURES], { seed: 3 });

async function siskin(bytes, simd) {
  const started = performance.now();
  const model = await load(bytes, { simd, threads: 1 });
  const loading = performance.now() - started;
  const run = () => model.predict({ x: { type: 'float32', dims: [ROWS, FEATURES], data: x } });
  const ms = await fastest(run);
  const { y } = await run();
  await model.dispose();
  return { ms, loading, y: y.data };
}

async function onnxruntimeWeb(bytes) {
  const require = createRequire(path.join(import.meta.dirname, 'package.json'));
  let ort;
  try {
    ort = require('onnxruntime-web');
  } catch {
    return null;
  }
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(bytes);
  const run = () => session.run({ x: new ort.Tensor('float32', x, [ROWS, FEATURES]) });
  const ms = await fastest(run);
  const { y } = await run();
  return { ms, y: y.data };
}

const apart = (a, b) => {
  const most = Math.max(...Array.from(b, Math.abs));
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]))) / most;
};

for (const [name, options] of [
  ['<=', {}],
  ['<, NaN either way', { way: 'BRANCH_LT', holes: true }],
  ['>', { way: 'BRANCH_GT' }],
]) {
  const bytes = modelOf(options);
  const results = [];
  let first;
  for (const simd of ['simd128', 'relaxed']) {
    const { ms, loading, y } = await siskin(bytes, simd);
    first ??= y;
    results.push(`siskin ${simd} ${ms.toFixed(0)} ms (load ${loading.toFixed(0)})`);
  }
  const other = await onnxruntimeWeb(bytes);
  if (other)
    results.push(
      `onnxruntime-web ${other.ms.toFixed(0)} ms, apart by ${apart(first, other.y).toExponential(1)}`,
    );
  console.log(`${TREES} trees of depth ${DEPTH} by ${name}, ${ROWS} rows: ${results.join(', ')}`);
}
