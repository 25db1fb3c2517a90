/**
 * Reading order: boxes found in any order become lines from top to bottom, each from left to right. A tilted
 * page is read along its tilt, or the right half of a line would end up a line too low.
 * Boxes side by side but far apart are lines of their own: two signs, not one.
 *
 * @typedef {import('./picture.js').Quad} Quad
 */
import { distance } from './picture.js';

const FAR = 10; // times the height of the text

/**
 * @template {{quad: Quad}} T
 * @param {T[]} boxes
 * @returns {T[][]} lines of boxes
 */
export function lines(boxes) {
  const long = boxes.filter(({ quad: [a, b, , d] }) => distance(a, b) > distance(a, d));
  const tilt = median(long.map(({ quad: [a, b] }) => Math.atan2(b.y - a.y, b.x - a.x)));
  const [cos, sin] = [Math.cos(tilt), Math.sin(tilt)];
  const placed = boxes.map((box) => {
    const along = box.quad.map(({ x, y }) => x * cos + y * sin);
    const across = box.quad.reduce((sum, { x, y }) => sum + y * cos - x * sin, 0) / 4;
    const height = distance(box.quad[0], box.quad[3]);
    return { box, start: Math.min(...along), end: Math.max(...along), across, height };
  });
  placed.sort((a, b) => a.across - b.across);
  /** @type {(typeof placed)[]} */
  const found = [];
  for (const item of placed) {
    const line = found.at(-1);
    const last = line?.at(-1);
    if (line && last && item.across - last.across < Math.min(item.height, last.height) / 2) line.push(item);
    else found.push([item]);
  }
  return found.flatMap((line) => {
    line.sort((a, b) => a.start - b.start);
    const starts = line.flatMap(({ start, height }, i) =>
      i > 0 && start - line[i - 1].end > FAR * height ? [i] : [],
    );
    return [0, ...starts].map((from, i) => line.slice(from, starts[i]).map(({ box }) => box));
  });
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length > 0 ? sorted[Math.floor(sorted.length / 2)] : 0;
}
