// Operators of opsets 18 to 26 that move or gather numbers, MaxRoiPool, and the optimizers of the training preview.
import { f32, i64, map, noise, tensor } from '../cases.js';

/* ---- CumProd ---- */
const x6 = f32([2, 3], [1, 2, 3, 4, 5, 6]);
const cumprod = (name, attrs, values, x = x6, at = 1) => ({
  name: `cumprod_${name}`,
  op: 'CumProd',
  opset: 26,
  attrs,
  inputs: [x, tensor('int32', [], [at])],
  outputs: [tensor(x.type, x.dims, values)],
});

/* ---- TensorScatter ---- */
const cache = f32([2, 4, 2], noise([2, 4, 2], { seed: 41 }));
const update = f32([2, 2, 2], noise([2, 2, 2], { seed: 42 }));
const written = (first) => {
  const y = Float32Array.from(cache.data);
  for (let b = 0; b < 2; b++)
    for (let s = 0; s < 2; s++)
      for (let d = 0; d < 2; d++)
        y[(b * 4 + ((first[b] + s + 8) % 4)) * 2 + d] = update.data[(b * 2 + s) * 2 + d];
  return f32([2, 4, 2], y);
};

/* ---- Col2Im ---- */
/** 2-D, by its definition. */
function col2im(x, [ih, iw], [bh, bw], { strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] } = {}) {
  const steps = (i, b, k) =>
    Math.floor((i + pads[k] + pads[k + 2] - dilations[k] * (b - 1) - 1) / strides[k]) + 1;
  const [rows, cols] = [steps(ih, bh, 0), steps(iw, bw, 1)];
  const [n, depth] = x.dims;
  const channels = depth / (bh * bw);
  const y = new Float64Array(n * channels * ih * iw);
  for (let image = 0; image < n * channels; image++)
    for (let tap = 0; tap < bh * bw; tap++)
      for (let block = 0; block < rows * cols; block++) {
        const r = Math.floor(block / cols) * strides[0] + Math.floor(tap / bw) * dilations[0] - pads[0];
        const c = (block % cols) * strides[1] + (tap % bw) * dilations[1] - pads[1];
        if (r >= 0 && r < ih && c >= 0 && c < iw)
          y[(image * ih + r) * iw + c] += x.data[(image * bh * bw + tap) * rows * cols + block];
      }
  return tensor(x.type, [n, channels, ih, iw], y);
}
const columns = (dims) => f32(dims, noise(dims, { seed: 43 }));
const col = (name, x, image, block, attrs) => ({
  name: `col2im_${name}`,
  op: 'Col2Im',
  opset: 18,
  attrs,
  inputs: [x, i64([2], image), i64([2], block)],
  outputs: [col2im(x, image, block, attrs)],
});

/* ---- DeformConv ---- */
/** 2-D, by its definition; places outside of the image count as zero, corner by corner. */
function deform(
  x,
  w,
  offset,
  { bias, mask, strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1], group = 1, offset_group = 1 } = {},
) {
  const [n, ic, ih, iw] = x.dims;
  const [oc, , kh, kw] = w.dims;
  const [, , oh, ow] = offset.dims;
  const pixel = (b, c, r, q) =>
    r >= 0 && r < ih && q >= 0 && q < iw ? x.data[((b * ic + c) * ih + r) * iw + q] : 0;
  const between = (b, c, r, q) => {
    const [r0, q0] = [Math.floor(r), Math.floor(q)];
    const [fr, fq] = [r - r0, q - q0];
    const row = (k) => pixel(b, c, r0 + k, q0) * (1 - fq) + pixel(b, c, r0 + k, q0 + 1) * fq;
    return row(0) * (1 - fr) + row(1) * fr;
  };
  const y = [];
  for (let b = 0; b < n; b++)
    for (let o = 0; o < oc; o++)
      for (let i = 0; i < oh * ow; i++) {
        const [r, q] = [Math.floor(i / ow), i % ow];
        let sum = bias ? bias.data[o] : 0;
        const g = Math.floor(o / (oc / group));
        for (let c = 0; c < ic / group; c++)
          for (let t = 0; t < kh * kw; t++) {
            const channel = g * (ic / group) + c;
            const field = (b * offset_group + Math.floor(channel / (ic / offset_group))) * kh * kw + t;
            const shift = (axis) => offset.data[(field * 2 + axis) * oh * ow + i];
            const at = between(
              b,
              channel,
              r * strides[0] - pads[0] + Math.floor(t / kw) * dilations[0] + shift(0),
              q * strides[1] - pads[1] + (t % kw) * dilations[1] + shift(1),
            );
            sum +=
              w.data[(o * (ic / group) + c) * kh * kw + t] * at * (mask ? mask.data[field * oh * ow + i] : 1);
          }
        y.push(sum);
      }
  return f32([n, oc, oh, ow], y);
}
const random = (dims, seed, scale = 1) => f32(dims, noise(dims, { seed, scale }));
const dx = random([2, 4, 7, 6], 51);
const dw = random([6, 2, 3, 2], 52);
const doff = random([2, 2 * 6 * 2, 4, 5], 53, 2.5);
const dmask = random([2, 2 * 6, 4, 5], 54);
const dbias = random([6], 55);
const dattrs = { group: 2, offset_group: 2, strides: [2, 1], pads: [1, 0, 1, 1], dilations: [1, 2] };
const plain = [random([1, 2, 4, 4], 56), random([1, 2, 2, 2], 57), random([1, 8, 3, 3], 58)];

/* ---- optimizers ---- */
const [wide, grad, first, second] = [61, 62, 63, 64].map((seed) => random([2, 3], seed));
const [single, sgrad, sfirst, ssecond] = [f32([1], [0.5]), f32([1], [-2]), f32([1], [0.25]), f32([1], [3])];
const positive = map(second, Math.abs);
const domain = 'ai.onnx.preview.training';
/** Element i of the tensors through f, which gives a list: one tensor for each entry. */
const each = (tensors, f) => {
  const rows = Array.from(tensors[0].data, (_, i) => f(...tensors.map((t) => t.data[i])));
  return rows[0].map((_, k) =>
    f32(
      tensors[0].dims,
      rows.map((row) => row[k]),
    ),
  );
};
const adam = (R, T) => (x, g0, v0, h0) => {
  const g = 0.01 * x + g0;
  const v = 0.8 * v0 + 0.2 * g;
  const h = 0.9 * h0 + 0.1 * g * g;
  const rate = T > 0 ? (R * Math.sqrt(1 - 0.9 ** T)) / (1 - 0.8 ** T) : R;
  return [(1 - 0.05) * (x - (rate * v) / (Math.sqrt(h) + 0.001)), v, h];
};
const both = (f) => {
  const a = each([wide, grad, first, positive], f);
  const b = each([single, sgrad, sfirst, ssecond], f);
  return a.flatMap((t, i) => [t, b[i]]);
};
const adagrad = (x, g0, h0) => {
  const g = 0.5 * x + g0;
  const h = h0 + g * g;
  return [x - ((0.1 / (1 + 4 * 0.25)) * g) / (Math.sqrt(h) + 1e-6), h];
};
const momentum = (nesterov, T) => (x, g0, v0) => {
  const g = 0.1 * x + g0;
  const v = 0.7 * v0 + (T > 0 ? 0.4 : 1) * g;
  return [x - 0.2 * (nesterov ? g + 0.7 * v : v), v];
};
const momentumAttrs = (mode) => ({
  alpha: { float: 0.7 },
  beta: { float: 0.4 },
  norm_coefficient: { float: 0.1 },
  mode,
});
const training = (test) => ({ opset: 1, domain, rtol: 1e-5, atol: 1e-6, ...test });
const rateAndCount = (R, T) => [f32([], [R]), i64([], [T])];

export default [
  cumprod('inclusive', {}, [1, 2, 6, 4, 20, 120]),
  cumprod('exclusive', { exclusive: 1 }, [1, 1, 2, 1, 4, 20]),
  cumprod('reverse', { reverse: 1 }, [6, 6, 3, 120, 30, 6]),
  cumprod('reverse_exclusive', { reverse: 1, exclusive: 1 }, [6, 3, 1, 30, 6, 1]),
  cumprod('axis_0', {}, [1, 2, 3, 4, 10, 18], x6, -2),
  cumprod('wraps', {}, [65536, 0, 0], tensor('int32', [3], [65536, 65536, 3]), 0),
  cumprod('uint64', { exclusive: 1 }, [1, 5, 35], tensor('uint64', [3], [5, 7, 9]), 0),
  cumprod('float16', {}, [1.5, 3, 6], tensor('float16', [3], [1.5, 2, 2]), 0),
  cumprod('empty', {}, [], f32([0, 2], []), 0),
  { name: 'cumprod_axis_outside', op: 'CumProd', opset: 26, inputs: [x6, i64([], [2])], error: 'bad-value' },
  {
    name: 'cumsum_bfloat16',
    op: 'CumSum',
    opset: 14,
    inputs: [tensor('bfloat16', [3], [1, 2, 4]), i64([], [0])],
    outputs: [tensor('bfloat16', [3], [1, 3, 7])],
  },
  {
    name: 'bitcast_float_to_uint32',
    op: 'BitCast',
    opset: 26,
    attrs: { to: 12 },
    inputs: [f32([2, 2], [0, 1, -2, Infinity])],
    outputs: [tensor('uint32', [2, 2], [0, 0x3f800000, 0xc0000000, 0x7f800000])],
  },
  {
    name: 'bitcast_int8_to_bool_width',
    op: 'BitCast',
    opset: 26,
    attrs: { to: 2 },
    inputs: [tensor('int8', [3], [-1, 0, 127])],
    outputs: [tensor('uint8', [3], [255, 0, 127])],
  },
  { name: 'bitcast_wider', op: 'BitCast', opset: 26, attrs: { to: 11 }, inputs: [x6], error: 'bad-type' },
  {
    name: 'bitcast_no_type',
    op: 'BitCast',
    opset: 26,
    attrs: { to: 99 },
    inputs: [x6],
    error: 'malformed-model',
  },
  {
    name: 'tensor_scatter',
    op: 'TensorScatter',
    opset: 24,
    inputs: [cache, update, i64([2], [1, 2])],
    outputs: [written([1, 2])],
  },
  {
    name: 'tensor_scatter_start',
    op: 'TensorScatter',
    opset: 24,
    attrs: { axis: 1 },
    inputs: [cache, update],
    outputs: [written([0, 0])],
  },
  {
    name: 'tensor_scatter_circular',
    op: 'TensorScatter',
    opset: 24,
    attrs: { mode: 'circular' },
    inputs: [cache, update, i64([2], [3, 2])],
    outputs: [written([3, 2])],
  },
  {
    name: 'tensor_scatter_beyond',
    op: 'TensorScatter',
    opset: 24,
    inputs: [cache, update, i64([2], [3, 0])],
    error: 'bad-value',
  },
  {
    name: 'tensor_scatter_before',
    op: 'TensorScatter',
    opset: 24,
    inputs: [cache, update, i64([2], [0, -1])],
    error: 'bad-value',
  },
  {
    name: 'tensor_scatter_batch_axis',
    op: 'TensorScatter',
    opset: 24,
    attrs: { axis: 0 },
    inputs: [cache, update],
    error: 'bad-shape',
  },
  col('plain', columns([1, 8, 6]), [3, 4], [2, 2]),
  col('strides_pads', columns([2, 12, 15]), [5, 6], [2, 3], { strides: [2, 1], pads: [1, 0, 0, 1] }),
  col('dilations', columns([1, 4, 8]), [4, 6], [2, 2], { dilations: [2, 2] }),
  {
    name: 'col2im_uint8_wraps',
    op: 'Col2Im',
    opset: 18,
    inputs: [tensor('uint8', [1, 4, 2], Array(8).fill(200)), i64([2], [2, 3]), i64([2], [2, 2])],
    outputs: [tensor('uint8', [1, 1, 2, 3], [200, 144, 200, 200, 144, 200])],
    ort: 'it knows float32 only',
  },
  {
    name: 'col2im_count',
    op: 'Col2Im',
    opset: 18,
    inputs: [columns([1, 8, 5]), i64([2], [3, 4]), i64([2], [2, 2])],
    error: 'bad-shape',
  },
  {
    name: 'col2im_block_of_zero',
    op: 'Col2Im',
    opset: 18,
    inputs: [columns([1, 8, 6]), i64([2], [3, 4]), i64([2], [0, 2])],
    error: 'bad-shape',
  },
  {
    name: 'col2im_huge_blocks',
    op: 'Col2Im',
    opset: 18,
    inputs: [columns([1, 8, 6]), i64([2], [2147483647, 2147483647]), i64([2], [65536, 65536])],
    error: 'bad-shape',
  },
  { name: 'deform_conv', op: 'DeformConv', opset: 19, inputs: plain, outputs: [deform(...plain)] },
  {
    name: 'deform_conv_groups_mask_bias',
    op: 'DeformConv',
    opset: 22,
    attrs: dattrs,
    inputs: [dx, dw, doff, dbias, dmask],
    outputs: [deform(dx, dw, doff, { ...dattrs, bias: dbias, mask: dmask })],
    rtol: 1e-4,
    atol: 1e-5,
  },
  {
    name: 'deform_conv_float16',
    op: 'DeformConv',
    opset: 22,
    inputs: plain.map((t) => tensor('float16', t.dims, t.data)),
    outputs: [tensor('float16', [1, 1, 3, 3], deform(...plain).data)],
    rtol: 1e-2,
    atol: 5e-3,
    ort: 'it knows float32 and float64 only',
  },
  {
    name: 'deform_conv_offset_channels',
    op: 'DeformConv',
    opset: 19,
    inputs: [plain[0], plain[1], random([1, 7, 3, 3], 3)],
    error: 'bad-shape',
  },
  {
    name: 'deform_conv_group_0',
    op: 'DeformConv',
    opset: 19,
    attrs: { group: 0 },
    inputs: plain,
    error: 'malformed-model',
  },
  {
    name: 'max_roi_pool',
    op: 'MaxRoiPool',
    opset: 1,
    attrs: { pooled_shape: [2, 2] },
    inputs: [
      f32([1, 1, 4, 4], [...Array(16).keys()]),
      f32([3, 5], [0, 0, 0, 3, 3, 0, 1, 1, 1, 1, 0, 1.5, 0, 2.6, 2]),
    ],
    outputs: [f32([3, 1, 2, 2], [5, 7, 13, 15, 5, 5, 5, 5, 6, 7, 10, 11])],
  },
  {
    name: 'max_roi_pool_no_image',
    op: 'MaxRoiPool',
    opset: 22,
    attrs: { pooled_shape: [1, 1] },
    inputs: [f32([1, 1, 2, 2], [1, 2, 3, 4]), f32([1, 5], [1, 0, 0, 1, 1])],
    error: 'bad-value',
  },
  {
    name: 'max_roi_pool_no_size',
    op: 'MaxRoiPool',
    opset: 1,
    inputs: [f32([1, 1, 2, 2], [1, 2, 3, 4]), f32([1, 5], [0, 0, 0, 1, 1])],
    error: 'malformed-model',
  },
  {
    name: 'image_decoder',
    op: 'ImageDecoder',
    opset: 20,
    inputs: [tensor('uint8', [4], [137, 80, 78, 71])],
    error: 'unsupported',
  },
  ...[0, 5].map((T) =>
    training({
      name: `adam_two_tensors_step_${T}`,
      op: 'Adam',
      attrs: {
        alpha: { float: 0.8 },
        beta: { float: 0.9 },
        epsilon: { float: 0.001 },
        norm_coefficient: { float: 0.01 },
        norm_coefficient_post: { float: 0.05 },
      },
      inputs: [...rateAndCount(0.1, T), wide, single, grad, sgrad, first, sfirst, positive, ssecond],
      outputs: both(adam(0.1, T)),
    }),
  ),
  training({
    name: 'adagrad_decay',
    op: 'Adagrad',
    attrs: { decay_factor: { float: 0.25 }, norm_coefficient: { float: 0.5 } },
    inputs: [...rateAndCount(0.1, 4), wide, grad, positive],
    outputs: each([wide, grad, positive], adagrad),
  }),
  ...['standard', 'nesterov'].flatMap((mode) =>
    [0, 3].map((T) =>
      training({
        name: `momentum_${mode}_step_${T}`,
        op: 'Momentum',
        attrs: momentumAttrs(mode),
        inputs: [...rateAndCount(0.2, T), wide, grad, first],
        outputs: each([wide, grad, first], momentum(mode === 'nesterov', T)),
      }),
    ),
  ),
  training({
    name: 'momentum_without_mode',
    op: 'Momentum',
    attrs: { alpha: { float: 1 }, beta: { float: 1 }, norm_coefficient: { float: 0 } },
    inputs: [...rateAndCount(1, 0), wide, grad, first],
    outputs: [wide, first],
    error: 'malformed-model',
  }),
  training({
    name: 'adagrad_no_group',
    op: 'Adagrad',
    inputs: [...rateAndCount(1, 0), wide, grad],
    outputs: [wide, first],
    error: 'malformed-model',
  }),
  training({
    name: 'adagrad_other_shape',
    op: 'Adagrad',
    inputs: [...rateAndCount(1, 0), wide, grad, single],
    outputs: [wide, single],
    error: 'bad-shape',
  }),
];
