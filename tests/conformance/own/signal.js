// DFT of opset 20 and STFT, by the sums that define them; more lengths and axes are in tests/c/test_signal.c.
import { f32, i64, noise, tensor } from '../cases.js';

/** The transform of n complex numbers [re, im], those beyond the list being zero. */
function dft(list, n, inverse) {
  const at = (k) => list[k] ?? [0, 0];
  return Array.from({ length: n }, (_, w) => {
    let [re, im] = [0, 0];
    for (let k = 0; k < n; k++) {
      const angle = ((inverse ? 2 : -2) * Math.PI * ((k * w) % n)) / n;
      re += at(k)[0] * Math.cos(angle) - at(k)[1] * Math.sin(angle);
      im += at(k)[0] * Math.sin(angle) + at(k)[1] * Math.cos(angle);
    }
    return inverse ? [re / n, im / n] : [re, im];
  });
}

/** DFT of [batch, length, parts] along axis 1. */
function expected(x, { n = x.dims[1], inverse = false, keep = n, type = 'float32' } = {}) {
  const [batch, length, parts] = x.dims;
  const out = [];
  for (let b = 0; b < batch; b++) {
    const pair = (k) => [
      x.data[(b * length + k) * parts],
      parts === 2 ? x.data[(b * length + k) * 2 + 1] : 0,
    ];
    const line = Array.from({ length: Math.min(n, length) }, (_, k) => pair(k));
    out.push(...dft(line, n, inverse).slice(0, keep));
  }
  return tensor(type, [batch, keep, 2], out.flat());
}

const real = f32([2, 10, 1], noise([2, 10, 1], { seed: 21 }));
const complex = f32([2, 10, 2], noise([2, 10, 2], { seed: 22 }));
const long = f32([1, 46, 1], noise([1, 46, 1], { seed: 23 }));
const axis = i64([], [1]);
const spectrum = expected(real, { keep: 6 });

const window = f32([8], noise([8], { seed: 24, shift: 1 }));
const signal = f32([1, 30, 1], noise([1, 30, 1], { seed: 25 }));

function stft(x, step, length, weights, keep) {
  const frames = Math.floor((x.dims[1] - length) / step) + 1;
  const out = Array.from({ length: frames }, (_, f) => {
    const line = Array.from({ length }, (__, k) => [x.data[f * step + k] * (weights?.data[k] ?? 1), 0]);
    return dft(line, length, false).slice(0, keep);
  });
  return f32([1, frames, keep, 2], out.flat(2));
}

const close = { rtol: 1e-4, atol: 5e-5 }; // onnxruntime sums in float32

export default [
  { name: 'dft_default_axis', op: 'DFT', opset: 20, inputs: [real], outputs: [expected(real)], ...close },
  {
    name: 'dft_onesided',
    op: 'DFT',
    opset: 20,
    attrs: { onesided: 1 },
    inputs: [real, null, axis],
    outputs: [spectrum],
    ...close,
  },
  {
    name: 'dft_complex',
    op: 'DFT',
    opset: 20,
    inputs: [complex, null, axis],
    constants: [2],
    outputs: [expected(complex)],
    ...close,
  },
  {
    name: 'dft_inverse',
    op: 'DFT',
    opset: 20,
    attrs: { inverse: 1 },
    inputs: [complex, null, axis],
    outputs: [expected(complex, { inverse: true })],
    ...close,
  },
  {
    name: 'dft_padded',
    op: 'DFT',
    opset: 20,
    inputs: [complex, i64([], [16]), axis],
    outputs: [expected(complex, { n: 16 })],
    ...close,
  },
  {
    name: 'dft_cut',
    op: 'DFT',
    opset: 20,
    inputs: [complex, i64([], [7]), axis],
    outputs: [expected(complex, { n: 7 })],
    ...close,
  },
  { name: 'dft_46', op: 'DFT', opset: 20, inputs: [long, null, axis], outputs: [expected(long)], ...close },
  {
    name: 'dft_prime_47',
    op: 'DFT',
    opset: 20,
    inputs: [long, i64([], [47]), axis],
    outputs: [expected(long, { n: 47 })],
    ...close,
  },
  {
    name: 'dft_back_to_real',
    op: 'DFT',
    opset: 20,
    attrs: { inverse: 1, onesided: 1 },
    inputs: [spectrum, i64([], [10]), axis],
    outputs: [real],
    ort: 'the versions that know it give complex numbers here',
    ...close,
  },
  {
    name: 'dft_axis_of_parts',
    op: 'DFT',
    opset: 20,
    inputs: [complex, null, i64([], [2])],
    error: 'bad-shape',
  },
  { name: 'dft_length_zero', op: 'DFT', opset: 20, inputs: [complex, i64([], [0])], error: 'bad-shape' },
  {
    name: 'stft_onesided',
    op: 'STFT',
    opset: 17,
    inputs: [signal, i64([], [3]), window],
    outputs: [stft(signal, 3, 8, window, 5)],
    ...close,
  },
  {
    name: 'stft_both_sides',
    op: 'STFT',
    opset: 17,
    attrs: { onesided: 0 },
    inputs: [signal, i64([], [5]), null, i64([], [9])],
    constants: [1, 3],
    outputs: [stft(signal, 5, 9, null, 9)],
    ...close,
  },
  {
    name: 'stft_frame_too_long',
    op: 'STFT',
    opset: 17,
    inputs: [signal, i64([], [1]), null, i64([], [31])],
    error: 'bad-shape',
  },
  {
    name: 'hann_double',
    op: 'HannWindow',
    opset: 17,
    attrs: { output_datatype: 11, periodic: 0 },
    inputs: [i64([], [7])],
    outputs: [
      tensor(
        'float64',
        [7],
        Array.from({ length: 7 }, (_, i) => Math.sin((Math.PI * i) / 6) ** 2),
      ),
    ],
  },
  {
    name: 'window_of_none',
    op: 'BlackmanWindow',
    opset: 17,
    inputs: [i64([], [0])],
    outputs: [f32([0], [])],
  },
  { name: 'window_negative', op: 'HammingWindow', opset: 17, inputs: [i64([], [-1])], error: 'bad-shape' },
  {
    name: 'mel_beyond_spectrum',
    op: 'MelWeightMatrix',
    opset: 17,
    inputs: [i64([], [4]), i64([], [16]), i64([], [8000]), f32([], [0]), f32([], [20000])],
    error: 'bad-value',
  },
  {
    name: 'det_batch',
    op: 'Det',
    opset: 11,
    inputs: [f32([2, 2, 2], [1, 2, 3, 4, 0, 1, 1, 0])],
    outputs: [f32([2], [-2, -1])],
  },
  {
    name: 'det_singular',
    op: 'Det',
    opset: 22,
    inputs: [f32([3, 3], [1, 2, 3, 2, 4, 6, 1, 1, 1])],
    outputs: [f32([], [0])],
  },
  { name: 'det_none', op: 'Det', opset: 11, inputs: [f32([0, 3, 3], [])], outputs: [f32([0], [])] },
  { name: 'det_oblong', op: 'Det', opset: 11, inputs: [f32([2, 3], noise([2, 3]))], error: 'bad-shape' },
];
