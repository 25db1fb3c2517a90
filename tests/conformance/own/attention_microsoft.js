// com.microsoft's Attention, MultiHeadAttention and GroupQueryAttention.
import { count, f32, noise, tensor } from '../cases.js';

const domain = 'com.microsoft';
const FILTER = -10000;

/** Rows of [batch][rows][heads * depth] as x(b, head, row, d). */
const flat = (t, heads) => {
  const [, rows, width] = t.dims;
  const depth = width / heads;
  return { rows, depth, heads, at: (b, n, s, d) => t.data[(b * rows + s) * width + n * depth + d] };
};
const byHead = (t) => {
  const [, heads, rows, depth] = t.dims;
  return { rows, depth, heads, at: (b, n, s, d) => t.data[((b * heads + n) * rows + s) * depth + d] };
};
/** Rows of `a` and then of `b`. */
const behind = (a, b) => ({
  ...b,
  rows: a.rows + b.rows,
  at: (batch, n, s, d) => (s < a.rows ? a.at(batch, n, s, d) : b.at(batch, n, s - a.rows, d)),
});
const asTensor = (x, batch) =>
  f32(
    [batch, x.heads, x.rows, x.depth],
    Array.from({ length: batch * x.heads * x.rows * x.depth }, (_, i) => {
      const [d, s, n, b] = [
        i % x.depth,
        Math.floor(i / x.depth) % x.rows,
        Math.floor(i / x.depth / x.rows) % x.heads,
        Math.floor(i / x.depth / x.rows / x.heads),
      ];
      return x.at(b, n, s, d);
    }),
  );

/** bias(b, n, s, t): added to the score, -Infinity hides a key. */
function attend(q, k, v, batch, { bias = () => 0, scale = 1 / Math.sqrt(q.depth), softcap = 0 } = {}) {
  const y = [];
  for (let b = 0; b < batch; b++)
    for (let s = 0; s < q.rows; s++)
      for (let n = 0; n < q.heads; n++) {
        const kn = Math.floor((n * k.heads) / q.heads);
        const scores = Array.from({ length: k.rows }, (_, t) => {
          let sum = 0;
          for (let d = 0; d < q.depth; d++) sum += q.at(b, n, s, d) * k.at(b, kn, t, d);
          sum *= scale;
          if (softcap) sum = softcap * Math.tanh(sum / softcap);
          return sum + bias(b, n, s, t);
        });
        const top = Math.max(...scores);
        const powers = scores.map((e) => Math.exp(e - top));
        const all = powers.reduce((a, c) => a + c, 0);
        for (let d = 0; d < v.depth; d++)
          y.push(powers.reduce((a, p, t) => a + (p / all) * v.at(b, kn, t, d), 0));
      }
  return f32([batch, q.rows, q.heads * v.depth], y);
}
const random = (dims, seed) => f32(dims, noise(dims, { seed }));
const int32 = (dims, list) => tensor('int32', dims, list);
const close = { rtol: 1e-4, atol: 1e-5 };

const [B, S, L, N, H, HV] = [2, 3, 5, 2, 4, 3];
const q = random([B, S, N * H], 1);
const k = random([B, L, N * H], 2);
const v = random([B, L, N * HV], 3);
const bias = random([N * (2 * H + HV)], 4);
const plus = (t, from) =>
  f32(
    t.dims,
    Array.from(t.data, (e, i) => e + bias.data[from + (i % t.dims[2])]),
  );
const padding = int32([B, L], [1, 1, 1, 0, 0, 1, 1, 1, 1, 1]);
const mask3 = int32(
  [B, S, L],
  Array.from(noise([B, S, L], { seed: 5 }), (e) => (e > -0.4 ? 1 : 0)),
);
const added = random([1, N, S, L], 6);
const addedAt = (_, n, s, t) => added.data[(n * S + s) * L + t];
const multi = (name, inputs, output, attrs = {}) => ({
  name: `multi_${name}`,
  op: 'MultiHeadAttention',
  domain,
  attrs: { num_heads: N, ...attrs },
  inputs,
  outputs: [output],
  ...close,
});
const heads = (a, b, c, options) => attend(flat(a, N), flat(b, N), flat(c, N), B, options);

/** Interleaves [B, S, N * H] tensors to [B, S, N, parts, H]. */
const packed = (...parts) =>
  f32(
    [B, parts[0].dims[1], N, parts.length, H],
    Array.from({ length: count(parts[0].dims) * parts.length }, (_, i) => {
      const [d, part, rest] = [i % H, Math.floor(i / H) % parts.length, Math.floor(i / H / parts.length)];
      return parts[part].data[rest * H + d];
    }),
  );
const self = [7, 8, 9].map((seed) => random([B, S, N * H], seed));
const cross = [random([B, L, N * H], 10), random([B, L, N * H], 11)];

// Attention: projections of its own.
const x = random([B, S, 6], 12);
const project = (w, b, from, width) =>
  f32(
    [B, S, width],
    Array.from({ length: B * S * width }, (_, i) => {
      const [row, col] = [Math.floor(i / width), from + (i % width)];
      let sum = b ? b.data[col] : 0;
      for (let j = 0; j < 6; j++) sum += x.data[row * 6 + j] * w.data[j * w.dims[1] + col];
      return sum;
    }),
  );
const w = random([6, 3 * N * H], 13);
const wb = random([3 * N * H], 14);
const wide = random([6, N * (2 * H + HV)], 15);
const own = (weights, b, depth = H) => [
  project(weights, b, 0, N * H),
  project(weights, b, N * H, N * H),
  project(weights, b, 2 * N * H, N * depth),
];
const one = (name, inputs, output, attrs = {}) => ({
  name: `attention_${name}`,
  op: 'Attention',
  domain,
  attrs: { num_heads: N, ...attrs },
  inputs,
  constants: [1],
  outputs: [output],
  ...close,
});
const selfMask = int32([B, S], [1, 1, 0, 1, 0, 1]);
// Every query sees its own key: -10000 plus a score has few digits left, and where all keys are hidden they count.
const selfMask3 = int32(
  [B, S, S],
  Array.from(noise([B, S, S], { seed: 16 }), (e, i) => (e > -0.4 || i % S === Math.floor(i / S) % S ? 1 : 0)),
);

// GroupQueryAttention: N4 heads of queries, N2 of keys, a cache of P rows.
const [N4, N2, P, HALF] = [4, 2, 4, 8];
const D = 16; // onnxruntime turns heads of multiples of 16 only
const table = (f) =>
  f32(
    [16, HALF],
    Array.from({ length: 16 * HALF }, (_, i) => f(Math.floor(i / HALF) / 3 ** (i % HALF))),
  );
const [cos, sin] = [table(Math.cos), table(Math.sin)];
function turned(t, start, interleaved) {
  const at = (b, n, s, d) => {
    const angle = (start + s) * HALF;
    const j = interleaved ? d >> 1 : d % HALF;
    const second = interleaved ? d % 2 : d >= HALF;
    const [re, im] = interleaved ? [d - (d % 2), d - (d % 2) + 1] : [j, j + HALF];
    const [a, c] = [t.at(b, n, s, re), t.at(b, n, s, im)];
    return second
      ? a * sin.data[angle + j] + c * cos.data[angle + j]
      : a * cos.data[angle + j] - c * sin.data[angle + j];
  };
  return { ...t, at };
}
function grouped(
  name,
  { batch = 1, rows = 1, past = P, rotary, interleaved = 0, window, together, attrs = {}, extra, lengths },
) {
  const [gq, gk, gv] = [N4, N2, N2].map((n, i) => random([batch, rows, n * D], 20 + i));
  const cache = [23, 24].map((seed) => random([batch, N2, past, D], seed));
  const total = past + rows;
  const ends = lengths ?? new Array(batch).fill(total);
  let [fq, fk, fv] = [flat(gq, N4), flat(gk, N2), flat(gv, N2)];
  if (rotary) [fq, fk] = [fq, fk].map((t) => turned(t, past, interleaved));
  if (past) [fk, fv] = [behind(byHead(cache[0]), fk), behind(byHead(cache[1]), fv)];
  const extraBias = extra && random([1, N4, rows, total], 25);
  const hidden = (_b, n, s, t) =>
    t > past + s || (window && t < past + s - window + 1)
      ? -Infinity
      : extraBias
        ? extraBias.data[(n * rows + s) * total + t]
        : 0;
  const y = attend(fq, fk, fv, batch, { bias: hidden, softcap: attrs.softcap });
  const all = Array.from({ length: batch * rows }, (_, r) =>
    [gq, gk, gv].flatMap((t) => Array.from(t.data.slice(r * t.dims[2], (r + 1) * t.dims[2]))),
  ).flat();
  return {
    name: `grouped_${name}`,
    op: 'GroupQueryAttention',
    domain,
    attrs: {
      num_heads: N4,
      kv_num_heads: N2,
      ...(rotary && { do_rotary: 1, rotary_interleaved: interleaved }),
      ...(window && { local_window_size: window }),
      ...attrs,
    },
    inputs: [
      ...(together ? [f32([batch, rows, (N4 + 2 * N2) * D], all), null, null] : [gq, gk, gv]),
      ...(past ? cache : [null, null]),
      int32(
        [batch],
        ends.map((end) => end - 1),
      ),
      int32([], [total]),
      ...(rotary || extra ? [rotary ? cos : null, rotary ? sin : null] : []),
      ...(extra ? [null, extraBias] : []),
    ],
    outputs: [y, asTensor(fk, batch), asTensor(fv, batch)],
    ...close,
  };
}
const plain = grouped('plain', {});
const hostile = (test, name, change, error = 'malformed-model') => ({
  ...test,
  name,
  outputs: undefined,
  error,
  ...change,
});

const [pastKeys, pastValues] = [random([B, N, 2, H], 30), random([B, N, 2, HV], 31)];
function withPast(a, b, c, options) {
  const [keys, values] = [behind(byHead(pastKeys), flat(b, N)), behind(byHead(pastValues), flat(c, N))];
  return [attend(flat(a, N), keys, values, B, options), asTensor(keys, B), asTensor(values, B)];
}

export default [
  multi('cross', [q, k, v], heads(q, k, v)),
  multi('scale', [q, k, v], heads(q, k, v, { scale: 0.25 }), { scale: 0.25 }),
  multi('bias', [q, k, v, bias], heads(plus(q, 0), plus(k, N * H), plus(v, 2 * N * H))),
  multi(
    'padding',
    [q, k, v, null, padding],
    heads(q, k, v, { bias: (b, _n, _s, t) => (padding.data[b * L + t] ? 0 : FILTER) }),
  ),
  multi(
    'lengths',
    [q, k, v, null, int32([B], [2, 5])],
    heads(q, k, v, { bias: (b, _n, _s, t) => (t < [2, 5][b] ? 0 : FILTER) }),
  ),
  multi(
    'mask_by_query',
    [q, k, v, null, mask3],
    heads(q, k, v, { bias: (b, _n, s, t) => (mask3.data[(b * S + s) * L + t] ? 0 : FILTER) }),
  ),
  multi('attention_bias', [q, k, v, null, null, added], heads(q, k, v, { bias: addedAt })),
  multi(
    'padding_and_attention_bias',
    [q, k, v, null, padding, added],
    heads(q, k, v, { bias: (b, n, s, t) => (padding.data[b * L + t] ? 0 : -50) + addedAt(b, n, s, t) }),
    { mask_filter_value: { float: -50 } },
  ),
  multi('causal', self, heads(...self, { bias: (_b, _n, s, t) => (t > s ? -Infinity : 0) }), {
    unidirectional: 1,
  }),
  { ...multi('packed', [packed(...self)], heads(...self)), ort: 'has packed heads for GPUs only' },
  {
    ...multi('packed_keys', [q, packed(...cross)], heads(q, ...cross)),
    ort: 'has packed heads for GPUs only',
  },
  multi(
    'keys_by_head',
    [q, asTensor(flat(cross[0], N), B), asTensor(flat(cross[1], N), B)],
    heads(q, ...cross),
  ),
  {
    ...multi('past', [q, k, v, null, null, null, pastKeys, pastValues]),
    outputs: withPast(q, k, v),
    ort: 'wants past values as wide as keys',
  },
  hostile(multi('', [q, k, v]), 'multi_heads_do_not_divide', { attrs: { num_heads: 3 } }, 'bad-shape'),
  hostile(multi('', [q, k, v]), 'multi_no_heads', { attrs: {} }, 'bad-shape'),
  hostile(multi('', [q]), 'multi_no_keys', {}, 'unsupported'),
  hostile(
    multi('', [q, k, v, null, int32([B, 9], new Array(B * 9).fill(1))]),
    'multi_mask_too_long',
    {},
    'bad-shape',
  ),

  one('plain', [x, w, wb], heads(...own(w, wb))),
  { ...one('no_bias', [x, w], heads(...own(w))), ort: 'ends the process without a bias' },
  one('sizes', [x, wide, bias], heads(...own(wide, bias, HV)), { qkv_hidden_sizes: [N * H, N * H, N * HV] }),
  one('causal', [x, w, wb], heads(...own(w, wb), { bias: (_b, _n, s, t) => (t > s ? -Infinity : 0) }), {
    unidirectional: 1,
  }),
  one(
    'mask',
    [x, w, wb, selfMask],
    heads(...own(w, wb), { bias: (b, _n, _s, t) => (selfMask.data[b * S + t] ? 0 : FILTER) }),
  ),
  one(
    'mask_by_query',
    [x, w, wb, selfMask3],
    heads(...own(w, wb), { bias: (b, _n, s, t) => (selfMask3.data[(b * S + s) * S + t] ? 0 : FILTER) }),
  ),
  one(
    'lengths',
    [x, w, wb, int32([B], [1, 3])],
    heads(...own(w, wb), { bias: (b, _n, _s, t) => (t < [1, 3][b] ? 0 : FILTER) }),
  ),
  one('scale', [x, w, wb], heads(...own(w, wb), { scale: 0.125 }), { scale: 0.125 }),
  hostile(
    one('', [x, w, wb]),
    'attention_sizes_do_not_add_up',
    { attrs: { num_heads: N, qkv_hidden_sizes: [8, 8, 9] } },
    'bad-shape',
  ),
  hostile(one('', [x, w, wb]), 'attention_heads_are_text', { attrs: { num_heads: 'two' } }),

  plain,
  grouped('prompt', { past: 0, rows: 5 }),
  grouped('batch', { batch: 2, past: 3 }),
  grouped('rotary', { rotary: true }),
  grouped('rotary_prompt_interleaved', { rotary: true, past: 0, rows: 4, interleaved: 1 }),
  grouped('chunk', { rows: 3, rotary: true }),
  grouped('together', { together: true, rotary: true }),
  grouped('window', { window: 2, rows: 3, past: 0 }),
  grouped('no_window', { attrs: { local_window_size: -1 } }),
  grouped('window_behind_the_cache', { window: 3 }),
  grouped('attention_bias', { extra: true, rows: 2 }),
  hostile(plain, 'grouped_heads_are_text', { attrs: { num_heads: 'four', kv_num_heads: 2 } }),
  hostile(plain, 'grouped_smooth', { attrs: { ...plain.attrs, smooth_softmax: 1 } }, 'unsupported'),
  hostile(
    plain,
    'grouped_length_out_of_range',
    { inputs: [...plain.inputs.slice(0, 5), int32([1], [900]), plain.inputs[6]] },
    'bad-value',
  ),
];
