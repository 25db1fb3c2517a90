/**
 * Writes ONNX models as bytes, for tests that need a small model of a certain shape: a protobuf writer of the few
 * messages that takes, numbered as in onnx.proto.
 *
 *   build({
 *     inputs: [value('x', 'float32', ['n', 4])],
 *     outputs: [value('y', 'float32', ['n', 4])],
 *     constants: [tensor('two', 'float32', [], [2])],
 *     nodes: [node('Mul', ['x', 'two'], ['y'])],
 *   })
 */

/** By TensorProto.DataType. */
const TYPES = (
  '- float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64 uint32 uint64 complex64 complex128 bfloat16 ' +
  'float8e4m3fn float8e4m3fnuz float8e5m2 float8e5m2fnuz uint4 int4 float4e2m1 float8e8m0 uint2 int2'
).split(' ');
const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
};

/** A field is a Uint8Array: key and payload. A message is a list of fields. */
const concat = (parts) => Uint8Array.from(Buffer.concat(parts));

function varint(number) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(number));
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest);
  return Uint8Array.from(bytes);
}

export const integer = (field, number) => concat([varint(field * 8), varint(number)]);
export const bytes = (field, content) => concat([varint(field * 8 + 2), varint(content.length), content]);
export const text = (field, string) => bytes(field, new TextEncoder().encode(string));
export const message = (field, ...fields) => bytes(field, concat(fields.flat()));
export const float = (field, number) =>
  concat([varint(field * 8 + 5), new Uint8Array(Float32Array.of(number).buffer)]);

/** A graph input or output (ValueInfoProto). dims: numbers, names, or null; no dims: unknown rank. */
export function value(name, type, dims) {
  const dimension = (dim) =>
    message(1, typeof dim === 'number' ? integer(1, dim) : dim === null ? [] : text(2, dim));
  const shape = dims ? [message(2, ...dims.map(dimension))] : [];
  return [text(1, name), message(2, message(1, integer(1, TYPES.indexOf(type)), ...shape))];
}

/** A graph input or output that is a map, or a sequence of maps. */
export function mapValue(name, keys, values, sequence = false) {
  const code = (type) => integer(1, TYPES.indexOf(type));
  const map = message(5, code(keys), message(2, message(1, code(values))));
  return [text(1, name), message(2, sequence ? message(4, message(1, map)) : map)];
}

/** A graph input or output that is a sequence of tensors, or, as `optional`, perhaps absent. */
export function sequenceValue(name, type, { optional = false } = {}) {
  const sequence = message(4, message(1, message(1, integer(1, TYPES.indexOf(type)))));
  return [text(1, name), message(2, optional ? message(9, message(1, sequence)) : sequence)];
}

/**
 * A constant (TensorProto), its elements as raw data: an array of the type's elements, or a typed array whose bytes
 * are taken as they are. external: {location, offset, length} of them elsewhere.
 */
export function tensor(name, type, dims, elements, external) {
  const header = [...dims.map((dim) => integer(1, dim)), integer(2, TYPES.indexOf(type)), text(8, name)];
  if (external) {
    const entry = ([key, string]) => message(13, text(1, key), text(2, String(string)));
    return [...header, ...Object.entries(external).map(entry), integer(14, 1)];
  }
  if (type === 'string') return [...header, ...elements.map((string) => text(6, string))];
  const raw = ArrayBuffer.isView(elements) ? elements : ARRAYS[type].from(elements);
  return [...header, bytes(9, new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength))];
}

/** A constant of zeros but for some elements (SparseTensorProto). values and indices: as tensor() gives them. */
export const sparse = (dims, values, indices) => [
  message(1, ...values),
  message(2, ...indices),
  ...dims.map((dim) => integer(3, dim)),
];

const ATTRIBUTES = {
  float: (one) => [float(2, one), 1],
  int: (one) => [integer(3, one), 2],
  string: (one) => [text(4, one), 3],
  tensor: (one) => [message(5, ...one), 4],
  graph: (one) => [message(6, ...graph(one)), 5],
  floats: (list) => [...list.map((item) => float(7, item)), 6],
  ints: (list) => [...list.map((item) => integer(8, item)), 7],
  strings: (list) => [...list.map((item) => text(9, item)), 8],
  tensors: (list) => [...list.map((item) => message(10, ...item)), 9],
  sparse: (one) => [message(22, ...one), 11],
  graphs: (list) => [...list.map((item) => message(11, ...graph(item))), 10],
};

/** The kind that a plain value means: whole numbers are ints, other numbers floats. */
function kindOf(given) {
  if (typeof given === 'string') return 'string';
  if (typeof given === 'bigint' || Number.isInteger(given)) return 'int';
  if (!Array.isArray(given)) return 'float';
  if (given.length && given.every((item) => typeof item === 'string')) return 'strings';
  return given.every((item) => kindOf(item) === 'int') ? 'ints' : 'floats';
}

/** An attribute of the kind that the value looks like; {float: 1}, {floats: [1, 2]}, {tensor: ...} name one. */
function attribute(name, given) {
  const [key] = typeof given === 'object' && !Array.isArray(given) ? Object.keys(given) : [];
  const fields = key ? ATTRIBUTES[key](given[key]) : ATTRIBUTES[kindOf(given)](given);
  const kind = fields.pop();
  return [text(1, name), ...fields, integer(20, kind)];
}

/** @param {string} op @param {string[]} inputs '' is an absent optional */
export function node(op, inputs, outputs, attributes = {}, { name = '', domain = '' } = {}) {
  return [
    ...inputs.map((input) => text(1, input)),
    ...outputs.map((output) => text(2, output)),
    ...(name ? [text(3, name)] : []),
    text(4, op),
    ...Object.entries(attributes).map(([key, given]) => message(5, ...attribute(key, given))),
    ...(domain ? [text(7, domain)] : []),
  ];
}

/** A graph's fields, for a subgraph attribute ({graph: {...}}) or the model. */
function graph({ name = 'graph', inputs = [], outputs = [], constants = [], sparse = [], nodes = [] }) {
  return [
    ...nodes.map((one) => message(1, ...one)),
    text(2, name),
    ...constants.map((one) => message(5, ...one)),
    ...inputs.map((one) => message(11, ...one)),
    ...outputs.map((one) => message(12, ...one)),
    ...sparse.map((one) => message(15, ...one)),
  ];
}

/**
 * @param {{opset?: number, opsets?: Record<string, number>, irVersion?: number, producer?: string, [key: string]: any}} model
 *   opsets: versions of further domains
 * @returns {Uint8Array} the model file
 */
export function build({ opset = 17, opsets = {}, irVersion = 8, producer = 'siskin tests', ...content }) {
  return concat([
    integer(1, irVersion),
    text(2, producer),
    message(7, ...graph(content)),
    ...Object.entries({ '': opset, ...opsets }).map(([domain, version]) =>
      message(8, text(1, domain), integer(2, version)),
    ),
  ]);
}
