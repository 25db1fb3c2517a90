// The include rule: which folder of src/ may include which, so that the layers stay layers.
// Prints each include that breaks it. Also refuses absolute and parent paths, which would go around it.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

// core <- graph <- {formats, passes, ops, runtime} <- siskin.h's implementation; only ops/ calls kernels. The runtime
// holds the model behind siskin.h's handle, so it knows that header.
const allowed = {
  core: ['core'],
  graph: ['core', 'graph'],
  kernels: ['core', 'kernels'],
  formats: ['core', 'graph', 'formats'],
  passes: ['core', 'graph', 'passes'],
  ops: ['core', 'graph', 'ops', 'kernels'],
  runtime: ['core', 'graph', 'runtime', 'siskin.h'],
  '.': ['core', 'graph', 'formats', 'passes', 'ops', 'runtime', '.'],
};

const src = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../src');
const folderOf = (file) => path.dirname(file).split(path.sep)[0];

let checked = 0;
let broken = 0;
for (const file of readdirSync(src, { recursive: true }).sort()) {
  if (!/\.(c|h|def)$/.test(file)) continue;
  const from = folderOf(file);
  const lines = readFileSync(path.join(src, file), 'utf8').split('\n');
  for (const [index, line] of lines.entries()) {
    const included = /^\s*#\s*include\s+"([^"]+)"/.exec(line)?.[1];
    if (!included) continue;
    checked++;
    const outside = path.isAbsolute(included) || included.split('/').includes('..');
    const permitted = allowed[from]?.some((name) => name === included || name === folderOf(included));
    if (permitted && !outside) continue;
    broken++;
    console.log(`src/${file}:${index + 1}: ${from}/ may not include "${included}"`);
  }
}
if (checked === 0) console.log('no include found in src/');
process.exit(broken || !checked ? 1 : 0);
