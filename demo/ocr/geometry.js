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
 * The regions of a map whose pixels touch, diagonals included. Works on runs, the stretches of a row that are
 * inside: there are far fewer of them than of pixels.
 * @param {Float32Array} map width x height
 * @param {number} width
 * @param {number} height
 * @param {number} threshold a pixel is inside when it is above
 * @returns {Point[][]} for each region the pixels at both ends of its runs: all that its hull can need
 */
export function regions(map, width, height, threshold) {
  /** @type {{y: number, left: number, right: number}[]} */
  const runs = [];
  /** @type {number[]} for each run another of its region, or itself */
  const towards = [];
  /** @param {number} run */
  const root = (run) => {
    while (towards[run] !== run) run = towards[run] = towards[towards[run]];
    return run;
  };
  let above = 0; // the first run of the row above that can touch what comes
  let rowAbove = 0;
  for (let y = 0; y < height; y++) {
    const rowStart = runs.length;
    above = rowAbove;
    for (let x = 0; x < width; x++) {
      if (!(map[y * width + x] > threshold)) continue;
      const left = x;
      while (x + 1 < width && map[y * width + x + 1] > threshold) x++;
      const run = runs.push({ y, left, right: x }) - 1;
      towards.push(run);
      while (above < rowStart && runs[above].right < left - 1) above++;
      for (let other = above; other < rowStart && runs[other].left <= x + 1; other++)
        towards[root(run)] = root(other);
    }
    rowAbove = rowStart;
  }
  /** @type {Map<number, Point[]>} */
  const found = new Map();
  runs.forEach(({ y, left, right }, run) => {
    const region = root(run);
    const points = found.get(region) ?? [];
    found.set(region, points);
    points.push({ x: left, y }, { x: right, y });
  });
  return [...found.values()];
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
