// Prints what a page downloads and fails when a part is over its limit.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const dist = process.env.SISKIN_DIST ?? path.join(root, 'dist');

const parts = [
  { name: 'siskin-simd128.wasm', files: ['siskin-simd128.wasm'], limit: 250_000 },
  { name: 'siskin-relaxed.wasm', files: ['siskin-relaxed.wasm'], limit: 250_000 },
  { name: 'loader (siskin.js + worker.js)', files: ['siskin.js', 'worker.js'], limit: 15_000 },
];

let failed = 0;
for (const { name, files, limit } of parts) {
  const contents = files.map((file) => readFileSync(path.join(dist, file)));
  const bytes = contents.reduce((sum, content) => sum + content.length, 0);
  const brotli = contents.reduce((sum, content) => sum + brotliCompressSync(content).length, 0);
  const verdict = bytes < limit ? 'ok' : 'TOO LARGE';
  if (bytes >= limit) failed++;
  const numbers = [bytes, brotli, limit].map((n) => n.toLocaleString('en').padStart(8));
  console.log(
    `${name.padEnd(31)}${numbers[0]} bytes, ${numbers[1]} with brotli, limit ${numbers[2]}  ${verdict}`,
  );
}
console.log(`${parts.length - failed} passed, ${failed} failed, 0 skipped`);
process.exit(failed ? 1 : 0);
