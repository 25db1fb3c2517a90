/**
 * Tensors as the caller sees them: an ONNX element type, a shape, and a typed array. Checked when made, so that a
 * wrong length is found where it was written.
 */
import { fail } from './errors.js';

/** @typedef {import('./siskin.d.ts').ElementType} ElementType */
/** @typedef {import('./siskin.d.ts').TensorData} TensorData */
/** @typedef {{new (buffer: ArrayBufferLike): ArrayBufferView, from(values: any): any}} ArrayClass */

/** @type {Record<string, any>} */
const ARRAYS = {
  __proto__: null, // a type's name is the caller's text and must not find Object.prototype's
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  bool: Uint8Array,
  string: Array,
};

/** int4, uint2, float4e2m1: the digit is the bits, several to a byte. */
const packed = (/** @type {string} */ type) => /^(?:u?int|float)([24])(e2m1)?$/.exec(type);

/**
 * The class of the elements' array; undefined for no type of ours.
 * @param {string} type
 * @returns {any}
 */
export const arrayOf = (type) =>
  ARRAYS[type] ?? (packed(type) || /^float8e/.test(type) ? Uint8Array : undefined);

/**
 * The same bytes as an array of class `wanted`, where classes differ in name only; else undefined.
 * @param {any} data
 * @param {string} type
 */
function recast(data, type) {
  const wanted = arrayOf(type);
  const name = data?.[Symbol.toStringTag];
  if (name === wanted.name) return data;
  if (name === 'ArrayBuffer') return new wanted(data);
  const same =
    (name === 'Float16Array' && type === 'float16') ||
    (name === 'Uint8ClampedArray' && wanted === Uint8Array);
  if (same) return new wanted(data.buffer, data.byteOffset, data.length);
  return Array.isArray(data) ? wanted.from(data) : undefined;
}

/** @param {number} h bits of a float16 */
function fromHalf(h) {
  const exponent = (h >> 10) & 31;
  const mantissa = h & 1023;
  const size =
    exponent > 30
      ? mantissa
        ? NaN
        : Infinity
      : exponent
        ? 2 ** (exponent - 25) * (1024 + mantissa)
        : mantissa * 2 ** -24;
  return h >> 15 ? -size : size;
}

export class Tensor {
  static name = 'Tensor'; // minified otherwise

  /**
   * @param {ElementType} type
   * @param {TensorData | ArrayBuffer | readonly any[]} data an array of numbers (of bigints for 64 bits) is
   *   converted, a buffer taken as the elements' bytes
   * @param {readonly number[]} [dims] by default one dimension: the data's length
   */
  constructor(type, data, dims) {
    const wanted = arrayOf(type);
    if (!wanted) fail('bad-type', `no element type '${type}'`);
    const elements = recast(data, type);
    if (!elements) {
      const got = /** @type {any} */ (data)?.[Symbol.toStringTag] ?? typeof data;
      fail('bad-type', `${type} takes ${wanted.name}, not ${got}`);
    }
    const shape = Array.from(dims ?? [elements.length], Number);
    let size = 1;
    for (const dim of shape) {
      if (!(dim >= 0 && dim === (dim | 0))) fail('bad-shape', `${dim} in [${shape}]`);
      size *= dim;
    }
    const bits = packed(type)?.[1];
    const length = bits ? Math.ceil((size * +bits) / 8) : size;
    if (elements.length !== length) {
      fail('bad-shape', `[${shape}] of ${type} takes ${length} array elements, not ${elements.length}`);
    }
    this.type = type;
    this.dims = shape;
    /** @type {any} */
    this.data = elements;
  }

  /** The elements as float32: float16 and bfloat16 decoded, other numbers converted. float32's own array as it is. */
  toFloat32() {
    const { type, data } = this;
    if (type === 'float32') return data;
    if (type === 'float16') return Float32Array.from(data, fromHalf);
    if (type === 'bfloat16') return new Float32Array(Uint32Array.from(data, (bits) => bits << 16).buffer);
    if (!ARRAYS[type] || type === 'string') fail('bad-type', `${type} has no conversion to float32`);
    return Float32Array.from(data, Number);
  }
}
