/**
 * From a map of "here is text" to tilted rectangles: connected regions, their convex hulls, the smallest
 * rectangle around each.
 *
 * @typedef {import('./picture.js').Point} Point
 * @typedef {import('./picture.js').Quad} Quad
 * @typedef {{centre: Point, angle: number, width: number, height: number}} Rectangle  angle in radians, of
 *   the width's side against the x axis
 */

/**
 * The regions of a bitmap whose pixels touch, diagonals included.
 * @param {Uint8Array} bitmap width x height, 0 or 1
 * @param {number} width
 * @param {number} height
 * @returns {Point[][]} for each region the pixels at both ends of its rows: all that its hull can need
 */
export function regions(bitmap, width, height) {
  const seen = new Uint8Array(bitmap.length);
  const stack = [];
  const found = [];
  for (let start = 0; start < bitmap.length; start++) {
    if (!bitmap[start] || seen[start]) continue;
    /** @type {Map<number, [number, number]>} */
    const rows = new Map();
    seen[start] = 1;
    stack.push(start);
    while (stack.length > 0) {
      const at = /** @type {number} */ (stack.pop());
      const y = Math.floor(at / width);
      const x = at - y * width;
      const row = rows.get(y);
      if (!row) rows.set(y, [x, x]);
      else if (x < row[0]) row[0] = x;
      else if (x > row[1]) row[1] = x;
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const next = ny * width + nx;
          if (!bitmap[next] || seen[next]) continue;
          seen[next] = 1;
          stack.push(next);
        }
      }
    }
    found.push(
      [...rows].flatMap(([y, [left, right]]) => [
        { x: left, y },
        { x: right, y },
      ]),
    );
  }
  return found;
}

/**
 * Twice the area of the triangle o, a, b; positive when b lies left of o -> a (y up).
 * @param {Point} o @param {Point} a @param {Point} b
 */
const cross = (o, a, b) => (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);

/**
 * @param {Point[]} points
 * @returns {Point[]} the corners of their convex hull, in order
 */
export function hull(points) {
  const sorted = points.toSorted ? points.toSorted(byPlace) : [...points].sort(byPlace);
  /** @param {Point[]} from */
  const half = (from) => {
    const chain = [];
    for (const point of from) {
      while (chain.length > 1 && cross(chain[chain.length - 2], chain[chain.length - 1], point) <= 0)
        chain.pop();
      chain.push(point);
    }
    chain.pop();
    return chain;
  };
  const corners = [...half(sorted), ...half(sorted.reverse())];
  return corners.length > 0 ? corners : points.slice(0, 1);
}

/** @param {Point} a @param {Point} b */
const byPlace = (a, b) => a.x - b.x || a.y - b.y;

/**
 * One side of the smallest rectangle lies along a side of the hull, so trying each side is enough.
 * @param {Point[]} corners of a convex hull
 * @returns {Rectangle}
 */
export function smallestRectangle(corners) {
  let best = { centre: corners[0], angle: 0, width: 0, height: 0 };
  let area = Number.POSITIVE_INFINITY;
  corners.forEach((corner, i) => {
    const next = corners[(i + 1) % corners.length];
    const angle = Math.atan2(next.y - corner.y, next.x - corner.x);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const { x, y } of corners) {
      const u = x * cos + y * sin;
      const v = y * cos - x * sin;
      left = Math.min(left, u);
      right = Math.max(right, u);
      top = Math.min(top, v);
      bottom = Math.max(bottom, v);
    }
    const size = (right - left) * (bottom - top);
    if (size >= area) return;
    area = size;
    const [u, v] = [(left + right) / 2, (top + bottom) / 2];
    best = {
      centre: { x: u * cos - v * sin, y: u * sin + v * cos },
      angle,
      width: right - left,
      height: bottom - top,
    };
  });
  return best;
}

/**
 * @param {Rectangle} rectangle
 * @returns {Quad} its corners from the one that is top left in the picture
 */
export function cornersOf({ centre, angle, width, height }) {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const corners = [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].map(([u, v]) => ({
    x: centre.x + (u * width * cos - v * height * sin) / 2,
    y: centre.y + (u * width * sin + v * height * cos) / 2,
  }));
  const byX = [...corners].sort((a, b) => a.x - b.x);
  const [topLeft, bottomLeft] = byX.slice(0, 2).sort((a, b) => a.y - b.y);
  const [topRight, bottomRight] = byX.slice(2).sort((a, b) => a.y - b.y);
  return [topLeft, topRight, bottomRight, bottomLeft];
}

/**
 * @param {Float32Array} map width x height
 * @param {number} width
 * @param {number} height
 * @param {Quad} quad convex
 * @returns {number} the mean of the map inside the quad
 */
export function meanInside(map, width, height, quad) {
  const ys = quad.map(({ y }) => y);
  let [sum, count] = [0, 0];
  for (
    let y = Math.max(0, Math.floor(Math.min(...ys)));
    y <= Math.min(height - 1, Math.ceil(Math.max(...ys)));
    y++
  ) {
    let [left, right] = [Infinity, -Infinity];
    quad.forEach((a, i) => {
      const b = quad[(i + 1) % 4];
      if (Math.min(a.y, b.y) > y || Math.max(a.y, b.y) < y) return;
      const xs = a.y === b.y ? [a.x, b.x] : [a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x)];
      left = Math.min(left, ...xs);
      right = Math.max(right, ...xs);
    });
    for (let x = Math.max(0, Math.round(left)); x <= Math.min(width - 1, Math.round(right)); x++) {
      sum += map[y * width + x];
      count++;
    }
  }
  return count > 0 ? sum / count : 0;
}
