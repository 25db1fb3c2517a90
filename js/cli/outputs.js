/** What a prediction gave, for people, for programs, and as files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Tensor } from '../index.js';
import { writeNpy } from './npy.js';
import { wrong } from './usage.js';

/** @typedef {import('../siskin.d.ts').Value} Value */

/** @param {Value} value @returns {value is import('../siskin.d.ts').Tensor} */
const isTensor = (value) => /** @type {any} */ (value) instanceof Tensor;

/** Numbers of a tensor for printing; float16 bits become numbers. @param {import('../siskin.d.ts').Tensor} tensor @returns {number[]} */
const numbers = (tensor) =>
  Array.from(
    /16$/.test(tensor.type) && /float/.test(tensor.type)
      ? tensor.toFloat32()
      : /** @type {any} */ (tensor.data),
    Number,
  );

const short = (/** @type {number} */ v) => String(Number(v.toPrecision(6)));

/** @param {string} head @param {import('../siskin.d.ts').Tensor} tensor */
function numbersText(head, tensor) {
  const values = numbers(tensor);
  const finite = values.filter(Number.isFinite);
  const least = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const most = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  const lines = [
    `${head}${finite.length ? `  min ${short(least)}  max ${short(most)}` : ''}${finite.length < values.length ? `  ${values.length - finite.length} not finite` : ''}`,
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

const FEW = 16; // strings, items of a sequence, entries of a map that are printed

/** @param {string[]} list @param {number} all */
const andMore = (list, all) => [...list, ...(all > FEW ? [`... ${all - FEW} more`] : [])];

/** @param {string} name @param {Value} value @returns {string} */
export function summary(name, value) {
  if (!value) return `${name}: absent`;
  if (isTensor(value)) {
    const head = `${name}: ${value.type}[${value.dims}]`;
    if (value.type !== 'string') return numbersText(head, value);
    const texts = /** @type {string[]} */ (/** @type {unknown} */ (value.data));
    return `${head}\n  ${andMore(
      texts.slice(0, FEW).map((text) => JSON.stringify(text)),
      texts.length,
    ).join(' ')}`;
  }
  if (Array.isArray(value)) {
    const items = value.slice(0, FEW).map((item, i) => summary(`${name}[${i}]`, item));
    return [`${name}: sequence of ${value.length}`, ...andMore(items, value.length)].join('\n');
  }
  const entries = Object.entries(value);
  const parts = entries
    .slice(0, FEW)
    .map(([key, v]) => `${JSON.stringify(key)}: ${typeof v === 'number' ? short(v) : v}`);
  return `${name}: {${andMore(parts, entries.length).join(', ')}}`;
}

/** JSON keeps what it can: 64-bit integers beyond 2^53 as text, NaN and infinities as text. @param {any} v */
const plain = (v) =>
  typeof v === 'bigint'
    ? Number.isSafeInteger(Number(v))
      ? Number(v)
      : String(v)
    : typeof v !== 'number' || Number.isFinite(v)
      ? v
      : String(v);

/** @param {Value} value @returns {any} */
export function jsonOf(value) {
  if (!value) return null;
  if (Array.isArray(value)) return value.map(jsonOf);
  if (!isTensor(value)) return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, plain(v)]));
  const { type, dims } = value;
  const half = type === 'float16' || type === 'bfloat16';
  return { type, dims, data: Array.from(/** @type {any} */ (half ? value.toFloat32() : value.data), plain) };
}

/** A name as a file name: nothing that a path means. @param {string} name @param {string} end @param {Set<string>} taken */
function fileName(name, end, taken) {
  const base = name.replace(/[^\w.-]+/g, '_').replace(/^\.+/, '_') || 'output';
  let file = `${base}${end}`;
  for (let i = 2; taken.has(file); i++) file = `${base}-${i}${end}`;
  taken.add(file);
  return file;
}

/** Tensors of numbers as .npy, everything else as .json. @param {string} dir @param {Record<string, Value>} outputs */
export function write(dir, outputs) {
  const taken = /** @type {Set<string>} */ (new Set());
  try {
    mkdirSync(dir, { recursive: true });
    return Object.entries(outputs).map(([name, value]) => {
      const numeric = isTensor(value) && value.type !== 'string';
      const file = path.join(dir, fileName(name, numeric ? '.npy' : '.json', taken));
      writeFileSync(file, numeric ? writeNpy(value) : JSON.stringify(jsonOf(value)));
      return file;
    });
  } catch (error) {
    return wrong(`cannot write to ${dir}: ${/** @type {Error} */ (error).message}`);
  }
}
