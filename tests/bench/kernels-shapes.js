/**
 * The shapes that the kernels are timed on: 384^3, and every product of three models with the number of times
 * it occurs. A convolution of k x k is an indirect product; one with few input channels reads its taps along x
 * as one piece, as src/ops/conv.c does.
 *
 * @typedef {object} Shape
 * @property {number} m rows @property {number} n columns @property {number} k all multiply-adds of an output
 * @property {number} times how often the model has it
 * @property {[number, number, number, number, number, number, number]} [rows] arguments of igemm_rows
 * @property {number} [piece] floats of a piece @property {number} [taps] pieces
 */

/** @returns {Shape} */
export const product = (
  /** @type {number} */ m,
  /** @type {number} */ n,
  /** @type {number} */ k,
  times = 1,
) => ({
  m,
  n,
  k,
  times,
});

/** @returns {Shape} */
function convolution(
  /** @type {number} */ size,
  /** @type {number} */ channels,
  /** @type {number} */ n,
  /** @type {number} */ kernel,
  stride = 1,
  times = 1,
) {
  const out = Math.ceil(size / stride);
  const line = ((out - 1) * stride + kernel) * channels;
  const merged = channels <= 8;
  const across = merged ? 1 : kernel;
  return {
    ...product(out * out, n, kernel * kernel * channels, times),
    rows: [out, out, kernel, across, channels, line, stride],
    piece: merged ? kernel * channels : channels,
    taps: kernel * across,
  };
}

/** Equal shapes become one. @param {Shape[]} shapes */
function merge(shapes) {
  /** @type {Map<string, Shape>} */
  const seen = new Map();
  for (const shape of shapes) {
    const key = [shape.m, shape.n, shape.k, shape.taps].join();
    const known = seen.get(key);
    if (known) known.times += shape.times;
    else seen.set(key, { ...shape });
  }
  return [...seen.values()];
}

function mobileNetV2() {
  const shapes = [convolution(224, 3, 32, 3, 2)];
  let size = 112;
  let from = 32;
  for (const [expand, to, blocks, first] of [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ]) {
    for (let block = 0; block < blocks; block++) {
      if (expand > 1) shapes.push(product(size * size, from * expand, from));
      if (block === 0) size /= first;
      shapes.push(product(size * size, to, from * expand));
      from = to;
    }
  }
  return merge([...shapes, product(49, 1280, 320), product(1, 1000, 1280)]);
}

function resNet50() {
  const shapes = [convolution(224, 3, 64, 7, 2)];
  let from = 64;
  let size = 56;
  for (const [width, blocks, first] of [
    [64, 3, 1],
    [128, 4, 2],
    [256, 6, 2],
    [512, 3, 2],
  ]) {
    for (let block = 0; block < blocks; block++) {
      const stride = block ? 1 : first;
      shapes.push(product(size * size, width, from), convolution(size, width, width, 3, stride));
      size /= stride;
      if (block === 0) shapes.push(product(size * size, width * 4, from));
      shapes.push(product(size * size, width * 4, width));
      from = width * 4;
    }
  }
  return merge([...shapes, product(1, 1000, 2048)]);
}

/** Six layers of 384, 12 heads of 32, 128 tokens. */
const miniLm = () => [
  product(128, 384, 384, 24),
  product(128, 1536, 384, 6),
  product(128, 384, 1536, 6),
  product(128, 128, 32, 72),
  product(128, 32, 128, 72),
];

/** @type {Record<string, Shape[]>} */
export const models = { MobileNetV2: mobileNetV2(), 'ResNet-50': resNet50(), MiniLM: miniLm() };

/** One row: bound by the reading of weights. */
export const vectors = [
  product(1, 1000, 1280),
  product(1, 1000, 2048),
  product(1, 384, 384),
  product(1, 256, 64),
];

/** size, channels, kernel, stride */
export const depthwise = [
  [112, 32, 3, 1],
  [112, 96, 3, 2],
  [56, 144, 3, 1],
  [28, 192, 3, 1],
  [14, 384, 3, 1],
  [14, 576, 3, 2],
  [7, 960, 3, 1],
  [56, 72, 5, 2],
  [28, 120, 5, 1],
  [14, 672, 5, 2],
  [7, 960, 5, 1],
];
