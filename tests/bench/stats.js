/** What the benchmark does with its numbers. */

/** The value below which this part of the values lies, between neighbours in proportion. @param {number[]} values @param {number} part 0..1 */
export function quantile(values, part) {
  if (!values.length) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

/** @param {number[]} values */
export const median = (values) => quantile(values, 0.5);

/** @param {number[]} values */
export const summary = (values) => ({
  min: quantile(values, 0),
  median: median(values),
  p95: quantile(values, 0.95),
  count: values.length,
});

/**
 * How much of b's time a takes: a ratio for each round, in which both ran within the same second or two, so that what
 * slows the machine for a while slows both; then the median of these.
 * @param {number[][]} a times of each round
 * @param {number[][]} b
 */
export function ratio(a, b) {
  const pairs = a.slice(0, b.length).map((times, round) => median(times) / median(b[round]));
  return {
    median: median(pairs),
    low: quantile(pairs, 0.1),
    high: quantile(pairs, 0.9),
    rounds: pairs.length,
  };
}

/**
 * The largest difference of two outputs in relation to the largest value, over all tensors; NaN counts as infinite.
 * Engines name outputs differently, so they are taken in order.
 * @param {Record<string, {data: ArrayLike<number | bigint>}>} got
 * @param {Record<string, {data: ArrayLike<number | bigint>}>} want
 */
export function difference(got, want) {
  const [mine, theirs] = [Object.values(got), Object.values(want)];
  if (mine.length !== theirs.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (const [i, { data: a }] of mine.entries()) {
    const b = theirs[i].data;
    if (a.length !== b.length) return Number.POSITIVE_INFINITY;
    let largest = 0;
    let apart = 0;
    for (let j = 0; j < a.length; j++) {
      const d = Math.abs(Number(a[j]) - Number(b[j]));
      if (!(d <= apart)) apart = Number.isNaN(d) ? Number.POSITIVE_INFINITY : d;
      largest = Math.max(largest, Math.abs(Number(b[j])));
    }
    if (apart === Number.POSITIVE_INFINITY) return apart;
    worst = Math.max(worst, apart === 0 ? 0 : apart / largest);
  }
  return worst;
}
