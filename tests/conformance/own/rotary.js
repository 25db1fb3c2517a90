// RotaryEmbedding, the standard's (23) and com.microsoft's; AffineGrid (20).
import { count, f32, i64, noise, tensor } from '../cases.js';

const [batch, rows, heads, depth] = [2, 3, 2, 8];

/** Turns x, [batch][rows][heads][depth] as an array, by the text of the standard. table(b, s): row of cos and sin. */
function turn(x, { half, interleaved, table, cos, sin }) {
  const y = Array.from(x);
  for (let at = 0; at < x.length; at += depth) {
    const row = Math.floor(at / depth / heads);
    const t = table(Math.floor(row / rows), row % rows) * half;
    for (let j = 0; j < half; j++) {
      const [re, im] = interleaved ? [at + 2 * j, at + 2 * j + 1] : [at + j, at + j + half];
      y[re] = x[re] * cos.data[t + j] - x[im] * sin.data[t + j];
      y[im] = x[re] * sin.data[t + j] + x[im] * cos.data[t + j];
    }
  }
  return y;
}

/** [batch][rows][heads][depth] as [batch][heads][rows][depth]. */
function byHead(x) {
  return Array.from({ length: x.length }, (_, i) => {
    const [d, s, n, b] = [
      i % depth,
      Math.floor(i / depth) % rows,
      Math.floor(i / depth / rows) % heads,
      Math.floor(i / depth / rows / heads),
    ];
    return x[((b * rows + s) * heads + n) * depth + d];
  });
}

const flat = [batch, rows, heads * depth];
const data = noise(flat, { seed: 1 });
const places = [4, 0, 2, 1, 3, 4];
const positions = i64([batch, rows], places);
const caches = (dims) => [f32(dims, noise(dims, { seed: 2 })), f32(dims, noise(dims, { seed: 3 }))];

function rotary(
  name,
  { rank = 3, half = depth / 2, interleaved = 0, at = 'positions', microsoft = false, type = 'float32' },
) {
  let [cos, sin] = caches(at === 'none' ? [batch, rows, half] : [6, half]);
  const table = {
    none: (b, s) => b * rows + s,
    positions: (b, s) => places[b * rows + s],
    offset: (_, s) => 2 + s,
  }[at];
  let x = f32(flat, data);
  if (type !== 'float32') [x, cos, sin] = [x, cos, sin].map((t) => tensor(type, t.dims, t.data));
  const decode = (t) => (type === 'float32' ? t : { data: t.toFloat32() });
  let y = turn(decode(x).data, { half, interleaved, table, cos: decode(cos), sin: decode(sin) });
  let dims = flat;
  if (rank === 4) {
    dims = [batch, heads, rows, depth];
    x = tensor(type, dims, byHead(decode(x).data));
    y = byHead(y);
  }
  const place = at === 'offset' ? i64([1], [2]) : at === 'positions' ? positions : null;
  const order = microsoft ? [x, place, cos, sin] : [x, cos, sin, ...(place ? [place] : [])];
  return {
    name,
    op: 'RotaryEmbedding',
    ...(microsoft ? { domain: 'com.microsoft' } : { opset: 23 }),
    attrs: {
      interleaved,
      ...(rank === 3 && { num_heads: heads }),
      ...(half !== depth / 2 && { rotary_embedding_dim: 2 * half, num_heads: heads }),
    },
    inputs: order,
    outputs: [tensor(type, dims, y)],
    ...(type !== 'float32' && { rtol: 1e-3, atol: 2e-3 }),
  };
}

const plain = rotary('halves', {});
const whole = rotary('microsoft_heads_from_the_table', { microsoft: true });
const hostile = (name, change, error = 'bad-shape') => ({
  ...plain,
  name,
  outputs: undefined,
  error,
  ...change,
});

/** theta times (x, y, 1) or (x, y, z, 1) for each pixel. */
function grid(theta, size, align) {
  const axes = size.length - 2;
  const spatial = size.slice(2);
  const at = (i, n) => (align ? (n > 1 ? -1 + (2 * i) / (n - 1) : -1) : (2 * i + 1) / n - 1);
  const y = [];
  for (let b = 0; b < size[0]; b++)
    for (let i = 0; i < count(spatial); i++) {
      let rest = i;
      const place = spatial.toReversed().map((n) => {
        const c = at(rest % n, n);
        rest = Math.floor(rest / n);
        return c;
      });
      for (let k = 0; k < axes; k++) {
        const row = theta.data.slice((b * axes + k) * (axes + 1), (b * axes + k + 1) * (axes + 1));
        y.push([...place, 1].reduce((sum, v, j) => sum + v * row[j], 0));
      }
    }
  return f32([size[0], ...spatial, axes], y);
}
const theta2 = f32([2, 2, 3], noise([2, 2, 3], { seed: 4 }));
const theta3 = f32([1, 3, 4], noise([1, 3, 4], { seed: 5 }));
const affine = (name, theta, size, align) => ({
  name,
  op: 'AffineGrid',
  opset: 20,
  attrs: { align_corners: align },
  inputs: [theta, i64([size.length], size)],
  outputs: [grid(theta, size, align)],
});
const badGrid = (name, theta, size, error = 'bad-shape') => ({
  ...affine(name, theta2, [2, 1, 2, 3], 0),
  outputs: undefined,
  inputs: [theta, i64([size.length], size)],
  error,
});

export default [
  plain,
  rotary('interleaved', { interleaved: 1 }),
  rotary('by_head', { rank: 4 }),
  rotary('by_head_interleaved_part', { rank: 4, interleaved: 1, half: 2 }),
  rotary('part', { half: 3 }),
  rotary('no_positions', { at: 'none' }),
  rotary('no_positions_by_head', { at: 'none', rank: 4, interleaved: 1 }),
  rotary('float16', { type: 'float16' }),
  rotary('microsoft', { microsoft: true }),
  rotary('microsoft_offset', { microsoft: true, at: 'offset' }),
  rotary('microsoft_offset_by_head', { microsoft: true, at: 'offset', rank: 4, interleaved: 1 }),
  rotary('microsoft_part', { microsoft: true, half: 2 }),
  { ...whole, attrs: { interleaved: 0 } },
  hostile(
    'position_out_of_range',
    { inputs: [...plain.inputs.slice(0, 3), i64([batch, rows], [0, 1, 2, 3, 6, 0])] },
    'bad-value',
  ),
  hostile(
    'position_negative',
    { inputs: [...plain.inputs.slice(0, 3), i64([batch, rows], [0, 1, 2, 3, -1, 0])] },
    'bad-value',
  ),
  hostile('no_heads', { attrs: {} }),
  hostile('heads_negative', { attrs: { num_heads: -1 } }, 'malformed-model'),
  hostile('heads_do_not_divide', { attrs: { num_heads: 3 } }),
  hostile('dim_is_odd', { attrs: { num_heads: 2, rotary_embedding_dim: 3 } }, 'malformed-model'),
  hostile('dim_beyond_the_head', { attrs: { num_heads: 2, rotary_embedding_dim: 64 } }),
  hostile('sin_of_another_shape', {
    inputs: [plain.inputs[0], plain.inputs[1], f32([4, 4], noise([16])), positions],
  }),

  affine('affine_2d', theta2, [2, 1, 3, 4], 0),
  affine('affine_2d_corners', theta2, [2, 5, 4, 3], 1),
  affine('affine_3d', theta3, [1, 2, 3, 2, 4], 0),
  affine('affine_3d_corners', theta3, [1, 2, 3, 2, 4], 1),
  badGrid('affine_size_negative', theta2, [2, 1, -2, 3]),
  badGrid('affine_size_huge', theta2, [2, 1, 2147483647, 2147483647]),
  badGrid('affine_size_of_three', theta2, [2, 1, 3]),
  badGrid('affine_theta_for_3d', theta2, [2, 1, 2, 3, 4]),
];
