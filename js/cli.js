#!/usr/bin/env node
/** The command line: `siskin info`, `run`, `quantize`, `eval`. What the caller got wrong is one line on stderr and exit code 2; what
 * a model or prediction fails with is one line and exit code 1. */
import { parseArgs } from 'node:util';
import { evaluation } from './cli/eval.js';
import { info } from './cli/info.js';
import { quantize } from './cli/quantize.js';
import { run } from './cli/run.js';
import { USAGE, UsageError, wrong } from './cli/usage.js';

const BOTH = /** @type {const} */ ({
  external: { type: 'string', multiple: true },
  simd: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
});

/** Of those that go over data. */
const DATA = /** @type {const} */ ({
  external: { type: 'string', multiple: true },
  samples: { type: 'string' },
  output: { type: 'string', short: 'o' },
  mean: { type: 'string' },
  std: { type: 'string' },
  raw: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
});

/** @type {Record<string, {action: (file: string, flags: any) => Promise<void>, options: any}>} */
const COMMANDS = {
  info: {
    action: info,
    options: {
      ...BOTH,
      shape: { type: 'string', multiple: true },
      graph: { type: 'boolean' },
      plan: { type: 'boolean' },
    },
  },
  run: {
    action: run,
    options: {
      ...BOTH,
      input: { type: 'string', multiple: true, short: 'i' },
      output: { type: 'string', short: 'o' },
      mean: { type: 'string' },
      std: { type: 'string' },
      raw: { type: 'boolean' },
      'check-nodes': { type: 'boolean' },
      repeat: { type: 'string' },
      profile: { type: 'boolean' },
      runs: { type: 'string' },
    },
  },
  quantize: {
    action: quantize,
    options: {
      ...DATA,
      calibrate: { type: 'string' },
      dynamic: { type: 'boolean' },
      'weight-only': { type: 'boolean' },
      activations: { type: 'string' },
      weights: { type: 'string' },
      method: { type: 'string' },
      percentile: { type: 'string' },
      'per-channel': { type: 'boolean' },
      'per-tensor': { type: 'boolean' },
      block: { type: 'string' },
      'matmul-nbits': { type: 'boolean' },
      exclude: { type: 'string', multiple: true },
    },
  },
  eval: {
    action: evaluation,
    options: {
      ...DATA,
      data: { type: 'string' },
      against: { type: 'string' },
      top: { type: 'string' },
      simd: { type: 'string' },
    },
  },
};

/** parseArgs, its errors as one line. @param {string[]} args @param {any} options */
function parse(args, options) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    return wrong(
      /** @type {Error} */ (error).message.split('\n')[0].replace(/\. To specify a positional.*$/, ''),
    );
  }
}

/** @param {string[]} args */
async function main([name, ...args]) {
  if (name === undefined) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  if (name === '-h' || name === '--help' || name === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  if (name === '-v' || name === '--version') {
    console.log(__SK_VERSION__);
    return;
  }
  if (!Object.hasOwn(COMMANDS, name))
    wrong(`no command '${name}': try info, run, quantize or eval, or siskin --help`);
  const { action, options } = COMMANDS[name];
  const { values, positionals } = parse(args, options);
  if (/** @type {any} */ (values).help) {
    process.stdout.write(USAGE);
    return;
  }
  if (positionals.length !== 1)
    wrong(
      positionals.length
        ? `one model at a time: '${positionals[1]}' is too much`
        : `siskin ${name} wants a model: siskin ${name} MODEL.onnx`,
    );
  await action(positionals[0], /** @type {any} */ (values));
}

process.stdout.on('error', (error) => {
  if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EPIPE') process.exit(0);
});

main(process.argv.slice(2)).catch((error) => {
  const caller = error instanceof UsageError;
  process.stderr.write(`siskin: ${String(error?.message ?? error).replace(/\s*\n\s*/g, ' ')}\n`);
  process.exitCode ||= caller ? 2 : 1; // or that of an interrupt
});
