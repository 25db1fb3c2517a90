// Attention of opsets 23 and 24: past keys, causality, caps, masks, what the scores are at each stage.
import { count, f32, i64, noise, tensor } from '../cases.js';

const [B, N, S, D, W] = [2, 4, 3, 4, 5];
const random = (dims, seed, scale = 1) => f32(dims, noise(dims, { seed, scale }));

/** [batch][heads][rows][depth] as [batch][rows][heads * depth]. */
function flat(t) {
  const [b, n, s, d] = t.dims;
  const y = new Float32Array(count(t.dims));
  for (let i = 0; i < y.length; i++) {
    const [at, head, row, batch] = [
      i % d,
      Math.floor(i / d) % n,
      Math.floor(i / d / n) % s,
      Math.floor(i / d / n / s),
    ];
    y[i] = t.data[((batch * n + head) * s + row) * d + at];
  }
  return f32([b, s, n * d], y);
}
/** Rows of b behind those of a, per head. */
function behind(a, b) {
  const [n, m] = [a.dims[2] * a.dims[3], b.dims[2] * b.dims[3]];
  const heads = a.dims[0] * a.dims[1];
  const parts = Array.from({ length: heads }, (_, h) => [
    ...a.data.slice(h * n, (h + 1) * n),
    ...b.data.slice(h * m, (h + 1) * m),
  ]);
  return f32([...a.dims.slice(0, 2), a.dims[2] + b.dims[2], a.dims[3]], parts.flat());
}

/** hides(b, n, s, t): is key t hidden? bias likewise: added to the score. Gives y and the scores at each stage. */
function attend(q, k, v, { hides = () => false, bias = () => 0, scale = D ** -0.5, softcap = 0 } = {}) {
  const [b, n, s] = q.dims;
  const [, kn, t, d] = k.dims;
  const width = v.dims[3];
  const y = [];
  const stages = [[], [], [], []];
  for (let row = 0; row < b * n * s; row++) {
    const [batch, head, at] = [Math.floor(row / s / n), Math.floor(row / s) % n, row % s];
    const from = (batch * kn + Math.floor((head * kn) / n)) * t;
    const raw = Array.from({ length: t }, (_, j) => {
      let sum = 0;
      for (let i = 0; i < d; i++) sum += q.data[row * d + i] * k.data[(from + j) * d + i];
      return sum * scale;
    });
    const capped = softcap ? raw.map((x) => softcap * Math.tanh(x / softcap)) : raw;
    const masked = capped.map((x, j) =>
      hides(batch, head, at, j) ? -Infinity : x + bias(batch, head, at, j),
    );
    const top = Math.max(...masked);
    const powers = masked.map((x) => (top === -Infinity ? 0 : Math.exp(x - top)));
    const sum = powers.reduce((a, c) => a + c) || 1;
    const soft = powers.map((x) => x / sum);
    for (let i = 0; i < width; i++)
      y.push(soft.reduce((a, p, j) => a + p * v.data[(from + j) * width + i], 0));
    for (const [i, list] of [raw, capped, masked, soft].entries()) stages[i].push(...list);
  }
  return { y: f32([b, n, s, width], y), stages: stages.map((list) => f32([b, n, s, t], list)) };
}

const q = random([B, N, S, D], 1, 2);
const k = random([B, N, S, D], 2, 2);
const v = random([B, N, S, W], 3);
const [k2, v2] = [random([B, 2, S, D], 4, 2), random([B, 2, S, W], 5)];
const P = 2;
const [pk, pv] = [random([B, N, P, D], 6, 2), random([B, N, P, W], 7)];
const [pk2, pv2] = [random([B, 2, P, D], 8, 2), random([B, 2, P, W], 9)];
const mask = tensor(
  'bool',
  [S, S + P],
  Array.from(noise([S, S + P], { seed: 10 }), (x, i) => Number(x > 0 || i % 5 < 2)),
);
const added = random([1, N, S, S + P], 11);
const visible = (s, t) => mask.data[s * (S + P) + t];

const one = (name, inputs, outputs, attrs = {}, opset = 23) => ({
  name,
  op: 'Attention',
  opset,
  attrs,
  inputs,
  outputs,
  rtol: 1e-4,
  atol: 1e-5,
});
const keys = [behind(pk, k), behind(pv, v)];
const keys2 = [behind(pk2, k2), behind(pv2, v2)];
const later = (past) => (_b, _n, s, t) => t > s + past;
const heads = { q_num_heads: N, kv_num_heads: N };
const lengths = i64([B], [3, 2]);
const unsure = 'differs between releases of the standard';

/* Masks that reach fewer keys, or leave a query none (-Infinity like false); windows around a query's own position. */
const short = (list) =>
  tensor(
    list.type,
    [S, P],
    Array.from({ length: S * P }, (_, i) => list.data[i]),
  );
const shortBools = short(mask);
const shortFloats = short(random([S, P], 12));
const unseen = (_b, _n, s, t) => t >= P || !shortBools.data[s * P + t];
const nothing = [
  tensor(
    'bool',
    [S, S],
    Array(S * S)
      .fill(0)
      .fill(1, S),
  ),
  f32(
    [S, S],
    Array(S * S)
      .fill(0)
      .fill(-Infinity, S),
  ),
];
const within = (left, right, past) => (_b, _n, s, t) =>
  (left >= 0 && t < s + past - left) || (right >= 0 && t > s + past + right);
const beyond = (attrs, hides, cache = []) => ({
  ...one(
    `window_${Object.values(attrs).join('_')}${cache.length ? '_past' : ''}`,
    [q, k, v, null, ...cache],
    [attend(q, ...(cache.length ? keys : [k, v]), { hides }).y],
    attrs,
    25,
  ),
  ort: 'it does not know windows',
});
const both =
  (a, b) =>
  (...at) =>
    a(...at) || b(...at);
const partial = [
  {
    ...one('short_mask', [q, k, v, shortBools], [attend(q, k, v, { hides: unseen }).y], {}, 24),
    ort: unsure,
  },
  {
    ...one(
      'short_bias',
      [q, k, v, shortFloats],
      [
        attend(q, k, v, {
          hides: (_b, _n, _s, t) => t >= P,
          bias: (_b, _n, s, t) => (t < P ? shortFloats.data[s * P + t] : 0),
        }).y,
      ],
      {},
      24,
    ),
    ort: unsure,
  },
  {
    ...one(
      'short_mask_scores',
      [q, k, v, shortBools],
      (({ y, stages }) => [y, null, null, stages[3]])(attend(q, k, v, { hides: unseen, softcap: 2 })),
      { softcap: { float: 2 }, qk_matmul_output_mode: 3 },
      24,
    ),
    ort: unsure,
  },
  {
    ...one(
      'short_mask_lengths',
      [q, k, v, shortBools, null, null, i64([B], [2, 1])],
      [attend(q, k, v, { hides: both(unseen, (b, _n, _s, t) => t >= 2 - b) }).y],
      {},
      24,
    ),
    ort: unsure,
  },
  { ...one('long_mask', [q, k, v, mask], undefined), error: 'bad-shape', outputs: [null] },
  ...nothing.flatMap((hiding) => [
    {
      ...one(
        `nothing_seen_${hiding.type}`,
        [q, k, v, hiding],
        [attend(q, k, v, { hides: (_b, _n, s) => s > 0 === (hiding.type !== 'bool') }).y],
      ),
      ort: unsure,
    },
  ]),
  beyond({ left_window_size: 1 }, within(1, -1, 0)),
  beyond({ left_window_size: 0, right_window_size: 1 }, within(0, 1, 0)),
  beyond({ left_window_size: -1, right_window_size: 0 }, within(-1, 0, 0)),
  beyond({ left_window_size: -1, right_window_size: -1 }, within(-1, -1, 0)),
  beyond({ left_window_size: 1, is_causal: 1 }, both(within(1, -1, P), later(P)), [pk, pv]),
  beyond({ right_window_size: 1 }, within(-1, 1, P), [pk, pv]),
];

export default [
  ...partial,
  one('plain', [q, k, v], [attend(q, k, v).y]),
  one('past', [q, k, v, null, pk, pv], [attend(q, ...keys).y, ...keys]),
  one('past_flat', [flat(q), flat(k), flat(v), null, pk, pv], [flat(attend(q, ...keys).y), ...keys], heads),
  one('past_grouped', [q, k2, v2, null, pk2, pv2], [attend(q, ...keys2).y, ...keys2]),
  {
    ...one('past_causal', [q, k, v, null, pk, pv], [attend(q, ...keys, { hides: later(P) }).y], {
      is_causal: 1,
    }),
    ort: unsure,
  },
  one('present_alone', [flat(q), flat(k), flat(v)], [flat(attend(q, k, v).y), k, v], heads),
  one(
    'past_mask',
    [q, k, v, mask, pk, pv],
    [attend(q, ...keys, { hides: (_b, _n, s, t) => !visible(s, t) }).y, ...keys],
  ),
  one(
    'past_bias',
    [q, k, v, added, pk, pv],
    [attend(q, ...keys, { bias: (_b, n, s, t) => added.data[(n * S + s) * (S + P) + t] }).y, ...keys],
  ),
  {
    ...one(
      'past_bias_causal',
      [q, k, v, added, pk, pv],
      [
        attend(q, ...keys, { hides: later(P), bias: (_b, n, s, t) => added.data[(n * S + s) * (S + P) + t] })
          .y,
      ],
      { is_causal: 1 },
    ),
    ort: unsure,
  },
  {
    ...one('softcap', [q, k, v], [attend(q, k, v, { softcap: 2 }).y], { softcap: { float: 2 } }),
    ort: unsure,
  },
  {
    ...one('softcap_grouped_scale', [q, k2, v2], [attend(q, k2, v2, { softcap: 1.5, scale: 0.7 }).y], {
      softcap: { float: 1.5 },
      scale: { float: 0.7 },
    }),
    ort: unsure,
  },
  ...[0, 1, 3].map((mode) => {
    const { y, stages } = attend(q, k, v, { softcap: 2 });
    return {
      ...one(`scores_${mode}`, [q, k, v], [y, null, null, stages[mode]], {
        softcap: { float: 2 },
        qk_matmul_output_mode: mode,
      }),
      ort: unsure,
    };
  }),
  one(
    'scores_masked',
    [q, k, v, random([S, S], 12)],
    (({ y, stages }) => [y, null, null, stages[2]])(
      attend(q, k, v, { bias: (_b, _n, s, t) => random([S, S], 12).data[s * S + t] }),
    ),
    { qk_matmul_output_mode: 2 },
    24,
  ),
  {
    ...one(
      'lengths',
      [q, k, v, null, null, null, lengths],
      [attend(q, k, v, { hides: (b, _n, _s, t) => t >= Number(lengths.data[b]) }).y],
      {},
      24,
    ),
    ort: unsure,
  },
  {
    ...one('past_of_other_width', [q, k, v, null, random([B, N, P, D + 1], 1), pv], undefined),
    error: 'bad-shape',
    outputs: [null],
  },
];
