/** siskin eval. */
import { existsSync, statSync } from 'node:fs';
import { evaluate } from '../compress/index.js';
import { bytesText, openModel, table } from './common.js';
import { openData, samplesOf } from './data.js';
import { progressBar } from './progress.js';
import { count, imageOptions } from './quantize.js';
import { wrong } from './usage.js';
import { interruptible } from './write.js';

/** @typedef {import('../compress.js').Evaluation} Evaluation */
/** @typedef {import('../compress.js').Scores} Scores */

const MOST_CLASSES = 20; // as a table
const percent = (/** @type {number | null} */ share) =>
  share === null ? '-' : `${(100 * share).toFixed(2)}%`;
const ms = (/** @type {number} */ time) => `${time.toFixed(2)} ms`;

/** @param {Scores} scores */
function printClasses({ classes, confusion }) {
  const there = classes.map((one, i) => ({ ...one, i })).filter(({ count }) => count);
  if (there.length > MOST_CLASSES) {
    console.log(`\n(${there.length} classes; --json has them one by one)`);
    return;
  }
  const rows = there.map(({ name, count: n, precision, recall, f1, auc }) => [
    name,
    String(n),
    percent(precision),
    percent(recall),
    f1.toFixed(4),
    auc === null ? '-' : auc.toFixed(4),
  ]);
  console.log(`\n${table(['class', 'samples', 'precision', 'recall', 'F1', 'ROC AUC'], rows)}`);
  console.log('\nconfusion: rows what it is, columns what the model says');
  const found = confusion[0].map((_, k) => k).filter((k) => confusion.some((row) => row[k]));
  console.log(
    table(
      ['', ...found.map((k) => classes[k].name)],
      there.map(({ name, i }) => [name, ...found.map((k) => String(confusion[i][k] || '.'))]),
    ),
  );
}

/** @param {import('../compress.js').Measured & {scores: Scores | null}} measured @returns {[string, string][]} */
function rowsOf({ scores, latency, bytes, peak, memory }) {
  /** @type {[string, string][]} */
  const rows = [];
  if (scores) {
    rows.push(['accuracy', percent(scores.accuracy)]);
    for (const [k, share] of Object.entries(scores.top))
      if (k !== '1') rows.push([`top ${k}`, percent(share)]);
    rows.push(['precision', percent(scores.precision)], ['recall', percent(scores.recall)]);
    rows.push(['F1', scores.f1.toFixed(4)], ['ROC AUC', scores.auc === null ? '-' : scores.auc.toFixed(4)]);
  }
  rows.push(
    ['latency p50', ms(latency.p50)],
    ['latency p95', ms(latency.p95)],
    ['latency p99', ms(latency.p99)],
  );
  rows.push(['peak memory', bytesText(peak)], ['wasm memory', bytesText(memory)]);
  if (bytes !== null) rows.push(['file', bytesText(bytes)]);
  return rows;
}

/** @param {Evaluation} result @param {string[]} names of the models */
function print(result, names) {
  const { against } = result;
  const first = rowsOf(result);
  const second = against && rowsOf(against);
  const rows = first.map(([what, value], i) => [what, value, ...(second ? [second[i]?.[1] ?? ''] : [])]);
  console.log(`${result.samples} samples, ${result.labelled} of them labelled\n`);
  console.log(table(['', ...names], rows));
  if (against) {
    const { largest, mean } = against.difference;
    console.log(`\nthe same class for ${percent(against.agreement)} of the samples`);
    console.log(
      `outputs differ by at most ${percent(largest)} of their largest magnitude, ${percent(mean)} on average`,
    );
  }
  if (result.scores) printClasses(result.scores);
}

/** @param {string} file @param {import('./common.js').Flags} flags */
export async function evaluation(file, flags) {
  if (!flags.data) wrong('say on what: --data DATA');
  const top = (flags.top ?? '1,5').split(',').map((k) => count(k, '--top', 1));
  if (flags.against !== undefined && !existsSync(flags.against)) wrong(`no file '${flags.against}'`);
  const model = await openModel(file, flags);
  const against = flags.against === undefined ? undefined : await openModel(flags.against, flags);
  const bar = progressBar();
  try {
    const data = openData(flags.data, model.inputs, imageOptions(flags));
    const { length, at } = samplesOf(data, count(flags.samples, '--samples', data.count));
    const result = await interruptible((signal) =>
      evaluate(model, {
        against,
        output: flags.output,
        top,
        classes: data.classes,
        signal,
        onProgress: ({ phase, done }) => bar.show({ phase, done, total: length }),
        data: function* () {
          for (let i = 0; i < length; i++) yield at(i);
        },
      }),
    );
    bar.clear();
    result.bytes = statSync(file).size;
    if (result.against) result.against.bytes = statSync(/** @type {string} */ (flags.against)).size;
    if (flags.json) console.log(JSON.stringify(result));
    else print(result, flags.against ? [file, flags.against] : [file]);
  } finally {
    bar.clear();
    await model.dispose();
    await against?.dispose();
  }
}
