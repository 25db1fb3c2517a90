// Activations of the recent opsets.
import { f32, map, noise, tensor } from '../cases.js';

const dims = [3, 7];
const x = f32(dims, noise(dims, { seed: 6, scale: 8 }));
const half = tensor('float16', dims, noise(dims, { seed: 7, scale: 4 }));
const edges = f32([5], [0, -0, Infinity, NaN, -80]);

const swish = (alpha) => (v) => v / (1 + Math.exp(-alpha * v));
const hardSwish = (v) => v * Math.max(0, Math.min(1, v / 6 + 0.5));

export default [
  { name: 'swish', op: 'Swish', opset: 24, inputs: [x], outputs: [map(x, swish(1))] },
  {
    name: 'swish_alpha',
    op: 'Swish',
    opset: 24,
    attrs: { alpha: { float: 2 } },
    inputs: [x],
    outputs: [map(x, swish(2))],
  },
  { name: 'swish_edges', op: 'Swish', opset: 24, inputs: [edges], outputs: [map(edges, swish(1))] },
  { name: 'hard_swish', op: 'HardSwish', opset: 22, inputs: [x], outputs: [map(x, hardSwish)] },
  {
    name: 'hard_swish_float16',
    op: 'HardSwish',
    opset: 22,
    inputs: [half],
    outputs: [map(half, hardSwish)],
    rtol: 2e-3,
    atol: 1e-3,
  },
];
