/** Figures for classifiers: from scores or classes, and what would have been right, to accuracy and the rest. */

/** @typedef {import('../compress.js').Scores} Scores */
/** @typedef {{actual: number, predicted: number, scores: ArrayLike<number> | null}} Outcome */

const POINTS = 101;

/**
 * The curve of true against false positives of one class, and the area under it. Equal scores are one step.
 * @param {{score: number, positive: boolean}[]} ranked
 */
export function rocOf(ranked) {
  const sorted = [...ranked].sort((a, b) => b.score - a.score);
  const positives = sorted.filter(({ positive }) => positive).length;
  const negatives = sorted.length - positives;
  /** @type {[number, number][]} */
  const points = [[0, 0]];
  if (!positives || !negatives) return { auc: null, curve: /** @type {[number, number][]} */ ([]) };
  let [hits, misses, area] = [0, 0, 0];
  for (let i = 0; i < sorted.length; ) {
    const [hitsBefore, missesBefore] = [hits, misses];
    for (const { score } = sorted[i]; i < sorted.length && sorted[i].score === score; i++)
      sorted[i].positive ? hits++ : misses++;
    area += ((misses - missesBefore) * (hits + hitsBefore)) / 2;
    points.push([misses / negatives, hits / positives]);
  }
  return { auc: area / (positives * negatives), curve: thin(points) };
}

/** At most POINTS of them, the ends among them. @param {[number, number][]} points */
function thin(points) {
  if (points.length <= POINTS) return points;
  return Array.from(
    { length: POINTS },
    (_, i) => points[Math.round((i * (points.length - 1)) / (POINTS - 1))],
  );
}

/** Is the class `actual` among the k largest scores? Of equal ones the first counts. @param {ArrayLike<number>} scores */
function within(scores, /** @type {number} */ actual, /** @type {number} */ k) {
  let before = 0;
  for (let i = 0; i < scores.length; i++)
    if (scores[i] > scores[actual] || (scores[i] === scores[actual] && i < actual)) before++;
  return before < k;
}

const ratio = (/** @type {number} */ a, /** @type {number} */ b) => (b ? a / b : 0);
const mean = (/** @type {number[]} */ list) =>
  ratio(
    list.reduce((a, b) => a + b, 0),
    list.length,
  );

/**
 * @param {Outcome[]} outcomes
 * @param {readonly string[]} names of the classes
 * @param {readonly number[]} top
 * @returns {Scores}
 */
export function scoresOf(outcomes, names, top) {
  const n = names.length;
  const confusion = Array.from({ length: n }, () => new Array(n).fill(0));
  for (const { actual, predicted } of outcomes) confusion[actual][predicted]++;
  const scored = outcomes.filter(({ scores }) => scores);
  const classes = names.map((name, k) => {
    const right = confusion[k][k];
    const count = confusion[k].reduce((a, b) => a + b, 0);
    const precision = ratio(
      right,
      confusion.reduce((sum, row) => sum + row[k], 0),
    );
    const recall = ratio(right, count);
    const ranked = scored.map(({ scores, actual }) => ({
      score: /** @type {ArrayLike<number>} */ (scores)[k],
      positive: actual === k,
    }));
    return {
      name,
      count,
      precision,
      recall,
      f1: ratio(2 * precision * recall, precision + recall),
      ...rocOf(ranked),
    };
  });
  const there = classes.filter(({ count }) => count);
  const areas = there.map(({ auc }) => auc).filter((auc) => auc !== null);
  const ks = scored.length ? top.filter((k) => k === 1 || k < n) : [];
  return {
    accuracy: ratio(outcomes.filter(({ actual, predicted }) => actual === predicted).length, outcomes.length),
    top: Object.fromEntries(
      ks.map((k) => [
        k,
        ratio(
          scored.filter(({ scores, actual }) => within(/** @type {any} */ (scores), actual, k)).length,
          scored.length,
        ),
      ]),
    ),
    precision: mean(there.map(({ precision }) => precision)),
    recall: mean(there.map(({ recall }) => recall)),
    f1: mean(there.map(({ f1 }) => f1)),
    auc: areas.length ? mean(areas) : null,
    classes,
    confusion,
  };
}

/** @param {number[]} times milliseconds */
export function latencyOf(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (/** @type {number} */ share) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), mean: mean(sorted) };
}
