// Reads ONNX's TensorProto, the form in which the standard's test vectors keep inputs and expected outputs.
import { Tensor } from './dist.js';

const TYPES = [
  null,
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
];

/** The fields of a protobuf message: [number, value], a value being a BigInt (varint) or bytes. */
export function* fields(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 63n) throw new Error('truncated protobuf');
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length) => {
    if (at + length > bytes.length) throw new Error('truncated protobuf');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const wire = key & 7;
    if (wire === 0) yield [key >> 3, varint()];
    else if (wire === 2) yield [key >> 3, take(Number(varint()))];
    else yield [key >> 3, take(wire === 1 ? 8 : 4)];
  }
}

/** A repeated number, packed or not. */
export function* numbers(value) {
  if (typeof value === 'bigint') {
    yield value;
    return;
  }
  for (let at = 0; at < value.length; ) {
    let number = 0n;
    for (let shift = 0n; ; shift += 7n) {
      number |= BigInt(value[at] & 127) << shift;
      if (value[at++] < 128) break;
    }
    yield number;
  }
}

const concat = (chunks) => new Uint8Array(Buffer.concat(chunks)).buffer;

/**
 * @param {Uint8Array} bytes of a .pb file
 * @returns {{name: string, tensor: Tensor}}
 */
export function readTensor(bytes) {
  const dims = [];
  const parts = { raw: [], float32: [], float64: [], ints: [], strings: [] };
  let type = 0;
  let name = '';
  for (const [field, value] of fields(bytes)) {
    if (field === 1) dims.push(...[...numbers(value)].map(Number));
    else if (field === 2 && typeof value === 'bigint') type = Number(value);
    else if (field === 4) parts.float32.push(value);
    else if (field === 5 || field === 7 || field === 11) parts.ints.push(...numbers(value));
    else if (field === 6) parts.strings.push(new TextDecoder().decode(value));
    else if (field === 8) name = new TextDecoder().decode(value);
    else if (field === 9) parts.raw.push(value);
    else if (field === 10) parts.float64.push(value);
  }
  const kind = TYPES[type];
  if (!kind || /complex/.test(kind)) throw new Error(kind ? `${kind} tensors` : 'not a tensor');
  const ArrayType = new Tensor(kind, [], [0]).data.constructor;
  let data;
  if (kind === 'string') data = parts.strings;
  else if (parts.raw.length) data = new ArrayType(concat(parts.raw));
  else if (kind === 'float32') data = new Float32Array(concat(parts.float32));
  else if (kind === 'float64') data = new Float64Array(concat(parts.float64));
  else if (/int64/.test(kind)) data = ArrayType.from(parts.ints, (v) => v);
  else data = ArrayType.from(parts.ints, (v) => Number(BigInt.asIntN(32, v)));
  return { name, tensor: new Tensor(kind, data, dims) };
}

const only = (bytes, number) =>
  [...fields(bytes)].filter(([field]) => field === number).map(([, value]) => value);
const sequence = (bytes) => only(bytes, 3).map((tensor) => readTensor(tensor).tensor);

/**
 * Reads what a model declares as a tensor, a sequence or an optional of one.
 * @param {Uint8Array} bytes of a .pb file
 * @param {import('../../js/siskin.d.ts').ValueInfo} info
 */
export function readValue(bytes, { kind, optional }) {
  if (!optional) return kind === 'sequence' ? sequence(bytes) : readTensor(bytes).tensor;
  const [tensor] = only(bytes, 3);
  const [list] = only(bytes, 5);
  return tensor ? readTensor(tensor).tensor : list ? sequence(list) : null;
}
