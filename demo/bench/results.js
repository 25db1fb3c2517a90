/** The table, the histograms and the text of what was timed. */
import { draw } from './chart.js';
import { milliseconds, summary } from './numbers.js';

/** @typedef {{build: string, threads: number, first: number, times: number[], missing?: string}} Row */

const HEAD = ['build', 'first', 'min', 'median', 'p95', 'runs', 'speed'];

/** @param {Row} row */
export const nameOf = ({ build, threads }) => `${build}, ${threads} thread${threads > 1 ? 's' : ''}`;

/**
 * The cells of each row after its name; a single one stands for all numbers.
 * @param {Row[]} rows
 */
function cells(rows) {
  const timed = rows.filter(({ times }) => times.length);
  const fastest = Math.min(...timed.map(({ times }) => summary(times).median));
  return rows.map(({ times, first, missing }) => {
    if (missing !== undefined) return [`not available: ${missing}`];
    if (!times.length) return ['', '', '', '', '', ''];
    const { min, median, p95 } = summary(times);
    const numbers = [first, min, median, p95].map(milliseconds);
    return [...numbers, String(times.length), `${Math.round((fastest / median) * 100)}%`];
  });
}

/** @param {HTMLElement} body @param {HTMLElement} chart @param {Row[]} rows */
export function show(body, chart, rows) {
  const made = cells(rows).map((texts, i) => {
    const line = document.createElement('tr');
    const head = Object.assign(document.createElement('th'), { scope: 'row', textContent: rows[i].build });
    const threads = Object.assign(document.createElement('small'), { className: 'count' });
    threads.textContent = nameOf(rows[i]).slice(rows[i].build.length + 2);
    head.append(' ', threads);
    const data = texts.map((text) => Object.assign(document.createElement('td'), { textContent: text }));
    if (data.length === 1) Object.assign(data[0], { colSpan: HEAD.length - 1, className: 'missing' });
    line.append(head, ...data);
    line.classList.toggle('best', texts.at(-1) === '100%');
    return line;
  });
  body.replaceChildren(...made);
  const timed = rows.filter(({ times }) => times.length);
  if (timed.length)
    draw(
      chart,
      timed.map((row) => ({ name: nameOf(row), times: row.times })),
    );
  else chart.replaceChildren();
}

/** As a Markdown table. @param {Row[]} rows */
export function asText(rows) {
  const line = (/** @type {string[]} */ texts) => `| ${texts.join(' | ')} |`;
  const body = cells(rows).map((texts, i) =>
    line([nameOf(rows[i]), ...texts, ...new Array(HEAD.length - 1 - texts.length).fill('')]),
  );
  return [line(HEAD), line(HEAD.map(() => '---')), ...body].join('\n');
}

/** @param {Row[]} rows in a sentence, to be read out */
export function told(rows) {
  const timed = rows.filter(({ times }) => times.length);
  const each = timed.map((row) => `${nameOf(row)}: ${milliseconds(summary(row.times).median)} milliseconds`);
  return each.join('; ') || 'Nothing could be timed';
}
