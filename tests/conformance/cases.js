// What the cases of own/*.js are written with.
import { Tensor } from './dist.js';

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** A number as bfloat16, rounded to nearest even. */
function toBfloat16(number) {
  float[0] = number;
  if (Number.isNaN(number)) return 0x7fc0;
  return (bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) >>> 16;
}

/** A number as float16, rounded to nearest even. */
function toFloat16(number) {
  const sign = number < 0 || Object.is(number, -0) ? 0x8000 : 0;
  const size = Math.abs(number);
  if (Number.isNaN(number)) return 0x7e00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 1e-30)));
  const steps = size / 2 ** (exponent - 10); // 1024..2047 when normal
  const low = Math.floor(steps);
  const up = steps - low > 0.5 || (steps - low === 0.5 && low % 2);
  const code = exponent > 15 ? 0x7c00 : (exponent + 14) * 1024 + low + (up ? 1 : 0);
  return sign | Math.min(code, 0x7c00);
}

const CODES = { float16: toFloat16, bfloat16: toBfloat16 };

/** A tensor of the numbers given; float16 and bfloat16 from numbers too, not from bits. */
export function tensor(type, dims, numbers) {
  const code = CODES[type];
  if (code) return new Tensor(type, Uint16Array.from(numbers, code), dims);
  return new Tensor(type, /int64/.test(type) ? Array.from(numbers, BigInt) : Array.from(numbers), dims);
}
export const f32 = (dims, numbers) => tensor('float32', dims, numbers);
export const i64 = (dims, numbers) => tensor('int64', dims, numbers);
export const u8 = (dims, numbers) => tensor('uint8', dims, numbers);

export const count = (dims) => dims.reduce((product, dim) => product * dim, 1);

/** Numbers between -1 and 1 that look random and are always the same; in float32, so that all sides read them alike. */
export function noise(dims, { seed = 1, scale = 1, shift = 0 } = {}) {
  let state = seed * 2654435761;
  return Float32Array.from({ length: count(dims) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * scale + shift;
  });
}

/** f(x) for each element. */
export const map = (x, f) => tensor(x.type, x.dims, Array.from(numbersOf(x), f));

/** A tensor's elements as numbers, float16 and bfloat16 decoded. */
export const numbersOf = (x) => (/^b?float16$/.test(x.type) ? x.toFloat32() : x.data);

/** A tensor of strings. */
export const str = (dims, list) => new Tensor('string', list, dims);
export const bools = (dims, list) => tensor('bool', dims, list.map(Number));
/** A case of one node; `rest`: its further fields. */
export const one = (name, op, opset, attrs, inputs, outputs, rest = {}) => ({
  name,
  op,
  opset,
  attrs,
  inputs,
  outputs,
  ...rest,
});
/** One that must end in the error. */
export const bad = (name, op, opset, attrs, inputs, error, rest = {}) =>
  one(name, op, opset, attrs, inputs, undefined, { error, ...rest });
