// No file of the sources over 600 lines.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const LIMIT = 600;
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');

let checked = 0;
let long = 0;
for (const folder of ['src', 'js', 'web', 'demo']) {
  for (const name of readdirSync(path.join(root, folder), { recursive: true })) {
    if (!/\.(c|h|def|js|ts|sh|html|css)$/.test(name)) continue;
    const lines = readFileSync(path.join(root, folder, name), 'utf8').split('\n').length - 1;
    checked++;
    if (lines <= LIMIT) continue;
    long++;
    console.log(`${folder}/${name}: ${lines} lines, more than ${LIMIT}`);
  }
}
process.exit(long || !checked ? 1 : 0);
