/** What the page does with times. No DOM. */

/** @param {number[]} sorted @param {number} part 0..1 */
const at = (sorted, part) => {
  const place = (sorted.length - 1) * part;
  const low = Math.floor(place);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (place - low);
};

/**
 * @typedef {{min: number, median: number, p95: number, p99: number}} Summary
 * @param {number[]} times at least one
 * @returns {Summary}
 */
export function summary(times) {
  const sorted = [...times].sort((a, b) => a - b);
  return { min: sorted[0], median: at(sorted, 0.5), p95: at(sorted, 0.95), p99: at(sorted, 0.99) };
}

/** @param {number} ms */
export const milliseconds = (ms) => ms.toFixed(ms < 1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0);

/**
 * How many of the times lie in each of the equal parts from low to high; what lies beyond counts in the last.
 * @param {number[]} times @param {number} low @param {number} high @param {number} parts
 */
export function histogram(times, low, high, parts) {
  const counts = new Array(parts).fill(0);
  for (const time of times) {
    const part = Math.floor(((time - low) / (high - low || 1)) * parts);
    counts[Math.min(parts - 1, Math.max(0, part))]++;
  }
  return counts;
}

/**
 * Round numbers for an axis.
 * @param {number} low @param {number} high @param {number} most
 * @returns {number[]} within low and high
 */
export function ticks(low, high, most) {
  const rough = (high - low) / most || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((times) => times * power >= rough) ?? 10);
  const list = [];
  for (let n = Math.ceil(low / step); n * step <= high + step * 1e-6; n++) list.push(n * step);
  return list;
}
