// Runs the test suites and sums them up: node tests/run-suites.js [--soak] [SUITE...]
//
// Each suite's programs end with a line `N passed, N failed, N skipped` (node:test files with their own summary). A
// suite fails when a program fails, ends without such a line, or when nothing ran: an empty suite is no success.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const buildDir = process.env.SISKIN_BUILD ?? path.join(root, 'build');
const soak = process.argv.includes('--soak');
const minutes = soak ? 180 : 12; // for one program; then it hangs

/** Files of a folder, as paths; an absent folder is empty. */
function files(folder, suffix = '') {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
      .map((entry) => path.join(folder, entry.name))
      .sort();
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

// Node 20 has relaxed SIMD behind a flag, later versions have it without. One such instruction in a module:
const relaxedProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2,
  253, 15, 253, 128, 2, 11,
]);
const nodeFlags = WebAssembly.validate(relaxedProbe) ? [] : ['--experimental-wasm-relaxed-simd'];

const nodeTests = (folder, ...flags) => {
  const tests = files(path.join(root, folder), '.test.js');
  return tests.length ? [['node', ...nodeFlags, '--test', '--test-reporter=spec', ...flags, ...tests]] : [];
};
/** All but the one that only prints the op table, for docs/operators.md. */
const programs = (variant, ...kinds) =>
  kinds.flatMap((kind) =>
    files(path.join(buildDir, variant, 'bin', kind))
      .filter((file) => path.basename(file) !== 'operators')
      .map((file) => [file]),
  );
const valgrind = (command) => ['valgrind', '-q', '--error-exitcode=9', '--leak-check=full', ...command];

const suites = soak
  ? {
      fuzzer: () => programs('fuzzer', 'fuzz').map(([file]) => ['node', 'tests/fuzz/run.js', file]),
      'asan-soak': () => programs('asan', 'c', 'fuzz'),
      valgrind: () => programs('native', 'c').map(valgrind),
    }
  : {
      lint: () => [['tests/lint/run.sh']],
      c: () => programs('native', 'c'),
      asan: () => [
        ...programs('asan', 'c', 'fuzz'),
        ['node', 'tests/fuzz/operators.js', path.join(buildDir, 'asan/bin/fuzz/malformed')],
      ],
      js: () => nodeTests('tests/js', '--test-concurrency=2'),
      conformance: () => [
        ...['run', 'own'].map((name) => ['node', ...nodeFlags, `tests/conformance/${name}.js`]),
        ['node', 'tests/operators.js', '--check'],
      ],
      models: () => nodeTests('tests/models', '--test-concurrency=1'),
      browser: () => nodeTests('tests/browser', '--test-concurrency=1'),
      size: () => [['node', 'tests/lint/size.js']],
    };

/** The counts that a program's output ends with, or null. */
function counts(output) {
  const own = [...output.matchAll(/^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].at(-1);
  if (own) return { passed: Number(own[1]), failed: Number(own[2]), skipped: Number(own[3] ?? 0) };
  const of = (word) =>
    Number([...output.matchAll(new RegExp(`^(?:#|ℹ) ${word} (\\d+)$`, 'gm'))].at(-1)?.[1] ?? NaN);
  const sum = {
    passed: of('pass'),
    failed: of('fail') + of('cancelled'),
    skipped: of('skipped') + of('todo'),
  };
  return Number.isNaN(sum.passed + sum.failed + sum.skipped) ? null : sum;
}

/** Runs one program, showing its output; the counts it reports plus what went wrong with it as a whole. */
function run(command) {
  return new Promise((resolve) => {
    const child = spawn(command[0], command.slice(1), {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true, // a process group of its own, so that a hanging one ends with all its children
      env: { ...process.env, ...(soak && { SISKIN_SOAK: '1' }), UBSAN_OPTIONS: 'print_stacktrace=1' },
    });
    let output = '';
    let problem = '';
    const end = (signal) => child.pid && process.kill(-child.pid, signal);
    const timer = setTimeout(() => {
      problem = `still running after ${minutes} minutes`;
      end('SIGKILL');
    }, minutes * 60_000);
    const interrupt = () => {
      end('SIGTERM');
      process.exit(130);
    };
    process.once('SIGINT', interrupt);
    process.once('SIGTERM', interrupt);
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      process.stdout.write(text);
    });
    child.on('error', (error) => {
      problem = error.message;
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
      const sum = counts(output);
      if (!problem && signal) problem = `ended by ${signal}`;
      if (!problem && !sum) problem = `exit code ${code}, and no line 'N passed, N failed, N skipped'`;
      if (!problem && code !== 0 && sum.failed === 0) problem = `exit code ${code}`;
      if (!problem && code === 0 && sum.failed > 0) problem = 'exit code 0 in spite of failures';
      resolve({ passed: 0, failed: 0, skipped: 0, ...sum, problem });
    });
  });
}

const chosen = process.argv.slice(2).filter((name) => !name.startsWith('--'));
const unknown = chosen.filter((name) => !(name in suites));
if (unknown.length) {
  console.error(`no suite named ${unknown.join(', ')}; there are ${Object.keys(suites).join(', ')}`);
  process.exit(2);
}

const table = [];
const total = { passed: 0, failed: 0, skipped: 0 };
for (const name of chosen.length ? chosen : Object.keys(suites)) {
  console.log(`\n==== ${name}`);
  const started = performance.now();
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const problems = [];
  for (const command of suites[name]()) {
    const label = path.relative(
      root,
      command.find((word) => !word.startsWith('-') && word !== 'node') ?? command[0],
    );
    const result = await run(command);
    for (const key of Object.keys(sum)) sum[key] += result[key];
    if (result.problem) problems.push(`${label}: ${result.problem}`);
  }
  if (sum.passed + sum.failed === 0) problems.push('no test ran');
  sum.failed += problems.length;
  for (const key of Object.keys(sum)) total[key] += sum[key];
  table.push({ name, ...sum, seconds: (performance.now() - started) / 1000, problems });
}

console.log('\n==== summary');
for (const { name, passed, failed, skipped, seconds, problems } of table) {
  const cells = [passed, failed, skipped].map(
    (n, i) => `${String(n).padStart(5)} ${['passed', 'failed', 'skipped'][i]}`,
  );
  console.log(`${name.padEnd(12)} ${cells.join('  ')}  ${seconds.toFixed(1).padStart(7)} s`);
  for (const problem of problems) console.log(`             ${problem}`);
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed ? 1 : 0);
