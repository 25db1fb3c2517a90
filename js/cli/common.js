/** What the commands share: opening a model, and texts for people. */
import path from 'node:path';
import { existsSync, statSync } from 'node:fs';
import { load } from '../index.js';
import { wrong } from './usage.js';

/**
 * @typedef {{shape?: string[], graph?: boolean, plan?: boolean, input?: string[], output?: string, mean?: string,
 *   std?: string, raw?: boolean, 'check-nodes'?: boolean, repeat?: string, external?: string[], simd?: string,
 *   json?: boolean, profile?: boolean, runs?: string, calibrate?: string, dynamic?: boolean, 'weight-only'?: boolean,
 *   activations?: string, weights?: string, method?: string, percentile?: string, 'per-channel'?: boolean,
 *   'per-tensor'?: boolean, block?: string, 'matmul-nbits'?: boolean, exclude?: string[], samples?: string, data?: string,
 *   against?: string, top?: string}} Flags
 */

/** A progress line on a terminal, for models from the net. @param {import('../siskin.d.ts').Progress} p */
function progress({ phase, loaded, total }) {
  if (!process.stderr.isTTY || phase !== 'download') return;
  const done = total ? `${Math.floor((100 * loaded) / total)}%` : bytesText(loaded);
  process.stderr.write(`\r${phase} ${done}${loaded === total ? '\n' : ''}`);
}

/** Files of external data: named ones, and those that stand beside the model under the name it uses.
 * @param {string} file @param {string[]} named */
export function externalData(file, named) {
  /** @type {Record<string, string>} */
  const files = Object.create(null);
  for (const name of [
    'model.onnx.data',
    `${path.basename(file)}.data`,
    `${path.basename(file)}_data`,
    `${path.basename(file, '.onnx')}.data`,
  ]) {
    const beside = path.join(path.dirname(file), name);
    if (existsSync(beside)) files[name] = beside;
  }
  for (const text of named) {
    const at = text.indexOf('=');
    if (at < 1) wrong(`--external wants PATH=FILE, not '${text}'`);
    files[text.slice(0, at)] = text.slice(at + 1);
    if (!existsSync(files[text.slice(0, at)])) wrong(`no file '${text.slice(at + 1)}'`);
  }
  return files;
}

/**
 * @param {string} file path or http(s) URL
 * @param {Flags} flags
 * @param {{tools?: boolean, check?: boolean}} [want] tools: the build that describes graph and plan
 */
export async function openModel(file, flags, { tools, check } = {}) {
  const remote = /^https?:\/\//.test(file);
  if (!remote && !existsSync(file)) wrong(`no file '${file}'`);
  if (!remote && statSync(file).isDirectory()) wrong(`${file} is a folder`);
  const simd = flags.simd ?? 'auto';
  if (!['auto', 'relaxed', 'simd128'].includes(simd))
    wrong(`--simd is auto, relaxed or simd128, not '${simd}'`);
  return load(remote ? file : path.resolve(file), {
    simd: tools ? 'simd128' : /** @type {'auto'} */ (simd),
    wasm: tools ? { urls: { simd128: new URL('./siskin-tools.wasm', import.meta.url).href } } : undefined,
    onProgress: progress,
    externalData: remote ? {} : externalData(file, flags.external ?? []),
    debug: { check },
  });
}

/** @param {number} n */
export function bytesText(n) {
  if (n < 1024) return `${n} B`;
  const units = ['KiB', 'MiB', 'GiB'];
  let size = n / 1024;
  let unit = 0;
  while (size >= 1024 && unit < 2) {
    size /= 1024;
    unit++;
  }
  return `${size.toFixed(size < 10 ? 2 : 1)} ${units[unit]}`;
}

/** @param {number} n */
export const countText = (n) =>
  n < 1e4
    ? String(n)
    : n < 1e6
      ? `${(n / 1e3).toFixed(1)} thousand`
      : n < 1e9
        ? `${(n / 1e6).toFixed(2)} million`
        : `${(n / 1e9).toFixed(2)} billion`;

/** @param {readonly (number | string | null)[] | null} dims */
export const shapeText = (dims) => (dims ? `[${dims.map((d) => d ?? '?').join(', ')}]` : ' of any shape');

/** 'float32', 'sequence of float32', 'optional map from string to float32'. @param {import('../siskin.d.ts').ValueInfo<string>} info */
export function kindText({ type, kind, keys, optional }) {
  const map = keys ? `map from ${keys} to ${type}` : type;
  return `${optional ? 'optional ' : ''}${kind === 'sequence' ? `sequence of ${map}` : map}`;
}

/** Columns as wide as their content. @param {string[]} head @param {string[][]} rows */
export function table(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.min(60, Math.max(...all.map((row) => row[i].length))));
  const cell = (/** @type {string} */ text, /** @type {number} */ i) =>
    (text.length > widths[i] ? `…${text.slice(1 - widths[i])}` : text).padEnd(widths[i]);
  return all.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}
