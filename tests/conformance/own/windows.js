// Pooling, resizing and sampling, where their definitions are subtle.
import { count, f32, i64, noise, tensor } from '../cases.js';

const random = (dims, seed, scale = 1) => f32(dims, noise(dims, { seed, scale }));

/** 2-D pooling by definition. kind: max, average. */
function pool(
  x,
  kind,
  {
    kernel_shape: k,
    strides = [1, 1],
    pads = [0, 0, 0, 0],
    dilations = [1, 1],
    ceil_mode = 0,
    count_include_pad = 0,
  },
) {
  const [n, c, h, w] = x.dims;
  const size = (i, at) => {
    const room = i + pads[at] + pads[at + 2] - ((k[at] - 1) * dilations[at] + 1);
    const steps = (ceil_mode ? Math.ceil : Math.floor)(room / strides[at]) + 1;
    return ceil_mode && (steps - 1) * strides[at] >= i + pads[at] ? steps - 1 : steps;
  };
  const [oh, ow] = [size(h, 0), size(w, 1)];
  const y = [];
  for (let plane = 0; plane < n * c; plane++)
    for (let i = 0; i < oh * ow; i++) {
      const [r0, q0] = [Math.floor(i / ow) * strides[0] - pads[0], (i % ow) * strides[1] - pads[1]];
      let [best, sum, inside, counted] = [-Infinity, 0, 0, 0];
      for (let t = 0; t < k[0] * k[1]; t++) {
        const [r, q] = [r0 + Math.floor(t / k[1]) * dilations[0], q0 + (t % k[1]) * dilations[1]];
        if (r < h + pads[2] && q < w + pads[3]) counted++;
        if (r < 0 || r >= h || q < 0 || q >= w) continue;
        const v = x.data[plane * h * w + r * w + q];
        best = Math.max(best, v);
        sum += v;
        inside++;
      }
      y.push(kind === 'max' ? best : sum / (count_include_pad ? counted : inside));
    }
  return tensor(x.type, [n, c, oh, ow], y);
}
const image = random([1, 2, 7, 6], 71);
const pooled = (name, kind, attrs, opset = 19) => ({
  name,
  op: kind === 'max' ? 'MaxPool' : 'AveragePool',
  opset,
  attrs,
  inputs: [image],
  outputs: [pool(image, kind, attrs)],
});
const ceil = { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 1], ceil_mode: 1 };
const half = (t) => tensor('float16', t.dims, t.data);

/** A linear read of a [1, 1, D, H, W] volume at [z, y, x] in pixels; outside counts as zero. */
function volumeAt(v, at) {
  const dims = v.dims.slice(2);
  let sum = 0;
  for (let corner = 0; corner < 8; corner++) {
    const place = at.map((p, d) => Math.floor(p) + ((corner >> d) & 1));
    const share = at.reduce(
      (all, p, d) => all * ((corner >> d) & 1 ? p - Math.floor(p) : 1 - (p - Math.floor(p))),
      1,
    );
    if (place.some((p, d) => p < 0 || p >= dims[d])) continue;
    sum += share * v.data[(place[0] * dims[1] + place[1]) * dims[2] + place[2]];
  }
  return sum;
}
const volume = random([1, 1, 3, 4, 5], 72);
const grid = random([1, 2, 2, 3, 3], 73, 1.2);
const sampled = (read) => {
  const [d, h, w] = volume.dims.slice(2);
  const places = Array.from({ length: count(grid.dims) / 3 }, (_, i) =>
    Array.from(grid.data.slice(3 * i, 3 * i + 3)),
  );
  return f32(
    [1, 1, 2, 2, 3],
    places.map(([x, y, z]) => read([((z + 1) * d - 1) / 2, ((y + 1) * h - 1) / 2, ((x + 1) * w - 1) / 2])),
  );
};
const nearest = ([z, y, x]) => {
  const even = (v) => (Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v));
  return volumeAt(volume, [z, y, x].map(even));
};

/** Linear resize of a row with half-pixel centres. */
const linear = (row, out) =>
  Array.from({ length: out }, (_, i) => {
    const x = Math.min(row.length - 1, Math.max(0, ((i + 0.5) * row.length) / out - 0.5));
    const low = Math.floor(x);
    return row[low] * (1 - (x - low)) + row[Math.min(low + 1, row.length - 1)] * (x - low);
  });
const row = [1, 5, 2, 8];
const resized = (type, extra = {}) => ({
  name: `resize_linear_${type}`,
  op: 'Resize',
  opset: 19,
  attrs: { mode: 'linear' },
  inputs: [tensor(type, [1, 1, 1, 4], row), null, null, i64([4], [1, 1, 1, 7])],
  outputs: [tensor(type, [1, 1, 1, 7], /int/.test(type) ? linear(row, 7).map(Math.trunc) : linear(row, 7))],
  ...extra,
});

export default [
  pooled('max_ceil', 'max', ceil),
  pooled('average_ceil', 'average', ceil),
  pooled('average_ceil_count_pad', 'average', { ...ceil, count_include_pad: 1 }),
  pooled('average_dilated', 'average', { kernel_shape: [2, 3], dilations: [2, 2], pads: [1, 1, 1, 1] }),
  pooled('average_dilated_count_pad', 'average', {
    kernel_shape: [2, 3],
    dilations: [3, 2],
    pads: [1, 1, 1, 2],
    count_include_pad: 1,
  }),
  pooled(
    'average_version_7',
    'average',
    { kernel_shape: [2, 2], strides: [2, 1], pads: [1, 0, 0, 1], count_include_pad: 1 },
    7,
  ),
  pooled('max_dilated', 'max', { kernel_shape: [3, 2], dilations: [2, 3], pads: [2, 1, 2, 1] }),
  {
    ...pooled('max_float16', 'max', ceil),
    inputs: [half(image)],
    outputs: [pool(half(image), 'max', ceil)].map(() => half(pool(image, 'max', ceil))),
  },
  {
    ...pooled('average_float16', 'average', ceil),
    inputs: [half(image)],
    outputs: [half(pool(image, 'average', ceil))],
    rtol: 2e-3,
    atol: 1e-3,
  },
  {
    name: 'pool_of_nothing',
    op: 'MaxPool',
    opset: 12,
    attrs: { kernel_shape: [9, 9] },
    inputs: [image],
    error: 'bad-shape',
  },
  {
    name: 'pool_kernel_of_zero',
    op: 'AveragePool',
    opset: 19,
    attrs: { kernel_shape: [0, 2] },
    inputs: [image],
    error: 'malformed-model',
  },
  {
    name: 'max_pool_infinite',
    op: 'MaxPool',
    opset: 12,
    attrs: { kernel_shape: [2] },
    inputs: [f32([1, 1, 3], [-Infinity, -Infinity, 3])],
    outputs: [f32([1, 1, 2], [-Infinity, 3])],
    ort: 'it begins with the smallest number',
  },
  {
    name: 'grid_sample_3d',
    op: 'GridSample',
    opset: 20,
    inputs: [volume, grid],
    outputs: [sampled((at) => volumeAt(volume, at))],
    rtol: 1e-4,
    atol: 1e-5,
  },
  {
    name: 'grid_sample_3d_nearest',
    op: 'GridSample',
    opset: 20,
    attrs: { mode: 'nearest' },
    inputs: [volume, grid],
    outputs: [sampled(nearest)],
  },
  {
    name: 'grid_sample_line',
    op: 'GridSample',
    opset: 20,
    attrs: { align_corners: 1 },
    inputs: [f32([1, 2, 3], [0, 1, 2, 10, 20, 30]), f32([1, 2, 1], [0.5, -1])],
    outputs: [f32([1, 2, 2], [1.5, 0, 25, 10])],
    ort: 'it knows images and volumes only',
  },
  {
    name: 'grid_sample_double',
    op: 'GridSample',
    opset: 20,
    inputs: [volume, grid].map((t) => tensor('float64', t.dims, t.data)),
    outputs: [tensor('float64', [1, 1, 2, 2, 3], sampled((at) => volumeAt(volume, at)).data)],
    rtol: 1e-4,
    atol: 1e-5,
  },
  {
    name: 'grid_sample_coordinates',
    op: 'GridSample',
    opset: 20,
    inputs: [volume, random([1, 2, 2, 3, 2], 1)],
    error: 'bad-shape',
  },
  resized('float32'),
  resized('float64'),
  resized('float16', { rtol: 2e-3, atol: 1e-3 }),
  resized('int32'),
  resized('uint8'),
  {
    name: 'resize_crop_nearest_uint8',
    op: 'Resize',
    opset: 13,
    attrs: {
      mode: 'nearest',
      coordinate_transformation_mode: 'tf_crop_and_resize',
      extrapolation_value: { float: 7 },
    },
    inputs: [tensor('uint8', [1, 4], row), f32([4], [0, 0, 1, 2]), null, i64([2], [1, 4])],
    outputs: [tensor('uint8', [1, 4], [1, 2, 7, 7])], // at 0, 2, 4 and 6
    ort: 'it takes no notice of the region',
  },
  {
    name: 'resize_sizes_negative',
    op: 'Resize',
    opset: 13,
    inputs: [image, null, null, i64([4], [1, 2, -7, 6])],
    error: 'bad-shape',
  },
  {
    name: 'resize_scale_zero',
    op: 'Resize',
    opset: 13,
    inputs: [image, null, f32([4], [1, 1, 0, 1])],
    error: 'bad-shape',
  },
  {
    name: 'roi_align_float16',
    op: 'RoiAlign',
    opset: 16,
    attrs: {
      output_height: 1,
      output_width: 1,
      sampling_ratio: 1,
      coordinate_transformation_mode: 'output_half_pixel',
    },
    inputs: [half(f32([1, 1, 3, 3], [...Array(9).keys()])), half(f32([1, 4], [0, 0, 2, 2])), i64([1], [0])],
    outputs: [half(f32([1, 1, 1, 1], [4]))],
  },
  {
    name: 'roi_align_no_image',
    op: 'RoiAlign',
    opset: 16,
    inputs: [f32([1, 1, 3, 3], [...Array(9).keys()]), f32([1, 4], [0, 0, 2, 2]), i64([1], [1])],
    error: 'bad-value',
  },
  {
    name: 'max_unpool_float16',
    op: 'MaxUnpool',
    opset: 11,
    attrs: { kernel_shape: [2], strides: [2] },
    inputs: [half(f32([1, 1, 2], [5, 7])), i64([1, 1, 2], [1, 2])],
    outputs: [half(f32([1, 1, 4], [0, 5, 7, 0]))],
  },
  {
    name: 'max_unpool_beyond',
    op: 'MaxUnpool',
    opset: 11,
    attrs: { kernel_shape: [2], strides: [2] },
    inputs: [f32([1, 1, 2], [5, 7]), i64([1, 1, 2], [1, 4])],
    error: 'bad-value',
  },
  {
    name: 'batch_norm_double',
    op: 'BatchNormalization',
    opset: 15,
    attrs: { epsilon: { float: 0 } },
    inputs: [
      [1, 2, 3],
      [2, 1, 1],
      [1, 0, 0],
      [1, 2, 3],
      [1, 1, 1],
    ].map((v, i) => tensor('float64', i ? [3] : [1, 3], v)),
    outputs: [tensor('float64', [1, 3], [1, 0, 0])],
  },
];
