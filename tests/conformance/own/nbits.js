// MatMulNBits: weights of 2, 4 or 8 bits in blocks along K.
import { count, f32, noise, numbersOf, tensor, u8 } from '../cases.js';

const domain = 'com.microsoft';

/** Codes of `bits` bits, several to a byte, lowest first; each of `rows` rows begins a byte. */
function pack(codes, rows, bits) {
  const length = codes.length / rows;
  const bytes = Math.ceil((length * bits) / 8);
  const data = new Uint8Array(rows * bytes);
  codes.forEach((code, i) => {
    const bit = (i % length) * bits;
    data[Math.floor(i / length) * bytes + (bit >> 3)] |= code << (bit & 7);
  });
  return data;
}

/** zeros: 'packed', 'float' or undefined */
function nbits(
  name,
  { k, n, bits = 4, block = 16, dims = [3, k], zeros, bias, type = 'float32', rest = {} },
) {
  const blocks = Math.ceil(k / block);
  const limit = 1 << bits;
  const draw = (length, seed) =>
    Array.from(noise([length], { seed }), (v) => Math.floor(((v + 1) / 2) * limit) & (limit - 1));
  const a = tensor(type, dims, noise(dims, { seed: 1 }));
  const codes = draw(n * blocks * block, 2);
  const scales = tensor(type, [n * blocks], noise([n * blocks], { seed: 3, scale: 0.1, shift: 0.2 }));
  const zero = draw(n * blocks, 4);
  const extra = tensor(type, [n], noise([n], { seed: 5 }));
  const zeroTensor =
    zeros === 'packed'
      ? u8([n * Math.ceil((blocks * bits) / 8)], pack(zero, n, bits))
      : zeros && tensor(type, [n, blocks], zero);
  const inputs = [a, u8([n, blocks, (block * bits) / 8], pack(codes, n * blocks, bits)), scales];
  if (zeros || bias) inputs.push(zeroTensor ?? null);
  if (bias) inputs.push(null, extra);
  const rows = count(dims) / k;
  const [x, s, e] = [a, scales, extra].map(numbersOf);
  const y = Array.from({ length: rows * n }, (_, at) => {
    const column = at % n;
    let sum = bias ? e[column] : 0;
    for (let i = 0; i < k; i++) {
      const b = column * blocks + Math.floor(i / block);
      const middle = zeros ? zero[b] : limit / 2;
      sum += x[Math.floor(at / n) * k + i] * (codes[b * block + (i % block)] - middle) * s[b];
    }
    return sum;
  });
  return {
    name,
    op: 'MatMulNBits',
    domain,
    attrs: { K: k, N: n, bits, block_size: block },
    inputs,
    constants: inputs.flatMap((input, i) => (input && i ? [i] : [])),
    outputs: [tensor(type, [...dims.slice(0, -1), n], y)],
    rtol: type === 'float32' ? 1e-4 : 2e-3,
    atol: type === 'float32' ? 1e-4 : 5e-3,
    ...rest,
  };
}

const plain = nbits('4_bits', { k: 32, n: 11 });
const hostile = (name, change, error = 'malformed-model') => ({
  ...plain,
  name,
  outputs: undefined,
  error,
  ...change,
});
const attrs = (change) => ({ attrs: { ...plain.attrs, ...change } });

export default [
  plain,
  nbits('4_bits_one_row', { k: 64, n: 16, block: 32, dims: [1, 64] }),
  nbits('4_bits_partial_block', { k: 40, n: 5, bias: true }),
  nbits('4_bits_packed_zeros', { k: 48, n: 9, zeros: 'packed', dims: [2, 2, 48] }),
  nbits('4_bits_float_zeros', { k: 48, n: 9, zeros: 'float', bias: true }),
  nbits('8_bits', { k: 32, n: 8, bits: 8 }),
  nbits('8_bits_packed_zeros', { k: 50, n: 3, bits: 8, zeros: 'packed', bias: true }),
  nbits('2_bits', { k: 64, n: 10, bits: 2, block: 32 }),
  nbits('2_bits_packed_zeros', { k: 96, n: 10, bits: 2, block: 16, zeros: 'packed' }),
  nbits('4_bits_float16', { k: 32, n: 8, type: 'float16' }),
  nbits('4_bits_computed', { k: 32, n: 8, rest: { constants: [] } }),
  hostile('block_of_17', attrs({ block_size: 17 })),
  hostile('k_is_negative', attrs({ K: -32 })),
  hostile('3_bits', attrs({ bits: 3 }), 'unsupported'),
  hostile('too_large', attrs({ K: 2147483647, N: 2147483647 }), 'limit'),
  hostile('n_of_another_matrix', attrs({ N: 12 }), 'bad-shape'),
  hostile('k_of_another_matrix', attrs({ K: 31 }), 'bad-shape'),
  hostile(
    'groups',
    { inputs: [...plain.inputs, null, tensor('int32', [32], new Array(32).fill(0))] },
    'unsupported',
  ),
  hostile(
    'bias_of_another_length',
    { inputs: [...plain.inputs, null, null, f32([4], [1, 2, 3, 4])] },
    'bad-shape',
  ),
  hostile(
    'scales_are_whole',
    { inputs: [...plain.inputs.slice(0, 2), u8([22], new Array(22).fill(1))] },
    'bad-type',
  ),
];
