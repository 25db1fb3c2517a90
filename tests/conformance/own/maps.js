// Maps as inputs and outputs, of ai.onnx.ml.
import { build, mapValue, node, value } from '../../js/onnx-builder.js';
import { f32 } from '../cases.js';

const of = (op, attrs, input, output) => () =>
  build({
    opsets: { 'ai.onnx.ml': 1 },
    inputs: [input],
    outputs: [output],
    nodes: [node(op, ['x0'], ['y0'], attrs, { domain: 'ai.onnx.ml' })],
  });
const ort = 'onnxruntime for Node has no maps';

export default [
  {
    name: 'zip_map',
    model: of(
      'ZipMap',
      { classlabels_strings: ['ape', 'cow'] },
      value('x0', 'float32', ['n', 2]),
      mapValue('y0', 'string', 'float32', true),
    ),
    inputs: [f32([2, 2], [0.5, 1, -2, 3])],
    outputs: [
      [
        { ape: 0.5, cow: 1 },
        { ape: -2, cow: 3 },
      ],
    ],
    ort,
  },
  {
    name: 'dict_vectorizer',
    model: of(
      'DictVectorizer',
      { string_vocabulary: ['a', 'b', 'c'] },
      mapValue('x0', 'string', 'float32'),
      value('y0', 'float32', [1, 3]),
    ),
    inputs: [{ c: 2, a: -1 }],
    outputs: [f32([1, 3], [-1, 0, 2])],
    ort,
  },
  {
    name: 'cast_map',
    model: of(
      'CastMap',
      { cast_to: 'TO_FLOAT', map_form: 'SPARSE', max_map: 4 },
      mapValue('x0', 'int64', 'float32'),
      value('y0', 'float32', [1, 4]),
    ),
    inputs: [{ 1: 5, 3: 7 }],
    outputs: [f32([1, 4], [0, 5, 0, 7])],
    ort,
  },
];
