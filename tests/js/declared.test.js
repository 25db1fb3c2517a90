/** What siskin.d.ts lists by hand is what the engine's tables and the loader have. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { siskin } from './setup.js';

const root = new URL('../../', import.meta.url);
const read = (/** @type {string} */ name) => readFileSync(new URL(name, root), 'utf8');
const declared = read('js/siskin.d.ts');
const all = (/** @type {string} */ text, /** @type {RegExp} */ pattern) =>
  [...text.matchAll(pattern)].map((match) => match[1]);
const sorted = (/** @type {Iterable<string>} */ names) => [...new Set(names)].sort();

test('error codes: the statuses of the engine and those that the loader throws', () => {
  const statuses = all(read('src/core/status.def'), /^SK_STATUS\(\w+, "([^"]+)"\)/gm);
  const thrown = readdirSync(new URL('js', root))
    .filter((name) => name.endsWith('.js') && name !== 'cli.js')
    .flatMap((name) =>
      all(read(`js/${name}`), /(?:fail\(|SiskinError\(|ours\([^,]+,.*?)'([a-z-]+)'/g).concat(
        all(read(`js/${name}`), /ours\(.*\? '[a-z-]+' : '([a-z-]+)'/g),
      ),
    );
  const listed = all(declared.slice(declared.indexOf('type ErrorCode')).split(';')[0], /\| '([^']+)'/g);
  assert.ok(thrown.length > 15 && statuses.length > 8);
  assert.deepEqual(
    sorted(listed),
    sorted([...statuses, ...thrown].filter((code) => code !== 'ok' && code !== 'more')),
  );
});

test("element types: the engine's, apart from complex numbers, and each makes a Tensor", () => {
  const types = all(read('src/core/types.def'), /^SK_TYPE_ROW\(\w+, \d+, \d+, "(\w+)"\)/gm);
  const listed = all(declared.slice(declared.indexOf('interface Arrays')).split('}')[0], /^ {2}(\w+): /gm);
  assert.deepEqual(sorted(listed), sorted(types.filter((type) => !type.startsWith('complex'))));
  for (const type of listed) {
    const { data } = new siskin.Tensor(/** @type {any} */ (type), [], [0]);
    const written = new RegExp(`^  ${type}: (\\w+)(\\[\\])?;`, 'm').exec(declared);
    assert.equal(written?.[2] ? 'Array' : written?.[1], data.constructor.name, type);
  }
});
