/**
 * Data sets for calibration and evaluation: a folder of images, labelled by the folders that they are in; an .npz or
 * .npy of arrays whose first dimension counts the samples; a .csv of numbers, a sample a line.
 */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { Tensor } from '../index.js';
import { arrayOf } from '../tensor.js';
import { decodeImage, imageTensor } from './images.js';
import { readFile } from './inputs.js';
import { readNpy } from './npy.js';
import { wrong } from './usage.js';
import { readZip } from './zip.js';

/** @typedef {import('../siskin.d.ts').ValueInfo} ValueInfo */
/** @typedef {import('../compress.js').EvaluateSample} EvaluateSample */
/** @typedef {{mean: number[], std: number[], raw: boolean}} ImageOptions */
/** @typedef {{count: number, classes?: string[], sample: (i: number) => EvaluateSample}} DataSet */

const LABELS = ['label', 'labels', 'y', 'target', 'targets', 'class'];
const isLabel = (/** @type {string} */ name) => LABELS.includes(name.toLowerCase());

/**
 * @param {string} from a file or folder
 * @param {readonly ValueInfo[]} inputs of the model
 * @param {ImageOptions} image
 * @returns {DataSet}
 */
export function openData(from, inputs, image) {
  /** @type {import('node:fs').Stats} */
  let stats;
  try {
    stats = statSync(from);
  } catch {
    return wrong(`no file or folder '${from}'`);
  }
  if (stats.isDirectory()) return fromFolder(from, inputs, image);
  if (/\.npz$/i.test(from)) return fromArrays(arraysOf(from), inputs, from);
  if (/\.npy$/i.test(from)) return fromArrays(new Map([['', readNpy(readFile(from), from)]]), inputs, from);
  if (/\.csv$/i.test(from)) return fromCsv(new TextDecoder().decode(readFile(from)), inputs, from);
  return wrong(`'${from}' is no folder, .npz, .npy or .csv`);
}

/** Each sample anew, so that they can be gone over again. @param {DataSet} data @param {number} [limit] */
export const samplesOf = ({ count, sample }, limit = count) => {
  const length = Math.min(count, limit);
  // Taken evenly, as data sets are often sorted by class.
  return { length, at: (/** @type {number} */ i) => sample(Math.floor((i * count) / length)) };
};

/** The model's only input that is no optional one. @param {readonly ValueInfo[]} inputs @param {string} from */
function onlyInput(inputs, from) {
  const wanted = inputs.filter(({ optional }) => !optional);
  if (wanted.length === 1) return wanted[0];
  const names = inputs.map(({ name }) => `'${name}'`).join(', ');
  return wrong(`${from} is for one input, the model has ${names}: give an .npz with an array for each`);
}

// ---- images ----

const byNumber = new Intl.Collator('en', { numeric: true });

/** @param {string} folder @param {readonly ValueInfo[]} inputs @param {ImageOptions} image @returns {DataSet} */
function fromFolder(folder, inputs, image) {
  const input = onlyInput(inputs, folder);
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
    byNumber.compare(a.name, b.name),
  );
  const images = (/** @type {string} */ where) =>
    readdirSync(where)
      .filter((name) => /\.(png|jpe?g)$/i.test(name))
      .sort(byNumber.compare)
      .map((name) => path.join(where, name));
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  /** @type {{file: string, label?: string}[]} */
  const files = images(folder).map((file) => ({ file }));
  const classes = folders.map(({ name }) => name);
  for (const label of classes)
    files.push(...images(path.join(folder, label)).map((file) => ({ file, label })));
  if (!files.length) wrong(`${folder} holds no .png or .jpg file, nor does a folder in it`);
  const numbered = classes.every((name) => /^\d+$/.test(name));
  return {
    count: files.length,
    classes: classes.length && !numbered ? classes : undefined,
    sample(i) {
      const { file, label } = files[i];
      const { type, data, dims } = imageTensor(decodeImage(readFile(file), file), input, image);
      return { inputs: { [input.name]: new Tensor(type, data, dims) }, label };
    },
  };
}

// ---- arrays ----

/** @typedef {ReturnType<typeof readNpy>} Npy */

/** @param {string} file @returns {Map<string, Npy>} */
function arraysOf(file) {
  const files = [...readZip(readFile(file), file)].filter(([name]) => name.endsWith('.npy'));
  if (!files.length) wrong(`${file} holds no array`);
  return new Map(files.map(([name, content]) => [name.slice(0, -4), readNpy(content(), `${file}: ${name}`)]));
}

/** @param {Npy} array as numbers or bigints of its own type */
const elementsOf = ({ type, bytes }) => new (arrayOf(type))(bytes.buffer, bytes.byteOffset);

/**
 * Sample i of an array, in the type of an input.
 * @param {Npy} array @param {any} elements @param {number} i @param {ValueInfo} input
 */
function slice({ type, dims }, elements, i, input) {
  const rest = dims.slice(1);
  const size = rest.reduce((a, b) => a * b, 1);
  const part = elements.slice(i * size, (i + 1) * size);
  // A dimension for the batch, unless the model has none.
  const shape = input.dims && input.dims.length === rest.length ? rest : [1, ...rest];
  if (type === input.type) return new Tensor(type, part, shape);
  const big = /int64/.test(input.type);
  const convert = (/** @type {any} */ v) => (big ? BigInt(Math.round(Number(v))) : Number(v));
  const numbers = type === 'float16' ? new Tensor(type, part, shape).toFloat32() : part;
  return new Tensor(input.type, arrayOf(input.type).from(numbers, convert), shape);
}

/** @param {Map<string, Npy>} arrays @param {readonly ValueInfo[]} inputs @param {string} from @returns {DataSet} */
function fromArrays(arrays, inputs, from) {
  const label = [...arrays.keys()].find(
    (name) => isLabel(name) && !inputs.some((input) => input.name === name),
  );
  const data = [...arrays].filter(([name]) => name !== label);
  const named = inputs.filter(({ name }) => arrays.has(name)).map((input) => ({ input, from: input.name }));
  if (!named.length && data.length === 1) named.push({ input: onlyInput(inputs, from), from: data[0][0] });
  const missing = inputs.filter((input) => !input.optional && !named.some((one) => one.input === input));
  if (missing.length)
    wrong(
      `${from} has the arrays ${[...arrays.keys()].map((name) => `'${name}'`).join(', ')}, but none for input ${missing.map(({ name }) => `'${name}'`).join(', ')}`,
    );
  const parts = named.map(({ input, from: name }) => {
    const array = /** @type {Npy} */ (arrays.get(name));
    return { input, array, elements: elementsOf(array) };
  });
  const labels = label === undefined ? undefined : /** @type {Npy} */ (arrays.get(label));
  const counts = [...parts.map(({ array }) => array.dims[0]), ...(labels ? [labels.dims[0]] : [])];
  if (counts.some((count) => count === undefined))
    wrong(`${from} holds a single number where samples are wanted`);
  if (new Set(counts).size > 1) wrong(`the arrays of ${from} have ${counts.join(', ')} samples`);
  if (!counts[0]) wrong(`${from} holds no sample`);
  const classes = labels && elementsOf(labels);
  if (classes && classes.length !== counts[0]) wrong(`${from}: '${label}' is no list of classes`);
  return {
    count: counts[0],
    sample: (i) => ({
      inputs: Object.fromEntries(
        parts.map(({ input, array, elements }) => [input.name, slice(array, elements, i, input)]),
      ),
      label: classes ? Number(classes[i]) : undefined,
    }),
  };
}

// ---- lines of numbers ----

/** Fields of a line; one in quotes may hold commas, and "" for a quote. @param {string} line */
const fieldsOf = (line) =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    (quoted?.replaceAll('""', '"') ?? plain).trim(),
  );

const isNumber = (/** @type {string} */ field) =>
  field !== '' && (!Number.isNaN(Number(field)) || /^nan$/i.test(field));

/** @param {string} text @param {readonly ValueInfo[]} inputs @param {string} from @returns {DataSet} */
function fromCsv(text, inputs, from) {
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  const head =
    lines.length && !fieldsOf(lines[0]).some(isNumber) ? fieldsOf(/** @type {string} */ (lines.shift())) : [];
  if (!lines.length) wrong(`${from} holds no line of numbers`);
  const rows = lines.map(fieldsOf);
  const width = rows[0].length;
  const uneven = rows.findIndex((row) => row.length !== width);
  if (uneven >= 0) wrong(`${from}, sample ${uneven + 1}: ${rows[uneven].length} fields, not ${width}`);
  const input = onlyInput(inputs, from);
  const known = (input.dims ?? []).slice(1).map((dim) => (typeof dim === 'number' ? dim : NaN));
  const features = known.reduce((a, b) => a * b, 1);
  let label = head.findIndex(isLabel);
  if (label < 0 && (features === width - 1 || !rows.every((row) => isNumber(row[width - 1]))))
    label = width - 1;
  const columns = [...Array(width).keys()].filter((column) => column !== label);
  const texts = label >= 0 && !rows.every((row) => isNumber(row[label]));
  const shape = features === columns.length ? [1, ...known] : [1, columns.length];
  const big = /int64/.test(input.type);
  return {
    count: rows.length,
    classes: texts ? [...new Set(rows.map((row) => row[label]))].sort(byNumber.compare) : undefined,
    sample(i) {
      const bad = columns.find((column) => !isNumber(rows[i][column]));
      if (bad !== undefined) wrong(`${from}, sample ${i + 1}: '${rows[i][bad]}' is no number`);
      const numbers = columns.map((column) => Number(rows[i][column]));
      const data = arrayOf(input.type).from(/** @type {any} */ (numbers), (/** @type {number} */ v) =>
        big ? BigInt(Math.round(v)) : v,
      );
      return {
        inputs: { [input.name]: new Tensor(input.type, data, shape) },
        label: label < 0 ? undefined : texts ? rows[i][label] : Number(rows[i][label]),
      };
    },
  };
}
