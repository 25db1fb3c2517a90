// Whole models: sparse constants, and bodies of loops that do not declare the types of their inputs or give what is no
// tensor.
import { build, node, sequenceValue, sparse, tensor as constant, value } from '../../js/onnx-builder.js';
import { i64, tensor } from '../cases.js';

/* ---- sparse constants ---- */
const [ROWS, COLS] = [3, 4];
/** type, values, indices, dims of these: as an initializer, and as a Constant's value; x0 + it = y0. */
const sparseCase = (name, type, values, indices, indexDims, { dims = [ROWS, COLS], error, ort } = {}) => {
  const proto = sparse(
    dims,
    constant('w', type, [values.length], values),
    constant('at', 'int64', indexDims, indices),
  );
  const content = {
    opset: 13,
    irVersion: 8,
    inputs: [value('x0', type, [ROWS, COLS])],
    outputs: [value('y0', type, [ROWS, COLS])],
  };
  const sum = node('Add', ['x0', 'w'], ['y0']);
  const x = tensor(
    type,
    [ROWS, COLS],
    Array.from({ length: ROWS * COLS }, (_, i) => i),
  );
  const places = Array.from(values, (_, i) => {
    const row = indices.slice(
      (i * indices.length) / values.length,
      ((i + 1) * indices.length) / values.length,
    );
    return row.length === 1 ? Number(row[0]) : Number(row[0]) * COLS + Number(row[1]);
  });
  const y = Array.from(x.data, (v, i) => Number(v) + Number(values[places.indexOf(i)] ?? 0));
  const common = { inputs: [x], ...(error ? { error } : { outputs: [tensor(type, [ROWS, COLS], y)] }), ort };
  return [
    { ...common, name: `sparse_${name}`, model: () => build({ ...content, sparse: [proto], nodes: [sum] }) },
    {
      ...common,
      name: `sparse_${name}_constant`,
      model: () =>
        build({ ...content, nodes: [node('Constant', [], ['w'], { sparse_value: { sparse: proto } }), sum] }),
    },
  ];
};
const sparses = [
  ...sparseCase('pairs', 'float32', [5, 6, 7], [0n, 1n, 1n, 3n, 2n, 0n], [3, 2]),
  ...sparseCase('linear', 'float32', [5, 6], [1n, 11n], [2]),
  ...sparseCase('int64', 'int64', [5n, -6n], [0n, 4n], [2]),
  ...sparseCase('none', 'float32', [], [], [0]),
  ...sparseCase('negative', 'float32', [5], [-1n], [1], { error: 'malformed-model' }),
  ...sparseCase('beyond', 'float32', [5], [12n], [1], { error: 'malformed-model' }),
  ...sparseCase('beyond_a_row', 'float32', [5], [0n, 4n], [1, 2], { error: 'malformed-model' }),
  ...sparseCase('of_too_few_indices', 'float32', [5, 6], [0n], [1], { error: 'malformed-model' }),
  ...sparseCase('of_other_rank', 'float32', [5], [0n, 0n, 0n], [1, 3], { error: 'malformed-model' }),
  ...sparseCase('huge', 'float32', [5], [0n], [1], { dims: [2 ** 31 - 1, 2 ** 31 - 1], error: 'limit' }),
];

/* ---- bodies ---- */
/** A Loop over x1, carrying x0, whose body's inputs have the types given ('-': none). */
const loop = (name, type, inner, body, rest) => {
  const graph = {
    inputs: [value('i', 'int64', []), value('c', 'bool', []), value('v', inner)],
    outputs: [value('c2', 'bool', []), value('v2', inner), ...(body.collected ?? [])],
    nodes: [node('Identity', ['c'], ['c2']), ...body.nodes],
  };
  const outputs = ['y0', ...(body.collected ? ['y1'] : [])];
  return {
    name: `loop_${name}`,
    inputs: [tensor(type, [2, 2], [1, 0.5, 0, 1]), i64([], [2])],
    model: () =>
      build({
        opset: 17,
        inputs: [value('x0', type, [2, 2]), value('x1', 'int64', [])],
        outputs: outputs.map((output) => value(output, type)),
        nodes: [node('Loop', ['x1', '', 'x0'], outputs, { body: { graph } }, { name: 'tested' })],
      }),
    ...rest,
  };
};
const square = [node('MatMul', ['v', 'v'], ['v2'])];
const loops = [
  ...['float16', 'bfloat16', 'float64', 'float32'].map((type) =>
    loop(
      `undeclared_${type}`,
      type,
      '-',
      { nodes: square },
      { outputs: [tensor(type, [2, 2], [1, 2, 0, 1])], ort: 'it wants the types' },
    ),
  ),
  ...[
    ['sequences', sequenceValue('s', 'float32'), 'bad-type'],
    ['sequences_undeclared', value('s', 'float32'), 'malformed-model'],
  ].map(([name, collected, error]) =>
    loop(
      `collects_${name}`,
      'float32',
      'float32',
      { nodes: [...square, node('SequenceConstruct', ['v', 'v'], ['s'])], collected: [collected] },
      { error },
    ),
  ),
];
const scan = {
  name: 'scan_undeclared_float16',
  inputs: [
    tensor('float16', [2, 2], [1, 1, 1, 1]),
    tensor('float16', [3, 2, 2], [1, 0, 0, 1, 2, 0, 0, 2, 0, 1, 1, 0]),
  ],
  model: () =>
    build({
      opset: 17,
      inputs: [value('x0', 'float16', [2, 2]), value('x1', 'float16', [3, 2, 2])],
      outputs: [value('y0', 'float16'), value('y1', 'float16')],
      nodes: [
        node(
          'Scan',
          ['x0', 'x1'],
          ['y0', 'y1'],
          {
            num_scan_inputs: 1,
            body: {
              graph: {
                inputs: [value('v', '-'), value('m', '-')],
                outputs: [value('v2', '-'), value('s', '-')],
                nodes: [
                  node('MatMul', ['v', 'm'], ['v2']),
                  node('ReduceSum', ['v2'], ['s'], { keepdims: 0 }),
                ],
              },
            },
          },
          { name: 'tested' },
        ),
      ],
    }),
  outputs: [tensor('float16', [2, 2], [2, 2, 2, 2]), tensor('float16', [3], [4, 8, 8])],
  ort: 'it wants the types',
};

export default [...sparses, ...loops, scan];
