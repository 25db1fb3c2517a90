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

/**
 * A constant (TensorProto), its elements as raw data. external: {location, offset, length} of them elsewhere.
 */
export function tensor(name, type, dims, elements, external) {
  const header = [...dims.map((dim) => integer(1, dim)), integer(2, TYPES.indexOf(type)), text(8, name)];
  if (external) {
    const entry = ([key, string]) => message(13, text(1, key), text(2, String(string)));
    return [...header, ...Object.entries(external).map(entry), integer(14, 1)];
  }
  const raw = ArrayBuffer.isView(elements) ? elements : ARRAYS[type].from(elements);
  return [...header, bytes(9, new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength))];
}

/** An attribute, its kind taken from the value: whole numbers are ints, other numbers floats; {float: 1} forces one. */
function attribute(name, given) {
  const head = text(1, name);
  const kind = (number) => integer(20, number);
  if (given.float !== undefined) return [head, float(2, given.float), kind(1)];
  if (given.tensor) return [head, message(5, ...given.tensor), kind(4)];
  if (given.graph) return [head, message(6, ...graph(given.graph)), kind(5)];
  if (typeof given === 'string') return [head, text(4, given), kind(3)];
  if (Array.isArray(given)) {
    return given.every(Number.isInteger)
      ? [head, ...given.map((item) => integer(8, item)), kind(7)]
      : [head, ...given.map((item) => float(7, item)), kind(6)];
  }
  return Number.isInteger(given) ? [head, integer(3, given), kind(2)] : [head, float(2, given), kind(1)];
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
function graph({ name = 'graph', inputs = [], outputs = [], constants = [], nodes = [] }) {
  return [
    ...nodes.map((one) => message(1, ...one)),
    text(2, name),
    ...constants.map((one) => message(5, ...one)),
    ...inputs.map((one) => message(11, ...one)),
    ...outputs.map((one) => message(12, ...one)),
  ];
}

/** @returns {Uint8Array} the model file */
export function build({ opset = 17, irVersion = 8, producer = 'siskin tests', ...content }) {
  return concat([
    integer(1, irVersion),
    text(2, producer),
    message(7, ...graph(content)),
    message(8, text(1, ''), integer(2, opset)),
  ]);
}
