/** The numbers as Markdown tables. */
import { ratio, summary } from './stats.js';

/** @param {number} ms */
export const ms = (ms) => (ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0));

/** @param {string[]} head @param {string[][]} rows the first column is text, the others numbers */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i ? '---:' : '---'))), ...rows.map(line)].join('\n');
}

/** @param {any} result @param {string} id */
export function titleOf({ engines, models }, id) {
  const { title, version } = [...engines, ...models].find((one) => one.id === id) ?? { title: id };
  return version ? `${title} ${version}` : title;
}

/** Rows of the speed table for one model and number of threads. */
function speedRows(result, model, threads) {
  const rows = result.speed.filter((row) => row.model === model && row.threads === threads);
  const own = rows.find(({ engine, rounds }) => engine === 'siskin' && rounds);
  return rows
    .filter(({ rounds, unavailable }) => rounds || !/alone$|one thread$/.test(unavailable))
    .map(({ engine, rounds, unavailable, difference }) => {
      const title = titleOf(result, engine);
      if (!rounds) return [title, `not available: ${unavailable}`, '', '', '', ''];
      const { min, median, p95 } = summary(rounds.flat());
      const against = own && engine !== 'siskin' ? ratio(own.rounds, rounds) : null;
      return [
        title,
        ms(min),
        ms(median),
        ms(p95),
        against
          ? `${against.median.toFixed(2)} (${against.low.toFixed(2)} to ${against.high.toFixed(2)})`
          : '',
        difference === undefined ? 'not compared' : engine === 'siskin' ? '' : difference.toExponential(1),
      ];
    });
}

/** @param {any} result of run.js */
export function tables(result) {
  const parts = [];
  const head = ['', 'min', 'median', 'p95', "Siskin's time / this", 'outputs differ by'];
  for (const { id, title } of result.models) {
    for (const threads of [...new Set(result.speed.map((row) => row.threads))]) {
      parts.push(`### ${title}, ${threads} thread${threads > 1 ? 's' : ''} (ms)`);
      parts.push(table(head, speedRows(result, id, threads)));
    }
  }
  return parts.join('\n\n');
}

const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';

/**
 * Replaces what stands between the markers.
 * @param {string} document
 * @param {string} text
 */
export function between(document, text) {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`no ${BEGIN} and ${END} to write between`);
  return `${document.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${document.slice(end)}`;
}
