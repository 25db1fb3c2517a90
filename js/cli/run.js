/** `siskin run`: one prediction from files to printed or written tensors. */
import { kindText, openModel, shapeText, table } from './common.js';
import { parseInput, parseNumbers } from './inputs.js';
import { jsonOf, summary, write } from './outputs.js';
import { printProfile, profileOf } from './profile.js';
import { wrong } from './usage.js';

/** @typedef {import('../siskin.d.ts').Value} Value */

/** @param {any[]} rows of describe('check'), in the order of execution */
function printCheck(rows) {
  const relative = (/** @type {any} */ r) => (r.maxAbs ? r.maxDiff / r.maxAbs : r.maxDiff);
  const bad = rows.filter((r) => relative(r) > 1e-4);
  const worst = [...rows].sort((a, b) => relative(b) - relative(a)).slice(0, 10);
  console.log(
    `\n${rows.length} node outputs compared with the scalar reference, ${bad.length} differ by more than 1e-4 of their maximum; the largest differences:`,
  );
  const cell = (/** @type {number} */ v) => v.toExponential(2);
  console.log(
    table(
      ['node', 'op', 'output', 'max', 'difference', 'relative'],
      worst.map((r) => [r.node, r.op, r.output, cell(r.maxAbs), cell(r.maxDiff), cell(relative(r))]),
    ),
  );
  return bad.length;
}

/** @param {import('../siskin.d.ts').Model} model @param {import('../siskin.d.ts').Inputs} inputs @param {number} repeat */
async function timed(model, inputs, repeat) {
  const times = [];
  let outputs;
  for (let i = 0; i < repeat; i++) {
    const start = performance.now();
    outputs = await model.predict(inputs);
    times.push(performance.now() - start);
  }
  return { outputs: /** @type {Record<string, Value>} */ (outputs), times };
}

/** @param {string} text @param {string} option */
function count(text, option) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) wrong(`${option} wants a whole number, not '${text}'`);
  return number;
}

/** @param {string} file @param {import('./common.js').Flags} flags */
export async function run(file, flags) {
  const repeat = count(flags.repeat ?? '1', '--repeat');
  const runs = count(flags.runs ?? '20', '--runs');
  const image = {
    mean: parseNumbers(flags.mean ?? '0', '--mean'),
    std: parseNumbers(flags.std ?? '1', '--std'),
    raw: Boolean(flags.raw),
  };
  const model = await openModel(file, flags, { tools: flags['check-nodes'], check: flags['check-nodes'] });
  try {
    /** @type {import('../siskin.d.ts').Inputs} */
    const inputs = Object.create(null);
    for (const text of flags.input ?? []) {
      const [name, value] = parseInput(text, model.inputs, image);
      inputs[name] = value;
    }
    const missing = model.inputs.filter(({ name, optional }) => !(name in inputs) && !optional);
    if (missing.length)
      wrong(
        `input missing: ${missing.map((info) => `${info.name} (${kindText(info)}${info.kind ? '' : shapeText(info.dims)})`).join(', ')}; give it as --input NAME=FILE.npy`,
      );
    const { outputs, times } = await timed(model, inputs, repeat);
    const files = flags.output ? write(flags.output, outputs) : [];
    const check = flags['check-nodes'] ? await model.describe('check') : undefined;
    const profile = flags.profile ? await profileOf(model, file, flags, inputs, runs) : undefined;
    times.sort((a, b) => a - b);
    const time = { runs: repeat, min: times[0], median: times[times.length >> 1] };
    if (flags.json) {
      const entries = Object.entries(outputs).map(([name, value]) => [name, jsonOf(value)]);
      console.log(
        JSON.stringify({
          outputs: Object.fromEntries(entries),
          files,
          milliseconds: time,
          build: model.info.build,
          check,
          profile,
        }),
      );
      return;
    }
    for (const [name, value] of Object.entries(outputs)) console.log(summary(name, value));
    for (const name of files) console.log(`wrote ${name}`);
    console.log(
      `${time.min.toFixed(2)} ms${repeat > 1 ? ` at best, ${time.median.toFixed(2)} ms median of ${repeat}` : ' (the first run: it also plans and packs)'}, ${model.info.build}`,
    );
    if (profile) printProfile(profile);
    if (check && printCheck(check)) process.exitCode = 1;
  } finally {
    await model.dispose();
  }
}
