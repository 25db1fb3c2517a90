// Convolution and recurrent layers in double precision, with their options, against models of the standard's text that
// compute in double as well. 1e-12: float32 anywhere on the way would be seen.
import { node } from '../../js/onnx-builder.js';
import { bad, count, f32, noise, tensor } from '../cases.js';

/* Thirds of what noise gives are no float32. */
const random = (dims, seed) =>
  tensor(
    'float64',
    dims,
    Array.from(noise(dims, { seed }), (x) => x / 3),
  );
const precise = { rtol: 1e-12, atol: 1e-13 };

/* ---- convolution ---- */
/** All positions of a box. */
const positions = (dims) =>
  Array.from({ length: count(dims) }, (_, i) =>
    dims.map((d, axis) => Math.floor(i / count(dims.slice(axis + 1))) % d),
  );

/** For each pair of input position and tap that meet: f(output position). */
function meet({ input, kernel, strides, dilations, pads, transposed }, output, f) {
  for (const out of positions(output))
    for (const [t, tap] of positions(kernel).entries()) {
      const at = out.map((o, d) => {
        const step = tap[d] * dilations[d] - pads[d];
        return transposed ? (o - step) / strides[d] : o * strides[d] + step;
      });
      if (at.every((a, d) => Number.isInteger(a) && a >= 0 && a < input[d]))
        f(
          out.reduce((sum, o, d) => sum * output[d] + o, 0),
          at.reduce((sum, a, d) => sum * input[d] + a, 0),
          t,
        );
    }
}

function convolution(
  name,
  op,
  { batch = 2, groups = 1, channels, bias = true, output, opset = 11, ...window },
) {
  const [inputs, outputs] = channels;
  const transposed = op === 'ConvTranspose';
  const spatial = window.input.length;
  const { strides = Array(spatial).fill(1), dilations = Array(spatial).fill(1) } = window;
  const pads = window.attrs?.auto_pad ? window.pads : (window.attrs?.pads ?? []).slice(0, spatial);
  const all = { strides, dilations, pads: pads.length ? pads : Array(spatial).fill(0), transposed };
  const x = random([batch, inputs, ...window.input], 1);
  const w = random(
    [transposed ? inputs : outputs, transposed ? outputs / groups : inputs / groups, ...window.kernel],
    2,
  );
  const b = random([outputs], 3);
  const [planeX, planeY, taps] = [count(window.input), count(output), count(window.kernel)];
  const y = Float64Array.from({ length: batch * outputs * planeY }, (_, i) =>
    bias ? b.data[Math.floor(i / planeY) % outputs] : 0,
  );
  meet({ ...window, ...all }, output, (to, from, t) => {
    for (let n = 0; n < batch; n++)
      for (let m = 0; m < outputs; m++)
        for (let c = 0; c < inputs / groups; c++) {
          const first = Math.floor(m / (outputs / groups)) * (inputs / groups);
          const weight = transposed
            ? (first + c) * (outputs / groups) + (m % (outputs / groups))
            : m * (inputs / groups) + c;
          y[(n * outputs + m) * planeY + to] +=
            x.data[(n * inputs + first + c) * planeX + from] * w.data[weight * taps + t];
        }
  });
  return {
    name: `${op}_${name}`,
    op,
    opset,
    attrs: { strides, dilations, group: groups, ...window.attrs },
    inputs: bias ? [x, w, b] : [x, w],
    constants: window.constants,
    outputs: [tensor('float64', [batch, outputs, ...output], y)],
    ...precise,
  };
}

const convolutions = [
  convolution('plain', 'Conv', {
    channels: [3, 4],
    input: [6, 5],
    kernel: [3, 3],
    output: [4, 3],
    constants: [1, 2],
  }),
  convolution('options', 'Conv', {
    channels: [4, 6],
    groups: 2,
    input: [7, 6],
    kernel: [2, 3],
    strides: [2, 1],
    dilations: [1, 2],
    attrs: { pads: [1, 2, 0, 1] },
    output: [4, 5],
  }),
  convolution('line', 'Conv', {
    channels: [2, 2],
    groups: 2,
    input: [5],
    kernel: [2],
    output: [4],
    bias: false,
  }),
  convolution('volume', 'Conv', {
    batch: 1,
    channels: [2, 3],
    input: [3, 4, 3],
    kernel: [2, 2, 3],
    pads: [0, 0, 1],
    attrs: { auto_pad: 'SAME_UPPER' },
    output: [3, 4, 3],
  }),
  convolution('plain', 'ConvTranspose', { channels: [3, 2], input: [3, 4], kernel: [2, 2], output: [4, 5] }),
  convolution('options', 'ConvTranspose', {
    channels: [4, 6],
    groups: 2,
    input: [3, 4],
    kernel: [3, 2],
    strides: [2, 3],
    dilations: [2, 1],
    attrs: { pads: [1, 1, 0, 0], output_padding: [1, 0] },
    output: [9, 10],
    constants: [1, 2],
  }),
  convolution('line', 'ConvTranspose', {
    channels: [2, 3],
    input: [4],
    kernel: [3],
    strides: [2],
    output: [9],
    bias: false,
  }),
  bad('Conv_mixed', 'Conv', 11, {}, [random([1, 1, 3], 1), f32([1, 1, 1], [1])], 'bad-type'),
  bad(
    'Conv_int32',
    'Conv',
    11,
    {},
    ['int32', 'int32'].map((type) => tensor(type, [1, 1, 1], [1])),
    'unsupported',
  ),
];

/* A clamp behind it, which is fused in float32. */
const behind = {
  ...convolution('clamped', 'Conv', { channels: [2, 2], input: [4, 4], kernel: [3, 3], output: [2, 2] }),
};
behind.nodes = [node('Conv', ['x0', 'x1', 'x2'], ['a']), node('Relu', ['a'], ['y0'])];
behind.outputs = [
  tensor(
    'float64',
    [2, 2, 2, 2],
    behind.outputs[0].data.map((y) => Math.max(y, 0)),
  ),
];

/* ---- recurrent layers ---- */
const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const FUNCTIONS = {
  Sigmoid: sigmoid,
  Tanh: Math.tanh,
  Relu: (x) => Math.max(x, 0),
  Affine: (x, a, b) => a * x + b,
  LeakyRelu: (x, a) => (x < 0 ? a * x : x),
  ThresholdedRelu: (x, a) => (x > a ? x : 0),
  ScaledTanh: (x, a, b) => a * Math.tanh(b * x),
  HardSigmoid: (x, a, b) => Math.min(Math.max(a * x + b, 0), 1),
  Elu: (x, a) => (x < 0 ? a * Math.expm1(x) : x),
  Softsign: (x) => x / (1 + Math.abs(x)),
  Softplus: (x) => Math.log1p(Math.exp(x)),
};
const GATES = { RNN: 1, GRU: 3, LSTM: 4 };

/** One step of one sequence: the next [h, c]. p: the direction's numbers, x, h and c this step's. */
function step(op, p, x, h, c, functions, { clip, linear, forget }) {
  const n = h.length;
  const bounded = (v) => (clip ? Math.min(Math.max(v, -clip), clip) : v);
  const [f, g, last] = functions;
  const fromX = (gate, j) =>
    x.reduce((sum, v, i) => sum + v * p.w[(gate * n + j) * x.length + i], p.b ? p.b[gate * n + j] : 0);
  const fromH = (gate, j, of = h) =>
    of.reduce(
      (sum, v, i) => sum + v * p.r[(gate * n + j) * n + i],
      p.b ? p.b[(GATES[op] + gate) * n + j] : 0,
    );
  const both = (gate, j) => fromX(gate, j) + fromH(gate, j);
  const numbers = h.map((_, j) => j);
  if (op === 'RNN') return [numbers.map((j) => f(bounded(both(0, j)))), c];
  if (op === 'GRU') {
    const z = numbers.map((j) => f(bounded(both(0, j))));
    const reset = numbers.map((j) => f(bounded(both(1, j))));
    const scaled = h.map((v, j) => v * reset[j]);
    const state = (j) => (linear ? reset[j] * fromH(2, j) : fromH(2, j, scaled));
    return [numbers.map((j) => (1 - z[j]) * g(bounded(fromX(2, j) + state(j))) + z[j] * h[j]), c];
  }
  const peep = (gate, j, of) => (p.p ? p.p[gate * n + j] * of[j] : 0);
  const i = numbers.map((j) => f(bounded(both(0, j) + peep(0, j, c))));
  const keep = numbers.map((j) => (forget ? 1 - i[j] : f(bounded(both(2, j) + peep(2, j, c)))));
  const next = numbers.map((j) => keep[j] * c[j] + i[j] * g(bounded(both(3, j))));
  return [numbers.map((j) => f(bounded(both(1, j) + peep(1, j, next))) * last(next[j])), next];
}

/** Names with alpha and beta, three (LSTM), two (GRU) or one a direction. */
function layer(name, op, options = {}) {
  const { steps = 4, batch = 2, width = 3, hidden = 5, direction = 'forward', lengths, first } = options;
  const { initial, peephole, bias = true, activations, alpha, beta, clip, linear, forget } = options;
  const dirs = direction === 'bidirectional' ? 2 : 1;
  const gates = GATES[op];
  const x = random(first ? [batch, steps, width] : [steps, batch, width], 1);
  const w = random([dirs, gates * hidden, width], 2);
  const r = random([dirs, gates * hidden, hidden], 3);
  const b = bias ? random([dirs, 2 * gates * hidden], 4) : null;
  const states = first ? [batch, dirs, hidden] : [dirs, batch, hidden];
  const h0 = initial ? random(states, 5) : null;
  const c0 = initial && op === 'LSTM' ? random(states, 6) : null;
  const peep = peephole ? random([dirs, 3 * hidden], 7) : null;
  const per = op === 'LSTM' ? 3 : op === 'GRU' ? 2 : 1;
  const names =
    activations ??
    Array(dirs)
      .fill(['Sigmoid', 'Tanh', 'Tanh'].slice(op === 'RNN' ? 1 : 0).slice(0, per))
      .flat();
  const functions = names.map((f, i) => (v) => FUNCTIONS[f](v, alpha?.[i], beta?.[i]));
  const y = new Float64Array(steps * dirs * batch * hidden);
  const [lastH, lastC] = [new Float64Array(count(states)), new Float64Array(count(states))];
  const row = (data, at, n) => Array.from(data.slice(at * n, at * n + n));
  for (let d = 0; d < dirs; d++)
    for (let n = 0; n < batch; n++) {
      const at = first ? n * dirs + d : d * batch + n;
      const p = Object.fromEntries(
        Object.entries({ w, r, b, p: peep }).map(([key, t]) => [
          key,
          t && row(t.data, d, t.data.length / dirs),
        ]),
      );
      let h = h0 ? row(h0.data, at, hidden) : Array(hidden).fill(0);
      let c = c0 ? row(c0.data, at, hidden) : Array(hidden).fill(0);
      const length = lengths ? lengths[n] : steps;
      for (let s = 0; s < length; s++) {
        const t = direction === 'reverse' || d ? length - 1 - s : s;
        const input = row(x.data, first ? n * steps + t : t * batch + n, width);
        [h, c] = step(op, p, input, h, c, functions.slice(d * per), { clip, linear, forget });
        y.set(h, (first ? (n * steps + t) * dirs + d : (t * dirs + d) * batch + n) * hidden);
      }
      lastH.set(h, at * hidden);
      lastC.set(c, at * hidden);
    }
  const attrs = { hidden_size: hidden, direction, layout: Number(first ?? 0) };
  const given = (list) => (list?.some(Number.isFinite) ? list.filter(Number.isFinite) : undefined);
  const numbers = { activation_alpha: given(alpha), activation_beta: given(beta) };
  const optional = { ...numbers, activations, clip, linear_before_reset: linear, input_forget: forget };
  for (const [key, v] of Object.entries(optional)) if (v !== undefined) attrs[key] = v;
  return {
    name: `${op}_${name}`,
    op,
    opset: 14,
    attrs,
    inputs: [x, w, r, b, lengths ? tensor('int32', [batch], lengths) : null, h0, c0, peep].slice(
      0,
      op === 'LSTM' ? 8 : 6,
    ),
    constants: options.constants,
    ...(op === 'RNN' ? {} : { ort: 'it takes no double precision' }),
    outputs: [
      tensor('float64', first ? [batch, steps, dirs, hidden] : [steps, dirs, batch, hidden], y),
      tensor('float64', states, lastH),
      ...(op === 'LSTM' ? [tensor('float64', states, lastC)] : []),
    ],
    ...precise,
  };
}

const recurrent = ['RNN', 'GRU', 'LSTM'].flatMap((op) => [
  layer('forward', op, { constants: [1, 2] }),
  layer('reverse', op, { direction: 'reverse', lengths: [2, 4], bias: false }),
  layer('bidirectional', op, { direction: 'bidirectional', initial: true, lengths: [4, 0], clip: 0.25 }),
  layer('batch_first', op, { direction: 'bidirectional', first: true, initial: true, steps: 3 }),
]);
const options = [
  layer('linear_before_reset', 'GRU', { linear: 1, initial: true }),
  layer('peephole', 'LSTM', { peephole: true, initial: true, direction: 'bidirectional' }),
  layer('input_forget', 'LSTM', { forget: 1 }),
  ...Object.keys(FUNCTIONS).map((f) => {
    const alpha = {
      Affine: 0.5,
      LeakyRelu: 0.25,
      ThresholdedRelu: 0.125,
      ScaledTanh: 0.75,
      HardSigmoid: 0.5,
      Elu: 0.5,
    }[f];
    const beta = { Affine: 0.25, ScaledTanh: 0.5, HardSigmoid: 0.25 }[f];
    return layer(f, 'RNN', { activations: [f], alpha: [alpha], beta: [beta] });
  }),
];

export default [...convolutions, ...recurrent, ...options, behind];
