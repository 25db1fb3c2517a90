/** Histograms of all rows above each other on one axis, as SVG that scales with the page. */
import { histogram, milliseconds, ticks } from './numbers.js';

const PARTS = 60;
const [HEIGHT, GAP, AXIS] = [46, 26, 22];

/** @param {string} name @param {Record<string, string | number>} attributes @param {string} [text] */
function element(name, attributes, text) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

/**
 * @param {HTMLElement} host
 * @param {{name: string, times: number[], summary: import('./numbers.js').Summary}[]} rows at least one
 */
export function draw(host, rows) {
  const all = rows.map(({ summary }) => summary);
  const low = Math.min(...all.map(({ min }) => min));
  // The slowest hundredth would squeeze all the rest; it is counted in the last bar.
  const high = Math.max(...all.map(({ p99 }) => p99), low * 1.05);
  const width = Math.max(280, host.clientWidth);
  const height = rows.length * (HEIGHT + GAP) + AXIS;
  const x = (/** @type {number} */ ms) => ((ms - low) / (high - low)) * (width - 2) + 1;

  const svg = element('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img' });
  const told = rows.map(({ name }, i) => `${name}: half of them below ${milliseconds(all[i].median)} ms`);
  svg.setAttribute('aria-label', `Histograms. ${told.join('; ')}`);
  const bottom = height - AXIS;
  for (const tick of ticks(low, high, Math.floor(width / 90))) {
    svg.append(element('line', { class: 'grid', x1: x(tick), x2: x(tick), y1: 0, y2: bottom }));
    const anchor = x(tick) > width - 24 ? 'end' : x(tick) < 24 ? 'start' : 'middle';
    const label = `${Number(tick.toPrecision(6))} ms`;
    svg.append(element('text', { class: 'tick', x: x(tick), y: height - 5, 'text-anchor': anchor }, label));
  }
  for (const [i, { name, times }] of rows.entries()) {
    const base = (i + 1) * (HEIGHT + GAP);
    const counts = histogram(times, low, high, PARTS);
    const tallest = Math.max(...counts);
    const step = (width - 2) / PARTS;
    for (const [part, count] of counts.entries()) {
      if (!count) continue;
      const tall = Math.max(1.5, (count / tallest) * HEIGHT);
      svg.append(
        element('rect', {
          class: 'bar',
          x: 1 + part * step,
          y: base - tall,
          width: step * 0.86,
          height: tall,
        }),
      );
    }
    const middle = x(all[i].median);
    svg.append(element('line', { class: 'base', x1: 0, x2: width, y1: base, y2: base }));
    svg.append(element('line', { class: 'median', x1: middle, x2: middle, y1: base - HEIGHT, y2: base }));
    svg.append(element('text', { class: 'name', x: 2, y: base - HEIGHT - 8 }, name));
  }
  host.replaceChildren(svg);
}
