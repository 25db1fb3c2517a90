/**
 * From ink on a surface of any size to what the digit network was trained on: MNIST's 28 x 28 pixels, the
 * digit scaled to fit 20 x 20 and moved so that its centre of mass is the picture's centre. No DOM.
 *
 * @typedef {{width: number, height: number, data: Float32Array}} Ink  0 (none) to 1, row after row
 */

export const SIZE = 28;
const FIT = 20;
const FAINT = 0.1;

/**
 * @param {Ink} ink
 * @returns {{left: number, top: number, right: number, bottom: number, x: number, y: number} | null} the box
 *   around the ink and its centre of mass; null when there is none
 */
function measure({ width, height, data }) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  let [mass, x, y] = [0, 0, 0];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const value = data[row * width + column];
      if (value < FAINT) continue;
      left = Math.min(left, column);
      right = Math.max(right, column + 1);
      top = Math.min(top, row);
      bottom = row + 1;
      mass += value;
      x += value * (column + 0.5);
      y += value * (row + 0.5);
    }
  }
  return mass > 0 ? { left, top, right, bottom, x: x / mass, y: y / mass } : null;
}

/**
 * Sums over any box in four look-ups: sums[y][x] is the ink above and left of the corner (x, y).
 * @param {Ink} ink
 * @returns {(x0: number, y0: number, x1: number, y1: number) => number} corners need not be whole
 */
function boxSums({ width, height, data }) {
  const across = width + 1;
  const sums = new Float64Array(across * (height + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y + 1) * across + x + 1;
      sums[at] = data[y * width + x] + sums[at - 1] + sums[at - across] - sums[at - across - 1];
    }
  }
  /** @param {number} x @param {number} y */
  const corner = (x, y) => {
    const [cx, cy] = [Math.min(width, Math.max(0, x)), Math.min(height, Math.max(0, y))];
    const [x0, y0] = [Math.min(width - 1, Math.floor(cx)), Math.min(height - 1, Math.floor(cy))];
    const [fx, fy] = [cx - x0, cy - y0];
    const at = y0 * across + x0;
    const top = sums[at] * (1 - fx) + sums[at + 1] * fx;
    const bottom = sums[at + across] * (1 - fx) + sums[at + across + 1] * fx;
    return top * (1 - fy) + bottom * fy;
  };
  return (x0, y0, x1, y1) => corner(x1, y1) - corner(x0, y1) - corner(x1, y0) + corner(x0, y0);
}

/**
 * @param {Ink} ink
 * @returns {Float32Array | null} [28, 28] in 0..1, white ink on black; null when there is no ink
 */
export function prepare(ink) {
  const found = measure(ink);
  if (!found) return null;
  const step = Math.max(found.right - found.left, found.bottom - found.top) / FIT;
  const sum = boxSums(ink);
  const result = new Float32Array(SIZE * SIZE);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const left = found.x + (x - SIZE / 2) * step;
      const top = found.y + (y - SIZE / 2) * step;
      result[y * SIZE + x] = Math.min(1, sum(left, top, left + step, top + step) / (step * step));
    }
  }
  return result;
}

/**
 * The ink in a photo or scan, dark on light or light on dark: how far each pixel is from the background,
 * which is what most of the picture's edge looks like.
 * @param {{width: number, height: number, data: Uint8ClampedArray}} picture RGBA
 * @returns {Ink}
 */
export function inkOf({ width, height, data }) {
  const light = new Float32Array(width * height);
  for (let i = 0; i < light.length; i++) {
    const [r, g, b, a] = data.subarray(i * 4, i * 4 + 4);
    light[i] = ((0.299 * r + 0.587 * g + 0.114 * b) * a) / 255 + (255 - a); // what is transparent lies on white paper
  }
  const edge = [];
  for (let x = 0; x < width; x++) edge.push(light[x], light[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) edge.push(light[y * width], light[(y + 1) * width - 1]);
  edge.sort((a, b) => a - b);
  const background = edge[edge.length >> 1];
  let strongest = 0;
  for (const value of light) strongest = Math.max(strongest, Math.abs(value - background));
  if (strongest < 32) return { width, height, data: new Float32Array(width * height) };
  // Below a quarter of the strongest contrast it is paper, shadow or noise.
  return {
    width,
    height,
    data: light.map((value) => Math.min(1, Math.max(0, Math.abs(value - background) / strongest - 0.25) * 2)),
  };
}
