/** The command line of run.js. */
import { parseArgs } from 'node:util';
import { DEFAULT_ENGINES, ENGINES } from './engines.js';
import { MODELS } from './models.js';

export const PARTS = ['speed', 'start', 'memory', 'growth', 'profile'];

const HELP = `Times Siskin and its peers in headless Chromium, interleaved, and prints tables.

usage: node tests/bench/run.js [options]

  --models LIST    of ${MODELS.join(', ')}
  --engines LIST   of ${ENGINES.join(', ')}
                   (default: ${DEFAULT_ENGINES.join(', ')})
  --threads LIST   numbers of threads (default: 1,2)
  --parts LIST     of ${PARTS.join(', ')} (default: all; speed alone when a build is named with --dist)
  --rounds N       rounds of each engine (default: 12; with --quick 5)
  --ms N           how long an engine predicts in a round (default: 300; with --quick 150)
  --quick          shorter: fewer rounds, 1 s of warming up instead of 3
  --dist NAME=DIR  one more build of Siskin to compare, as siskin:NAME; may be repeated
  --json FILE      also writes all numbers
  --write FILE     also writes the tables into a Markdown file, between its markers; only of a run of everything
  --help

BENCH_MODELS names a folder with mobilenetv2.onnx, resnet50.onnx, minilm128.onnx and mobilenetv2.tflite; without it, the
same topologies are generated (LiteRT.js then has no model). SISKIN_DIST names the build to time (default: dist).
`;

/** @param {string} text @param {readonly string[]} known @param {string} what */
function list(text, known, what) {
  const items = text.split(',').filter(Boolean);
  const wrong = items.find((item) => !known.includes(item));
  if (wrong !== undefined || !items.length)
    throw new Error(`--${what}: ${wrong ? `no '${wrong}'` : 'empty'}; there are ${known.join(', ')}`);
  return items;
}

/** @param {string} text @param {string} what */
function whole(text, what) {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${what} wants a number from 1, not '${text}'`);
  return Number(text);
}

/** @param {string} text NAME=DIR */
function build(text) {
  const [, name, folder] = /^([\w.-]+)=(.+)$/.exec(text) ?? [];
  if (!name) throw new Error(`--dist wants NAME=DIR, not '${text}'`);
  return [name, folder];
}

/**
 * @param {string[]} args
 * @returns {any} the options, or {help} with the text to print
 * @throws Error with a sentence for the user
 */
export function parse(args) {
  const text = /** @type {const} */ ({ type: 'string' });
  const { values } = parseArgs({
    args,
    options: {
      models: text,
      engines: text,
      threads: text,
      parts: text,
      rounds: text,
      ms: text,
      json: text,
      write: text,
      dist: { type: 'string', multiple: true },
      quick: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return { help: HELP };
  const quick = Boolean(values.quick);
  const others = Object.fromEntries((values.dist ?? []).map(build));
  return {
    models: values.models ? list(values.models, MODELS, 'models') : MODELS,
    engines: values.engines ? list(values.engines, ENGINES, 'engines') : DEFAULT_ENGINES,
    threads: (values.threads ?? '1,2').split(',').map((item) => whole(item, 'threads')),
    parts: values.parts ? list(values.parts, PARTS, 'parts') : values.dist ? ['speed'] : PARTS,
    rounds: whole(values.rounds ?? (quick ? '5' : '12'), 'rounds'),
    ms: whole(values.ms ?? (quick ? '150' : '300'), 'ms'),
    warm: quick ? 1000 : 3000,
    quick,
    others,
    json: values.json,
    write: values.write,
    full: !['models', 'engines', 'threads', 'parts', 'quick'].some((name) => name in values),
  };
}
