// Lets a libFuzzer program run for a while: node tests/fuzz/run.js PROGRAM. SISKIN_MINUTES says how long.
//
// It begins with small models: ONNX's own test vectors and our digits. What it finds besides stays in a folder beside the
// program and is where the next run goes on. An input that breaks the engine is left there too, and
// breaks later runs at once, until the engine is mended.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const LARGEST = 10_240; // bytes of a model: larger ones are fuzzed slowly
const VECTORS = '/usr/share/libonnx-testdata/data';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const [program] = process.argv.slice(2);
const seconds = Math.ceil(Number(process.env.SISKIN_MINUTES ?? 20) * 60);
const corpus = path.join(path.dirname(program), `${path.basename(program)}-corpus`);
mkdirSync(corpus, { recursive: true });

/** Models below a folder. @param {string} folder @returns {string[]} */
const models = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.onnx'))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));

const seeds = [...models(VECTORS), ...models(path.join(root, 'models'))].filter(
  (file) => statSync(file).size <= LARGEST,
);
for (const file of seeds)
  copyFileSync(file, path.join(corpus, file.replace(/^\/|[^\w.]+/g, '_').slice(-200)));

const { status, signal, stderr } = spawnSync(
  program,
  [
    corpus,
    `-max_total_time=${seconds}`,
    `-max_len=${LARGEST}`,
    '-rss_limit_mb=2048',
    '-timeout=60',
    '-print_final_stats=1',
    `-artifact_prefix=${corpus}/`,
  ],
  { encoding: 'utf8', stdio: ['ignore', 'inherit', 'pipe'], maxBuffer: 1 << 28 },
);
const runs = Number(/number_of_executed_units:\s*(\d+)/.exec(stderr)?.[1] ?? 0);
const fine = status === 0 && runs > seeds.length;
if (!fine) console.log(stderr.slice(-8000), signal ?? '');
console.log(`${seeds.length} models to begin with, ${runs} runs in ${seconds} seconds`);
console.log(`${fine ? 1 : 0} passed, ${fine ? 0 : 1} failed, 0 skipped`);
process.exit(fine ? 0 : 1);
