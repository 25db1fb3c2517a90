// RegexFullMatch and TfIdfVectorizer: expectations counted by hand.
import { bad, bools, f32, one, str, tensor } from '../cases.js';

const texts = (list) => str([list.length], list);

// ---- RegexFullMatch ----

const regex = (name, pattern, yes, no, rest) =>
  one(
    `regex_${name}`,
    'RegexFullMatch',
    20,
    { pattern },
    [texts([...yes, ...no])],
    [bools([yes.length + no.length], [...yes.map(() => true), ...no.map(() => false)])],
    rest,
  );
const wrong = (name, pattern, error = 'malformed-model') =>
  bad(`regex_wrong_${name}`, 'RegexFullMatch', 20, { pattern }, [texts(['a'])], error);
const expressions = [
  regex('web', 'www\\.[\\w.-]+\\.\\bcom\\b', ['www.google.com', 'www.facebook.com'], ['www.bbc.co.uk']),
  regex(
    'mail',
    '(\\W|^)[\\w.\\-]{0,25}@(yahoo|gmail)\\.com(\\W|$)',
    ['account@gmail.com', 'account2@yahoo.com'],
    ['account@hotmail.com', 'not email'],
  ),
  regex('literal', 'a.c', ['abc', 'a.c', 'aüc', 'a😀c'], ['ac', 'abbc', 'a\nc', 'xabc', 'abcx', '']),
  regex('choices', 'a|bc|(?:d|ef)|', ['a', 'bc', 'd', 'ef', ''], ['ab', 'b', 'e', 'de']),
  regex(
    'counts',
    'a{2}b{2,}c{1,3}d{0,2}e{0}',
    ['aabbc', 'aabbbbcccdd'],
    ['abbc', 'aabc', 'aabbcccc', 'aabbcddd', 'aabbce'],
  ),
  regex('group_counts', '(ab|c){2,3}', ['abab', 'ababc', 'cc'], ['ab', 'c', 'abababab']),
  regex('counted_counts', '((a{1,2}){2}){2}', ['aaaa', 'aaaaaaaa'], ['aaa', 'aaaaaaaaa']),
  regex('stars', '(a*)*b+(c?)+', ['b', 'aab', 'abbcc'], ['a', '', 'abca']),
  regex('lazy', '(.*?)(\\d+?)-x{2,3}?', ['ab12-xx', '1-xxx'], ['ab-xx', '1-x']),
  regex(
    'classes',
    '[a-c][^a-c][]x][^]x][-a][a-][[:digit:]][[:^digit:]][\\d_][^\\s\\d]',
    ['ad]d-a5x_z', 'b😀xy--0é9ü'],
    ['aa]d-a5x_z', 'ad]]-a5x_z', 'ad]d-a55_z', 'ad]d-a5x_5'],
  ),
  regex(
    'named',
    '[[:alpha:]]+[[:punct:]][[:xdigit:]]{2}[[:upper:][:space:]]',
    ['abC.fFX', 'a~09\t'],
    ['ab5.ffX', 'a.fgX', 'abé.ffX'],
  ),
  regex('negated', '\\D\\S\\W', ['ab!', 'é中ü'], ['1b!', 'a !', 'abc']),
  regex('escapes', '\\x41\\x{1F600}\\t\\n\\.\\*\\\\\\101', ['A😀\t\n.*\\A'], ['A😀 \n.*\\A']),
  regex('zero', 'a\\0b|c\\x00', ['a\0b', 'c\0'], ['a', 'c', 'a0b'], {
    ort: 'ends a text at such a character',
  }),
  regex('quoted', '\\Qa.b*\\E+c', ['a.b*c', 'a.b***c'], ['aXb*c', 'a.bc']),
  regex('edges', '\\Aa\\b.\\Bb?\\z', ['a-', 'a '], ['ab', 'abb']),
  regex('lines', '(?m)a$\\n^b', ['a\nb'], ['ab', 'a\n\nb']),
  regex('no_lines', 'a$\\n^b', [], ['a\nb', 'ab']),
  regex('all', '(?s)a.b(?-s:.)', ['a\nbx'], ['a\nb\n']),
  regex('fold', '(?i)straße[x-z]', ['STRAßEX', 'straßey'], ['strassex', 'straßew']),
  regex('fold_greek', '(?i:σ[Α-Γ])x', ['ΣαX'.replace('X', 'x'), 'σβx'], ['Σαx'.toUpperCase(), 'δαx']),
  regex('fold_inside', 'a(?i)b(?-i)c((?i)d)e', ['abcde', 'aBcDe'], ['Abcde', 'abCde', 'abcdE']),
  regex('name', '(?P<year>\\d{4})-(?P<m>\\d\\d)', ['2026-11'], ['26-11']),
  regex('braces', 'a{,2}b{x}{', ['a{,2}b{x}{'], ['ab', 'aab']),
  regex('nothing', '', [''], ['a']),
  regex('long', '(a|aa)+$', ['a'.repeat(5000)], [`${'a'.repeat(5000)}b`]),
  regex(
    'nested',
    '((a?){30}){30}a{900}',
    ['a'.repeat(900), 'a'.repeat(1800)],
    ['a'.repeat(899), 'a'.repeat(1801)],
  ),
  one(
    'regex_shape',
    'RegexFullMatch',
    20,
    { pattern: 'a+' },
    [str([2, 1, 2], ['a', 'b', 'aa', ''])],
    [bools([2, 1, 2], [true, false, true, false])],
  ),
  ...Object.entries({
    open: '(a',
    close: 'a)',
    bracket: '[a',
    range: '[z-a]',
    star: '*a',
    again: 'a**',
    choice: 'a|+',
    escape: '\\',
    letter: '\\y',
    counts: 'a{3,2}',
    too_often: 'a{1001}',
    class: '[[:nope:]]',
    code: '\\x{110000}',
    group: '(?z:a)',
    last: '[a\\',
  }).map(([name, pattern]) => wrong(name, pattern)),
  ...Object.entries({
    ahead: 'a(?=b)',
    not_ahead: 'a(?!b)',
    behind: '(?<=a)b',
    back: '(a)\\1',
    unicode: '\\p{Greek}',
    byte: '\\C',
  }).map(([name, pattern]) => wrong(name, pattern, 'unsupported')),
  wrong('large', '((a{1000}){1000}){1000}', 'limit'),
  wrong('deep', `${'('.repeat(5000)}a${')'.repeat(5000)}`, 'limit'),
  bad('regex_missing', 'RegexFullMatch', 20, {}, [texts(['a'])], 'malformed-model'),
];

// ---- TfIdfVectorizer ----

const grams = { min_gram_length: 1, max_gram_length: 2, max_skip_count: 0, ngram_counts: [0, 3], mode: 'TF' };
const pool = { pool_strings: ['a', 'b', 'c', 'a', 'b', 'b', 'c'], ngram_indexes: [0, 1, 2, 3, 4] };
const weights = { floats: [0.5, 2, 3, 5, 7] };
const tfidf = (name, attrs, inputs, output, rest) =>
  one(`tfidf_${name}`, 'TfIdfVectorizer', 9, { ...grams, ...pool, ...attrs }, [inputs], [output], rest);
const wrongGrams = (name, attrs, input = texts(['a', 'b']), error = 'malformed-model') =>
  bad(`tfidf_wrong_${name}`, 'TfIdfVectorizer', 9, { ...grams, ...pool, ...attrs }, [input], error);
const sentence = texts(['a', 'b', 'a', 'b', 'x', 'b', 'c']);
const vectorizers = [
  tfidf('tf', {}, sentence, f32([5], [2, 3, 1, 2, 1])),
  tfidf('idf', { mode: 'IDF', weights }, sentence, f32([5], [0.5, 2, 3, 5, 7])),
  tfidf('tfidf', { mode: 'TFIDF', weights }, sentence, f32([5], [1, 6, 3, 10, 7])),
  tfidf('tf_weights', { weights }, sentence, f32([5], [2, 3, 1, 2, 1])),
  tfidf('idf_alone', { mode: 'IDF' }, sentence, f32([5], [1, 1, 1, 1, 1])),
  tfidf('skips', { max_skip_count: 2 }, sentence, f32([5], [2, 3, 1, 4, 2])),
  tfidf('pairs', { min_gram_length: 2 }, sentence, f32([5], [0, 0, 0, 2, 1])),
  tfidf('singles', { max_gram_length: 1, max_skip_count: 3 }, sentence, f32([5], [2, 3, 1, 0, 0])),
  tfidf('places', { ngram_indexes: [6, 0, 2, 4, 1] }, sentence, f32([7], [3, 1, 1, 0, 2, 0, 2])),
  tfidf('rows', {}, str([2, 3], ['a', 'b', 'c', 'c', 'c', 'c']), f32([2, 5], [1, 1, 1, 1, 1, 0, 0, 3, 0, 0])),
  tfidf('nothing', {}, str([0], []), f32([5], [0, 0, 0, 0, 0]), { ort: 'wants elements' }),
  one(
    'tfidf_numbers',
    'TfIdfVectorizer',
    9,
    {
      ...grams,
      max_gram_length: 3,
      ngram_counts: [0, 2, 4],
      ngram_indexes: [0, 1, 2, 3, 4],
      pool_int64s: [5, -6, 5, 5, 5, -6, 5, 5, -6, 5].slice(0, 4).concat([5, -6, 5, -6, 5, 5]),
    },
    [tensor('int32', [6], [5, 5, -6, 5, -6, 5])],
    [f32([5], [4, 2, 1, 2, 0])],
  ),
  wrongGrams('no_pool', { pool_strings: undefined }),
  wrongGrams('counts', { ngram_counts: [0, 9] }),
  wrongGrams('counts_down', { ngram_counts: [0, -1] }),
  wrongGrams('counts_odd', { ngram_counts: [0, 4] }),
  wrongGrams('length', { max_gram_length: 3 }),
  wrongGrams('order', { min_gram_length: 3 }),
  wrongGrams('zero', { min_gram_length: 0 }),
  wrongGrams('skip', { max_skip_count: -1 }),
  wrongGrams('index', { ngram_indexes: [0, 1, 2, 3, -4] }),
  wrongGrams('indexes', { ngram_indexes: [0, 1, 2, 3] }),
  wrongGrams('weights', { weights: { floats: [1] } }),
  wrongGrams('mode', { mode: 'DF' }, undefined, 'unsupported'),
  wrongGrams('large', { ngram_indexes: [0, 1, 2, 3, 2147483646] }, undefined, 'bad-shape'),
  wrongGrams('type', {}, tensor('int64', [2], [1, 2]), 'bad-type'),
  wrongGrams('rank', {}, str([1, 1, 1], ['a']), 'bad-shape'),
].map((test) => ({
  ...test,
  attrs: Object.fromEntries(Object.entries(test.attrs).filter(([, value]) => value !== undefined)),
}));

export default [...expressions, ...vectorizers];
