// Every operator under hostile models: node tests/fuzz/operators.js MALFORMED
//
// Changes models of each operator, ONNX's own test vectors and ours (tests/conformance/own), at random: attributes,
// shapes, types, names, single bytes. MALFORMED is the program built from malformed.c, with sanitizers. Each case must end
// in a result or a typed error. An operator of the table that no model has is a failure: it needs a vector.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PER_MODEL = process.env.SISKIN_SOAK ? 3000 : 30;
const LARGEST = 10_240; // bytes of a model: larger ones take long
const VECTORS = '/usr/share/libonnx-testdata/data';

const root = path.join(import.meta.dirname, '../..');
const [program] = process.argv.slice(2);

/** Models below a folder. @param {string} folder @returns {string[]} */
const models = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.onnx'))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => statSync(file).size <= LARGEST);

/** Operators that a table names, without those that no file can hold. @returns {string[]} */
const named = (table) =>
  [
    ...readFileSync(path.join(root, 'src/graph', table), 'utf8').matchAll(
      /^SK_(?:OP|FUNCTION)\("([\w.]+)",(.*)$/gm,
    ),
  ]
    .filter(([, , rest]) => !rest.includes('SK_OP_INTERNAL'))
    .map(([, name]) => name.replace(/^.*\./, ''));

const folder = mkdtempSync(path.join(tmpdir(), 'siskin-operators-'));
let failed = 0;
try {
  const saved = spawnSync('node', ['tests/conformance/own.js', '--save', folder], {
    cwd: root,
    stdio: 'inherit',
  });
  if (saved.status) process.exit(1);
  const files = [...models(VECTORS), ...models(folder)];
  const texts = files.map((file) => readFileSync(file, 'latin1'));
  for (const op of new Set([...named('ops.def'), ...named('functions.def')])) {
    const field = `"${String.fromCharCode(op.length)}${op}`; // NodeProto.op_type: field 4, its length, its bytes
    if (texts.some((text) => text.includes(field))) continue;
    console.log(`no model has the operator ${op}`);
    failed++;
  }
  const flips = String(PER_MODEL * files.length);
  const run = spawnSync(program, ['--changes', '--flips', flips, ...files], { cwd: root, encoding: 'utf8' });
  process.stdout.write(run.stdout);
  process.stderr.write(run.stderr);
  const [, passed, bad] = /(\d+) passed, (\d+) failed/.exec(run.stdout) ?? [0, 0, 1];
  failed += Number(bad) || (run.status ? 1 : 0);
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
