/** Image files as model inputs: decoded, resized to what the input declares, scaled. The decoders are bundled. */
import { decode as decodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import { wrong } from './usage.js';

/** @typedef {{width: number, height: number, rgba: Float32Array}} Picture values 0..1 */

/** @param {import('fast-png').DecodedPng} png @returns {Picture} */
function fromPng({ width, height, channels, depth, data, palette }) {
  const rgba = new Float32Array(width * height * 4);
  const scale = 1 / (2 ** depth - 1);
  for (let i = 0; i < width * height; i++) {
    /** @type {number[]} */
    let [r, g, b, a] = [0, 0, 0, 1];
    if (palette) {
      [r, g, b, a = 255] = palette[data[i]];
      [r, g, b, a] = [r / 255, g / 255, b / 255, a / 255];
    } else {
      const at = i * channels;
      r = data[at] * scale;
      g = channels > 2 ? data[at + 1] * scale : r;
      b = channels > 2 ? data[at + 2] * scale : r;
      if (channels === 2 || channels === 4) a = data[at + channels - 1] * scale;
    }
    rgba.set([r, g, b, a], i * 4);
  }
  return { width, height, rgba };
}

/** @param {Uint8Array} file @param {string} name @returns {Picture} */
export function decodeImage(file, name) {
  try {
    if (file[0] === 0x89) return fromPng(decodePng(file));
    const { width, height, data } = jpeg.decode(file, { useTArray: true, maxMemoryUsageInMB: 1024 });
    return { width, height, rgba: Float32Array.from(data, (v) => v / 255) };
  } catch (error) {
    return wrong(`${name} cannot be decoded: ${/** @type {Error} */ (error).message}`);
  }
}

/** @param {Uint8Array} file PNG or JPEG by its first bytes? */
export const isImage = (file) =>
  (file[0] === 0x89 && file[1] === 0x50) || (file[0] === 0xff && file[1] === 0xd8);

/** Bilinear, pixel centres aligned (as OpenCV and browsers do).
 * @param {Picture} picture @param {number} width @param {number} height @returns {Picture} */
function resize(picture, width, height) {
  if (picture.width === width && picture.height === height) return picture;
  const rgba = new Float32Array(width * height * 4);
  const clamp = (/** @type {number} */ v, /** @type {number} */ most) => Math.min(Math.max(v, 0), most);
  for (let y = 0; y < height; y++) {
    const sy = clamp(((y + 0.5) * picture.height) / height - 0.5, picture.height - 1);
    const y0 = Math.floor(sy);
    const y1 = Math.min(y0 + 1, picture.height - 1);
    for (let x = 0; x < width; x++) {
      const sx = clamp(((x + 0.5) * picture.width) / width - 0.5, picture.width - 1);
      const x0 = Math.floor(sx);
      const x1 = Math.min(x0 + 1, picture.width - 1);
      for (let c = 0; c < 4; c++) {
        const at = (/** @type {number} */ yy, /** @type {number} */ xx) =>
          picture.rgba[(yy * picture.width + xx) * 4 + c];
        const top = at(y0, x0) + (at(y0, x1) - at(y0, x0)) * (sx - x0);
        const bottom = at(y1, x0) + (at(y1, x1) - at(y1, x0)) * (sx - x0);
        rgba[(y * width + x) * 4 + c] = top + (bottom - top) * (sy - y0);
      }
    }
  }
  return { width, height, rgba };
}

/**
 * Which of an input's dimensions are channels, rows and columns.
 * @param {import('../siskin.d.ts').ValueInfo} input
 */
function axesOf({ name, dims }) {
  const counts = [1, 3, 4];
  const rank = dims?.length ?? 0;
  if (dims && (rank === 4 || rank === 3)) {
    const first = rank - 3;
    if (counts.includes(/** @type {number} */ (dims[first]))) return { c: first, h: first + 1, w: first + 2 };
    if (counts.includes(/** @type {number} */ (dims[rank - 1])))
      return { c: rank - 1, h: first, w: first + 1 };
  }
  return wrong(`input '${name}' is [${dims ?? '?'}]: not an image of 1, 3 or 4 channels`);
}

/**
 * @param {Picture} picture
 * @param {import('../siskin.d.ts').ValueInfo} input
 * @param {{mean: number[], std: number[], raw: boolean}} options
 * @returns {{type: import('../siskin.d.ts').ElementType, data: Float32Array | Uint8Array, dims: number[]}}
 */
export function imageTensor(picture, input, { mean, std, raw }) {
  const declared = /** @type {(number | string | null)[]} */ (input.dims);
  const { c, h, w } = axesOf(input);
  const size = (/** @type {number} */ axis, /** @type {number} */ own) =>
    typeof declared[axis] === 'number' ? declared[axis] : own;
  const { width, height, rgba } = resize(picture, size(w, picture.width), size(h, picture.height));
  const channels = /** @type {number} */ (declared[c]);
  const last = c > w;
  const bytes = input.type === 'uint8';
  if (!bytes && input.type !== 'float32')
    wrong(`input '${input.name}' is ${input.type}: images go into float32 or uint8 inputs`);
  const data = new (bytes ? Uint8Array : Float32Array)(channels * width * height);
  const pick = (/** @type {number[]} */ list, /** @type {number} */ k) => list[list.length > 1 ? k : 0];
  for (let i = 0; i < width * height; i++) {
    const [r, g, b] = rgba.subarray(i * 4, i * 4 + 3);
    for (let k = 0; k < channels; k++) {
      const value = channels === 1 ? 0.299 * r + 0.587 * g + 0.114 * b : rgba[i * 4 + k];
      const at = last ? i * channels + k : k * width * height + i;
      data[at] = bytes ? Math.round(value * 255) : ((value - pick(mean, k)) / pick(std, k)) * (raw ? 255 : 1);
    }
  }
  const dims = declared.map((_, axis) =>
    axis === c ? channels : axis === h ? height : axis === w ? width : 1,
  );
  return { type: input.type, data, dims };
}
