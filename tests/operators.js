// Writes docs/operators.md from the op table, or says with --check that it is out of date:
//   node tests/operators.js [--check]
// The table comes from the native program tests/c/operators.c, the kernels that an operator reaches from the sources, the
// vectors from Debian's libonnx-testdata and tests/conformance/own.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);
const file = path.join(root, 'docs/operators.md');
const vectors = '/usr/share/libonnx-testdata/data';
const read = (name) => readFileSync(path.join(root, name), 'utf8');
const program = path.join(process.env.SISKIN_BUILD ?? path.join(root, 'build'), 'native/bin/c/operators');
const table = JSON.parse(execFileSync(program, { encoding: 'utf8' }));

/* ---- vector kernels ---- */
// What calls what, by name: the sources have one form of function, and static names are looked for in their own file first.
const words = (text) => new Set(text.match(/[a-zA-Z_]\w*/g));
const globals = new Map();
const impls = new Map();

function scan(name) {
  const locals = new Map();
  const text = read(name).replace(/\/\*[\s\S]*?\*\//g, '');
  for (const [whole, start, found] of text.matchAll(/^(?!#)([^\n]*?)(\w+)\([^;{}]*\) \{\n[\s\S]*?^\}/gm)) {
    const entry = { words: words(whole), locals };
    locals.set(found, entry);
    if (!start.startsWith('static')) globals.set(found, entry);
  }
  for (const [whole, impl] of text.matchAll(/^const sk_impl sk_impl_(\w+) = [\s\S]*?;/gm))
    impls.set(impl, { words: words(whole), locals });
  // #define FUNCTION(name, import) ... sk_impl_##name ..., and its uses
  for (const [body, macro] of text.matchAll(/^#define (\w+)\([^)]*\)(?:.*\\\n)*.*sk_impl_##(?:.*\\\n)*.*/gm))
    for (const [whole, impl] of text.matchAll(new RegExp(`^${macro}\\((\\w+).*`, 'gm')))
      impls.set(impl, { words: new Set([...words(body), ...words(whole)]), locals });
}
for (const name of readdirSync(path.join(root, 'src/ops'))) if (name.endsWith('.c')) scan(`src/ops/${name}`);
scan('src/kernels/select.c');

// Kernels of one function each are asked one by one (the program does); all others stand in select.c.
const ONE_BY_ONE = new Set(['sk_select_unary', 'sk_select_binary']);
const TYPES = { f32: 'float32', f64: 'float64', i8: 'int8', u8: 'uint8', any: 'all' };

/** The types for which an implementation has vector kernels. */
function kernels(impl) {
  const found = new Set();
  const seen = new Set();
  const follow = ({ words: names, locals }) => {
    for (const name of names) {
      const [, type] = /^([a-z0-9]+)_\w+__simd128$/.exec(name) ?? [];
      if (type) found.add(TYPES[type] ?? type);
      if (/^sk_select_f32_i?gemm$/.test(name)) found.add('float32'); // a table made by a macro
      const next = locals.get(name) ?? globals.get(name);
      if (!next || seen.has(next) || ONE_BY_ONE.has(name)) continue;
      seen.add(next);
      follow(next);
    }
  };
  follow(impls.get(impl));
  return found;
}

/* ---- vectors ---- */
const counts = new Map();
const count = (name) => counts.set(name, (counts.get(name) ?? 0) + 1);

/** The fields of a protobuf message as [number, bytes]; numbers are skipped. */
function* fields(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    if ((key & 7) === 0) varint();
    else if ((key & 7) === 5) at += 4;
    else if ((key & 7) === 1) at += 8;
    else {
      const length = varint();
      yield [Math.floor(key / 8), bytes.subarray(at, at + length)];
      at += length;
    }
  }
}
const text = (bytes) => Buffer.from(bytes).toString();

/** Operators of a graph's nodes and of the graphs in their attributes. */
function* operators(graph) {
  for (const [number, node] of fields(graph)) {
    if (number !== 1) continue;
    let [name, domain] = ['', ''];
    for (const [field, bytes] of fields(node)) {
      if (field === 4) name = text(bytes);
      if (field === 7) domain = text(bytes);
      if (field === 5)
        for (const [kind, body] of fields(bytes)) if (kind === 6 || kind === 11) yield* operators(body);
    }
    yield domain && domain !== 'ai.onnx' ? `${domain}.${name}` : name;
  }
}
for (const group of ['node', 'simple', 'pytorch-converted', 'pytorch-operator'])
  for (const name of readdirSync(path.join(vectors, group)))
    for (const [number, graph] of fields(readFileSync(path.join(vectors, group, name, 'model.onnx'))))
      if (number === 7) for (const op of new Set(operators(graph))) count(op);
const own = path.join(root, 'tests/conformance/own');
for (const name of readdirSync(own).sort())
  for (const test of (await import(path.join(own, name))).default)
    if (test.op) count(test.domain ? `${test.domain}.${test.op}` : test.op);

/* ---- the page ---- */
// Types by how they are shortest said.
const GROUPS = [
  ['all', table.types.slice(1)],
  ['all but the packed', table.types.slice(1).filter((type) => !/int[24]$|float4/.test(type))],
  ['all integers', ['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'uint64', 'int64']],
  ['all floats', ['float16', 'bfloat16', 'float32', 'float64']],
  ['float8', table.types.filter((type) => /^float8e[45]/.test(type))],
  ['packed', table.types.filter((type) => /int[24]$|float4/.test(type))],
];
function typesText(mask) {
  const left = new Set(table.types.filter((type, i) => type && (mask >>> i) & 1));
  const parts = [];
  for (const [name, types] of GROUPS) {
    if (!types.every((type) => left.has(type))) continue;
    parts.push(name);
    for (const type of types) left.delete(type);
  }
  return [...parts, ...left].join(', ');
}

const rows = [];
const split = (full) => {
  const at = full.lastIndexOf('.');
  return at < 0 ? ['ai.onnx', full] : [full.slice(0, at), full.slice(at + 1)];
};
const used = new Set(table.operators.map(([name]) => name));
for (const [i, [name, since, types, impl, one, widened]] of table.operators.entries()) {
  const next = table.operators.find(([other], j) => j > i && other === name);
  const first = table.operators.findIndex(([other]) => other === name) === i;
  const fast = one === null ? [...kernels(impl)].join(', ') : one ? 'float32' : '';
  const opsets = next ? (next[1] - 1 === since ? `${since}` : `${since} to ${next[1] - 1}`) : `${since} on`;
  const cast = widened ? `; by casts ${typesText(widened)}` : '';
  rows.push([...split(name), opsets, typesText(types) + cast, fast, first ? (counts.get(name) ?? 0) : '']);
}
for (const [name, since] of table.functions)
  rows.push([
    ...split(name),
    `${since} on`,
    'a function of other operators',
    '',
    used.has(name) ? '' : (counts.get(name) ?? 0),
  ]);
rows.sort((a, b) => (a[0] === b[0] ? (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0) : a[0] < b[0] ? -1 : 1));

const names = new Set(rows.map((row) => `${row[0]}.${row[1]}`));
const page = `# Operators

${names.size} operators, a line for each meaning. Written by \`make docs\` from the op table (\`src/graph/ops.def\`), the functions
(\`src/graph/functions.def\`) and the vectors.

- Types: the element types of the first input (of the output where there is none). *Packed* are int4, uint4, int2, uint2 and
  float4e2m1; *float8* are the four formats with a sign. *By casts*: computed in a wider type, and rounded.
- Vector kernels: the types for which the implementation has SIMD kernels of its own, for all cases or for some; *all*: it
  moves bytes. All else is scalar code.
- A function is replaced by its body when a model is loaded. Where an operator has a line of its own too, the function is for
  the calls that this cannot serve.
- Vectors: how many of Debian's libonnx-testdata and of \`tests/conformance/own\` have such a node, whatever its opset.

| Domain | Operator | Opsets | Types | Vector kernels | Vectors |
| --- | --- | --- | --- | --- | --- |
${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}
`;

if (!process.argv.includes('--check')) {
  writeFileSync(file, page);
} else {
  const same = read('docs/operators.md') === page;
  if (!same) console.log('docs/operators.md is out of date: make docs');
  console.log(`${same ? 1 : 0} passed, ${same ? 0 : 1} failed, 0 skipped`);
  process.exitCode = same ? 0 : 1;
}
