/** The table, the histograms and the text of what was timed. */
import { draw } from './chart.js';
import { milliseconds } from './numbers.js';

/**
 * @typedef {import('./numbers.js').Summary} Summary
 * @typedef {{build: string, threads: number, first: number, times: number[], summary: Summary | null, missing?: string}} Row
 *   summary: null until there are times
 */

const HEAD = ['build', 'first', 'min', 'median', 'p95', 'runs', 'speed'];

/** @param {Row} row */
export const nameOf = ({ build, threads }) => `${build}, ${threads} thread${threads > 1 ? 's' : ''}`;

/**
 * The cells of each row after its name; a single one stands for all numbers.
 * @param {Row[]} rows
 */
function cells(rows) {
  const fastest = Math.min(...rows.flatMap(({ summary }) => summary?.median ?? []));
  return rows.map(({ times, summary, first, missing }) => {
    if (missing !== undefined) return [`not available: ${missing}`];
    if (!summary) return ['', '', '', '', '', ''];
    const { min, median, p95 } = summary;
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
  const timed = rows.flatMap((row) =>
    row.summary ? { name: nameOf(row), times: row.times, summary: row.summary } : [],
  );
  if (timed.length) draw(chart, timed);
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
  const each = rows.flatMap((row) =>
    row.summary ? `${nameOf(row)}: ${milliseconds(row.summary.median)} milliseconds` : [],
  );
  return each.join('; ') || 'Nothing could be timed';
}
