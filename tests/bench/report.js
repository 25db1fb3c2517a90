/** The numbers as Markdown. */
import { median, quantile, ratio, summary } from './stats.js';
import { verdicts } from './targets.js';

/** @param {number} value milliseconds or a ratio, three digits of it */
export function short(value) {
  if (value > 0 && value < 0.001) return value.toExponential(1);
  return value.toFixed(value < 0.1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0);
}

const megabytes = (bytes) => (bytes === null || bytes === undefined ? '' : (bytes / 1e6).toFixed(1));
const thousands = (count) => count.toLocaleString('en-US');

/** @param {string[]} head @param {string[][]} rows the first column is text, the others numbers */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i ? '---:' : '---'))), ...rows.map(line)].join('\n');
}

/** Names what the ids of a run stand for. @param {any} result */
function namesOf({ engines, models }) {
  const names = new Map(
    [...engines, ...models].map(({ id, title, version }) => [id, version ? `${title} ${version}` : title]),
  );
  return (id) => names.get(id) ?? id;
}

const command = (args) => `\`node tests/bench/run.js ${args}\``;

function targets(result) {
  const known = verdicts(result).filter(({ measured }) => result.full || measured !== null);
  if (!known.length) return [];
  const rows = known.map(({ what, against, target, measured, unit, note }) => {
    const wanted = `<= ${target < 0.01 && target > 0 ? target.toExponential(0) : target}${unit ? ` ${unit}` : ''}`;
    const missed = measured !== null && measured > target;
    const by = target > 0 && missed ? ` by ${Math.round((measured / target - 1) * 100)}%` : '';
    return [
      what,
      against,
      note ? `${wanted} (${note})` : wanted,
      measured === null ? 'not measured' : short(measured),
      measured === null ? '' : missed ? `missed${by}` : 'met',
    ];
  });
  return [
    '## Targets',
    "Siskin's share of the time, bytes or memory of what the second column names; smaller is better.",
    table(['', 'in relation to', 'target', 'measured', ''], rows),
  ];
}

/** @param {any} result @param {string} model @param {number} threads */
function speedRows(result, model, threads) {
  const name = namesOf(result);
  const rows = result.speed.filter((row) => row.model === model && row.threads === threads);
  const own = rows.find(({ engine, rounds }) => engine === 'siskin' && rounds);
  return rows.map(({ engine, rounds, unavailable, difference }) => {
    if (!rounds) return [name(engine), '', '', '', `not available: ${unavailable}`, ''];
    const { min, median: middle, p95 } = summary(rounds.flat());
    const share = own && engine !== 'siskin' ? ratio(own.rounds, rounds) : null;
    return [
      name(engine),
      ...[min, middle, p95].map(short),
      share ? `${short(share.median)} (${short(share.low)} to ${short(share.high)})` : '',
      difference?.toExponential(0) ?? '',
    ];
  });
}

function times(result) {
  if (!result.speed.length) return [];
  const head = ['ms', 'minimum', 'median', 'p95', "Siskin's time / this one's", 'outputs differ by'];
  const parts = ['## Time of a prediction'];
  for (const { id, title, generated } of result.models) {
    for (const threads of [...new Set(result.speed.map((row) => row.threads))]) {
      parts.push(
        `### ${title}, ${threads} thread${threads > 1 ? 's' : ''}`,
        table(head, speedRows(result, id, threads)),
      );
    }
    parts.push(`${command(`--parts speed --models ${id}`)}${generated ? '; weights generated' : ''}`);
  }
  return parts;
}

function starts({ start, ...result }) {
  if (!start) return [];
  const name = namesOf(result);
  const own = start.rows.find(({ engine }) => engine === 'siskin');
  const rows = start.rows.map(({ engine, times, bytes, brotli }) => [
    name(engine),
    ...[0, 0.5, 0.95].map((part) => short(quantile(times, part))),
    own && engine !== 'siskin' ? short(median(own.times.map((ms, i) => ms / times[i]))) : '',
    thousands(bytes),
    thousands(brotli),
    own && engine !== 'siskin' ? short(own.brotli / brotli) : '',
  ]);
  const phases = start.rows.map(({ engine, phases: all }) => [
    name(engine),
    ...['begin', 'imported', 'loaded', 'ms'].map((mark) => short(median(all.map((one) => one[mark])))),
  ]);
  return [
    '## From navigation to first prediction, and bytes of wasm and JavaScript',
    'A fresh browser context each time, nothing cached; MobileNetV2; all files from this machine, brotli where it helps.',
    table(
      [
        'ms',
        'minimum',
        'median',
        'p95',
        "Siskin's / this one's",
        'bytes',
        'with brotli',
        "Siskin's / this one's",
      ],
      rows,
    ),
    'When, after the navigation began, medians:',
    table(['ms', 'script runs', 'library is there', 'model is loaded', 'first prediction'], phases),
    command('--parts start --models mobilenetv2'),
  ];
}

function memories(result) {
  const name = namesOf(result);
  const measured = result.speed.filter(({ memory, threads }) => memory && threads === 1);
  const parts = ['## Memory'];
  if (measured.length) {
    const rows = measured.map(({ model, engine, memory }) => [
      name(model),
      name(engine),
      megabytes(memory.wasm),
      megabytes(memory.page),
      memory.page === null ? '' : megabytes(memory.page + memory.wasm),
      megabytes(memory.engine?.peak),
    ]);
    parts.push(
      'After the rounds, in MB: wasm memory, what the browser says of the page besides (JavaScript with the model file in ' +
        "it), and how much of Siskin's memory was in use at most.",
      table(['', '', 'wasm memory', 'the rest of the page', 'both', 'most in use'], rows),
    );
  }
  if (result.steady?.length) {
    const rows = result.steady.map(({ model, predictions, before, after }) => [
      name(model),
      thousands(predictions),
      ...[before.wasm, after.wasm, before.engine?.inUse ?? 0, after.engine?.inUse ?? 0].map(thousands),
      megabytes(before.page),
      megabytes(after.page),
    ]);
    parts.push(
      table(
        [
          'Siskin',
          'predictions',
          'wasm memory before',
          'after',
          'in use before',
          'after',
          'page before (MB)',
          'after',
        ],
        rows,
      ),
    );
  }
  if (parts.length === 1) return [];
  return [...parts, command('--parts speed,memory --threads 1')];
}

function growths({ growth }) {
  if (!growth) return [];
  const parts = ['## Growth with batch and pixels'];
  for (const { title, rows } of growth) {
    const [first] = rows;
    const pixels = ({ dims }) => dims[0] * dims[2] * dims[3];
    parts.push(
      `Siskin, ${title}:`,
      table(
        ['input', 'ms', 'work in relation to the first', 'time in relation to the first', 'ns a pixel'],
        rows.map((row) => [
          row.dims.join(' x '),
          short(row.ms),
          short(pixels(row) / pixels(first)),
          short(row.ms / first.ms),
          short((row.ms * 1e6) / pixels(row)),
        ]),
      ),
    );
  }
  return [...parts, command('--parts growth --engines siskin')];
}

const MOST_STEPS = 8;

/** Where the time goes, by operator and what it puts out. */
function profiles(result) {
  const name = namesOf(result);
  const rows = [];
  for (const { model, threads, profile } of result.speed) {
    if (!profile || threads !== 1) continue;
    const sums = new Map();
    for (const { op, way, dims = [], ms, share } of profile.steps) {
      const key = `${op}${way ? ` (${way})` : ''} to ${dims.join(' x ') || 'a scalar'}`;
      const sum = sums.get(key) ?? { key, steps: 0, ms: 0, share: 0 };
      sums.set(key, { key, steps: sum.steps + 1, ms: sum.ms + ms, share: sum.share + share });
    }
    const top = [...sums.values()].sort((a, b) => b.ms - a.ms).slice(0, MOST_STEPS);
    for (const [i, { key, steps, ms, share }] of top.entries())
      rows.push([i ? '' : name(model), key, String(steps), short(ms), `${Math.round(share * 100)}%`]);
  }
  if (!rows.length) return [];
  return [
    '## Where the time goes',
    `The ${MOST_STEPS} dearest kinds of steps of each model, one thread, by \`model.profile()\`; steps of one kind have the same ` +
      'operator and the same size of output:',
    table(['', 'step', 'number', 'ms', 'share'], rows),
    command('--parts speed,profile --engines siskin --threads 1'),
  ];
}

/** @param {any} result of run.js @returns {string} */
export function tables(result) {
  const { browser, cpu, date, options } = result;
  const generated = result.models.some((one) => one.generated);
  return [
    `Measured on ${date.slice(0, 10)} in ${browser}, headless, on ${cpu.cores} cores of a CPU that calls itself "${cpu.model}"; ` +
      `${options.rounds} rounds of ${options.ms} ms for each engine after ${options.warm / 1000} s of warming up.` +
      (generated ? ' BENCH_MODELS was not set: the large models are generated, with the same shapes.' : ''),
    ...targets(result),
    ...times(result),
    ...starts(result),
    ...memories(result),
    ...growths(result),
    ...profiles(result),
  ].join('\n\n');
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
