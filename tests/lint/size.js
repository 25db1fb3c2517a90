// Prints what a page downloads and fails when a part is over its limit.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const dist = process.env.SISKIN_DIST ?? path.join(root, 'dist');

// A run-time build: 450 kB, and 150 kB compressed, are what everything may take at the end. The integer engine has brought it over the
// second: until what is there is smaller, the limit only keeps it from growing. The loader: 15 kB, 5 for starting and keeping threads,
// tuning, profiles, and a request for the model that does not wait for the worker, and 2 for strings, sequences and maps.
const builds = readdirSync(dist)
  .filter((file) => file.endsWith('.wasm') && file !== 'siskin-tools.wasm')
  .map((file) => ({ name: file, files: [file], limit: 450_000, brotliLimit: 159_000 }));
const parts = [
  ...builds,
  {
    name: 'loader (siskin.js + worker.js)',
    files: ['siskin.js', 'worker.js'],
    limit: 22_000,
    brotliLimit: 19_000,
  },
];

let failed = 0;
for (const { name, files, limit, brotliLimit } of parts) {
  const contents = files.map((file) => readFileSync(path.join(dist, file)));
  const bytes = contents.reduce((sum, content) => sum + content.length, 0);
  const brotli = contents.reduce((sum, content) => sum + brotliCompressSync(content).length, 0);
  const ok = bytes <= limit && brotli <= brotliLimit;
  if (!ok) failed++;
  const [raw, most, packed, packedMost] = [bytes, limit, brotli, brotliLimit].map((n) =>
    n.toLocaleString('en').padStart(7),
  );
  console.log(
    `${name.padEnd(31)}${raw} bytes of ${most}, with brotli ${packed} of ${packedMost}  ${ok ? 'ok' : 'TOO LARGE'}`,
  );
}
console.log(`${parts.length - failed} passed, ${failed} failed, 0 skipped`);
process.exit(failed ? 1 : 0);
