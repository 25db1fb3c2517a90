// Normalizations that the standard's older vectors lack.
import { f32, noise } from '../cases.js';

/** RMSNormalization over the axes from `axis` on, as the standard's text has it. */
function rms(x, scale, axis, epsilon = 1e-5) {
  const row = x.dims.slice(axis).reduce((product, dim) => product * dim, 1);
  const y = new Float64Array(x.data.length);
  for (let at = 0; at < y.length; at += row) {
    let sum = 0;
    for (let i = 0; i < row; i++) sum += x.data[at + i] ** 2;
    const root = Math.sqrt(sum / row + epsilon);
    for (let i = 0; i < row; i++) y[at + i] = (x.data[at + i] / root) * scale.data[i % scale.data.length];
  }
  return f32(x.dims, y);
}

const dims = [2, 3, 5];
const x = f32(dims, noise(dims, { seed: 3, scale: 4 }));
const row = f32([5], noise([5], { seed: 4 }));
const plane = f32([3, 5], noise([3, 5], { seed: 5 }));

export default [
  { name: 'rms', op: 'RMSNormalization', opset: 23, inputs: [x, row], outputs: [rms(x, row, 2)] },
  {
    name: 'rms_axis_1_epsilon',
    op: 'RMSNormalization',
    opset: 23,
    attrs: { axis: -2, epsilon: 0.5 },
    inputs: [x, plane],
    constants: [1],
    outputs: [rms(x, plane, 1, 0.5)],
  },
  {
    name: 'rms_axis_out_of_range',
    op: 'RMSNormalization',
    opset: 23,
    attrs: { axis: 3 },
    inputs: [x, row],
    error: 'bad-shape',
  },
];
