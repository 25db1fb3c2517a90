/**
 * Pictures as plain RGBA bytes, and what reading text needs done to them: resampling, cutting a tilted box
 * out, turning, and laying the colours out as the networks want them. No DOM, so that it runs anywhere.
 *
 * @typedef {{width: number, height: number, data: Uint8ClampedArray}} Picture  data: RGBA, row after row
 * @typedef {{x: number, y: number}} Point
 * @typedef {[Point, Point, Point, Point]} Quad  top left, top right, bottom right, bottom left, as the text is read
 */

/**
 * @param {number} width
 * @param {number} height
 * @returns {Picture}
 */
export function blank(width, height) {
  return { width, height, data: new Uint8ClampedArray(width * height * 4) };
}

/**
 * The pixels that one pixel of a resampled row draws from, and how much of each: a triangle, as wide as the
 * shrinking asks, so that fine strokes fade instead of vanishing between two samples.
 * @param {number} from length of the row
 * @param {number} to length wanted
 * @returns {{first: Int32Array, weights: Float32Array[]}}
 */
function filterRow(from, to) {
  const scale = from / to;
  const reach = Math.max(1, scale);
  const first = new Int32Array(to);
  const weights = [];
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale - 0.5;
    const start = Math.max(0, Math.ceil(centre - reach));
    const end = Math.min(from - 1, Math.floor(centre + reach));
    const row = new Float32Array(end - start + 1);
    let sum = 0;
    for (let k = 0; k < row.length; k++)
      sum += row[k] = Math.max(0, 1 - Math.abs(start + k - centre) / reach);
    for (let k = 0; k < row.length; k++) row[k] /= sum;
    first[i] = start;
    weights.push(row);
  }
  return { first, weights };
}

/**
 * @param {Picture} picture
 * @param {number} width
 * @param {number} height
 * @returns {Picture} the picture at that size
 */
export function resample(picture, width, height) {
  if (width === picture.width && height === picture.height) return picture;
  const across = filterRow(picture.width, width);
  const down = filterRow(picture.height, height);
  const narrow = new Float32Array(width * picture.height * 4);
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < width; x++) {
      const row = across.weights[x];
      let from = (y * picture.width + across.first[x]) * 4;
      let [r, g, b, a] = [0, 0, 0, 0];
      for (let k = 0; k < row.length; k++, from += 4) {
        r += row[k] * picture.data[from];
        g += row[k] * picture.data[from + 1];
        b += row[k] * picture.data[from + 2];
        a += row[k] * picture.data[from + 3];
      }
      const to = (y * width + x) * 4;
      narrow[to] = r;
      narrow[to + 1] = g;
      narrow[to + 2] = b;
      narrow[to + 3] = a;
    }
  }
  const result = blank(width, height);
  const sum = new Float32Array(width * 4);
  for (let y = 0; y < height; y++) {
    sum.fill(0);
    down.weights[y].forEach((weight, k) => {
      const from = (down.first[y] + k) * width * 4;
      for (let i = 0; i < sum.length; i++) sum[i] += weight * narrow[from + i];
    });
    result.data.set(sum, y * width * 4);
  }
  return result;
}

/**
 * The projective map that takes the unit square's corners to a quad's.
 * @param {Quad} quad
 * @returns {(u: number, v: number) => Point}
 */
function projection([a, b, c, d]) {
  const dx1 = b.x - c.x;
  const dx2 = d.x - c.x;
  const dx3 = a.x - b.x + c.x - d.x;
  const dy1 = b.y - c.y;
  const dy2 = d.y - c.y;
  const dy3 = a.y - b.y + c.y - d.y;
  const det = dx1 * dy2 - dx2 * dy1;
  const g = det === 0 ? 0 : (dx3 * dy2 - dx2 * dy3) / det;
  const h = det === 0 ? 0 : (dx1 * dy3 - dx3 * dy1) / det;
  return (u, v) => {
    const w = g * u + h * v + 1;
    return {
      x: ((b.x - a.x + g * b.x) * u + (d.x - a.x + h * d.x) * v + a.x) / w,
      y: ((b.y - a.y + g * b.y) * u + (d.y - a.y + h * d.y) * v + a.y) / w,
    };
  };
}

/**
 * Mixes the four pixels around a point; points outside take the nearest pixel of the edge.
 * @param {Picture} picture
 * @param {Point} point
 * @param {Uint8ClampedArray} to
 * @param {number} at
 */
function sample({ width, height, data }, { x, y }, to, at) {
  const x0 = Math.min(width - 1, Math.max(0, Math.floor(x)));
  const y0 = Math.min(height - 1, Math.max(0, Math.floor(y)));
  const x1 = Math.min(width - 1, x0 + 1);
  const y1 = Math.min(height - 1, y0 + 1);
  const fx = Math.min(1, Math.max(0, x - x0));
  const fy = Math.min(1, Math.max(0, y - y0));
  for (let c = 0; c < 4; c++) {
    const top = data[(y0 * width + x0) * 4 + c] * (1 - fx) + data[(y0 * width + x1) * 4 + c] * fx;
    const bottom = data[(y1 * width + x0) * 4 + c] * (1 - fx) + data[(y1 * width + x1) * 4 + c] * fx;
    to[at + c] = top * (1 - fy) + bottom * fy;
  }
}

/** @param {Point} a @param {Point} b */
export const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/**
 * Cuts a box out and lays it straight. One much taller than wide holds text turned on its side: it is turned
 * a quarter to the left, as the recogniser was trained on lines.
 * @param {Picture} picture
 * @param {Quad} quad
 * @returns {Picture}
 */
export function cut(picture, quad) {
  const [a, b, c, d] = quad;
  const width = Math.max(1, Math.round(Math.max(distance(a, b), distance(d, c))));
  const height = Math.max(1, Math.round(Math.max(distance(a, d), distance(b, c))));
  if (height >= 1.5 * width) return straighten(picture, [b, c, d, a], height, width);
  return straighten(picture, quad, width, height);
}

/**
 * @param {Picture} picture
 * @param {Quad} quad
 * @param {number} width
 * @param {number} height
 * @returns {Picture}
 */
function straighten(picture, quad, width, height) {
  const at = projection(quad);
  const result = blank(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      sample(picture, at(x / width, y / height), result.data, (y * width + x) * 4);
  }
  return result;
}

/**
 * @param {Picture} picture
 * @returns {Picture} the picture upside down
 */
export function turn({ width, height, data }) {
  const result = blank(width, height);
  const from = new Uint32Array(data.buffer, data.byteOffset, width * height);
  new Uint32Array(result.data.buffer).set(from.toReversed?.() ?? Uint32Array.from(from).reverse());
  return result;
}

/**
 * Colours as three planes, blue first: PaddleOCR's models were trained on pictures as OpenCV reads them.
 * Columns beyond the picture stay 0, which is what they were padded with in training.
 * @param {Picture} picture
 * @param {number} width of the planes, at least the picture's
 * @param {number[]} mean of each plane, of values 0..1
 * @param {number[]} deviation of each plane
 * @returns {{data: Float32Array, dims: number[]}} dims: [1, 3, height, width]
 */
export function planes(picture, width, mean, deviation) {
  const size = width * picture.height;
  const data = new Float32Array(3 * size);
  for (let plane = 0; plane < 3; plane++) {
    for (let y = 0; y < picture.height; y++) {
      for (let x = 0; x < picture.width; x++) {
        const value = picture.data[(y * picture.width + x) * 4 + 2 - plane] / 255;
        data[plane * size + y * width + x] = (value - mean[plane]) / deviation[plane];
      }
    }
  }
  return { data, dims: [1, 3, picture.height, width] };
}
