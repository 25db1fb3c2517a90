/** `siskin run`: one prediction from files to printed or written tensors. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openModel, table } from './common.js';
import { parseInput, parseNumbers } from './inputs.js';
import { writeNpy } from './npy.js';
import { printProfile, profileOf } from './profile.js';
import { wrong } from './usage.js';

/** @typedef {import('../siskin.d.ts').Tensor} Tensor */

/** Numbers of a tensor for printing; float16 bits become numbers. @param {Tensor} tensor @returns {number[]} */
const numbers = (tensor) =>
  Array.from(
    /16$/.test(tensor.type) && /float/.test(tensor.type)
      ? tensor.toFloat32()
      : /** @type {any} */ (tensor.data),
    Number,
  );

/** @param {string} name @param {Tensor} tensor */
function summary(name, tensor) {
  const values = numbers(tensor);
  const finite = values.filter(Number.isFinite);
  const short = (/** @type {number} */ v) => String(Number(v.toPrecision(6)));
  const least = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const most = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  const lines = [
    `${name}: ${tensor.type}[${tensor.dims}]${finite.length ? `  min ${short(least)}  max ${short(most)}` : ''}${finite.length < values.length ? `  ${values.length - finite.length} not finite` : ''}`,
  ];
  if (values.length <= 16) {
    lines.push(`  ${values.map(short).join(' ')}`);
  } else {
    const top = Array.from(values.keys())
      .sort((a, b) => values[b] - values[a])
      .slice(0, 5);
    lines.push(`  largest: ${top.map((i) => `[${i}] ${short(values[i])}`).join('  ')}`);
  }
  return lines.join('\n');
}

/** A name as a file name: nothing that a path means. @param {string} name @param {Set<string>} taken */
function fileName(name, taken) {
  const base = name.replace(/[^\w.-]+/g, '_').replace(/^\.+/, '_') || 'output';
  let file = `${base}.npy`;
  for (let i = 2; taken.has(file); i++) file = `${base}-${i}.npy`;
  taken.add(file);
  return file;
}

/** @param {string} dir @param {Record<string, Tensor>} outputs */
function write(dir, outputs) {
  const taken = /** @type {Set<string>} */ (new Set());
  try {
    mkdirSync(dir, { recursive: true });
    return Object.entries(outputs).map(([name, tensor]) => {
      const file = path.join(dir, fileName(name, taken));
      writeFileSync(file, writeNpy(tensor));
      return file;
    });
  } catch (error) {
    return wrong(`cannot write to ${dir}: ${/** @type {Error} */ (error).message}`);
  }
}

/** JSON keeps what it can: 64-bit integers beyond 2^53 as text, NaN and infinities as text. @param {Tensor} tensor */
const jsonData = (tensor) =>
  Array.from(
    /** @type {any} */ (
      tensor.type === 'float16' || tensor.type === 'bfloat16' ? tensor.toFloat32() : tensor.data
    ),
    (v) =>
      typeof v === 'bigint'
        ? Number.isSafeInteger(Number(v))
          ? Number(v)
          : String(v)
        : Number.isFinite(v)
          ? v
          : String(v),
  );

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

/** @param {import('../siskin.d.ts').Model} model @param {Record<string, Tensor>} inputs @param {number} repeat */
async function timed(model, inputs, repeat) {
  const times = [];
  let outputs;
  for (let i = 0; i < repeat; i++) {
    const start = performance.now();
    outputs = await model.predict(inputs);
    times.push(performance.now() - start);
  }
  return { outputs: /** @type {Record<string, Tensor>} */ (outputs), times };
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
    /** @type {Record<string, Tensor>} */
    const inputs = Object.create(null);
    for (const text of flags.input ?? []) {
      const [name, tensor] = parseInput(text, model.inputs, image);
      inputs[name] = tensor;
    }
    const missing = model.inputs.filter(({ name }) => !inputs[name]);
    if (missing.length)
      wrong(
        `input missing: ${missing.map(({ name, type, dims }) => `${name} (${type}[${dims ?? '?'}])`).join(', ')}; give it as --input NAME=FILE.npy`,
      );
    const { outputs, times } = await timed(model, inputs, repeat);
    const files = flags.output ? write(flags.output, outputs) : [];
    const check = flags['check-nodes'] ? await model.describe('check') : undefined;
    const profile = flags.profile ? await profileOf(model, file, flags, inputs, runs) : undefined;
    times.sort((a, b) => a - b);
    const time = { runs: repeat, min: times[0], median: times[times.length >> 1] };
    if (flags.json) {
      const entries = Object.entries(outputs).map(([name, t]) => [
        name,
        { type: t.type, dims: t.dims, data: jsonData(t) },
      ]);
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
    for (const [name, tensor] of Object.entries(outputs)) console.log(summary(name, tensor));
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
