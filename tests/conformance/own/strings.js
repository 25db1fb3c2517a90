// Operators on strings: what they do is written out here, but for numbers' texts, which JavaScript prints and reads itself.
import { bad, bools, f32, i64, one, str, tensor } from '../cases.js';

// ---- Cast ----

const CODES = { float32: 1, uint8: 2, int8: 3, uint16: 4, int16: 5, int32: 6, int64: 7, string: 8, bool: 9 };
Object.assign(CODES, { float16: 10, float64: 11, uint32: 12, uint64: 13, bfloat16: 16 });
const cast = (name, from, to, rest) =>
  one(`cast_${name}`, 'Cast', 13, { to: CODES[to.type] }, [from], [to], rest);
const texts = (list) => str([list.length], list);
const of = (type, list) => tensor(type, [list.length], list);

/** As C prints exponents, with two digits. */
const printed = (x) => String(x).replace(/e([+-])(\d)$/, 'e$10$2');
const doubles = [
  0.1,
  1 / 3,
  2 / 3,
  5e-324,
  2.2250738585072014e-308,
  2.225073858507201e-308,
  1.7976931348623157e308,
  123456789.125,
  0.0001,
  4503599627370497,
  9007199254740992,
  1e15,
  123e-20,
  6.02214076e23,
  1e22,
  1e23,
  9.5e-322,
  -7.25,
  1e300,
];
let state = 12345n;
for (let i = 0; i < 200; i++) {
  state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
  const x = new Float64Array(BigUint64Array.of(state).buffer)[0];
  if (Number.isFinite(x)) doubles.push(x);
}
const plainDoubles = doubles.filter((x) => Math.abs(x) >= 1e-4 && Math.abs(x) < 1e16);
const smallOrLarge = doubles.filter((x) => !(Math.abs(x) >= 1e-4 && Math.abs(x) < 1e16));
/** JavaScript prints small numbers plainly down to 1e-6, and large ones up to 1e21. */
const scientific = (x) => {
  const [digits, exponent] = x.toExponential().split('e');
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
};
/** The fewest digits that read as the same float32. */
function shortest(x) {
  for (let digits = 1; ; digits++) {
    const text = x.toPrecision(digits);
    if (Math.fround(Number(text)) === x) return String(Number(text));
  }
}
const singles = [0.1, 1 / 3, 16777216, 3.4e5, 1.17549435e-3, 0.047892547, 1234567, 0.98676109, -2.5, 100].map(
  Math.fround,
);
const awkward = [
  '2.2250738585072011e-308',
  '9007199254740993',
  '9007199254740992.9999999999999999999999',
  '1e23',
  '8.988465674311579e307',
  '5e-324',
  '2.4703282292062327208e-324',
  '2.4703282292062328e-324',
  '1e400',
  '-1e-400',
  '1.7976931348623158e308',
  '1.7976931348623159e308',
  '0.1e1',
  '.5',
  '5.',
  '+7',
  '-0',
  '1E8',
  '00012.50',
  `0.${'0'.repeat(300)}1`,
  `1${'0'.repeat(300)}`,
  `0.5${'0'.repeat(900)}1`,
  '179769313486231580793e289',
];
const INTS = ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'];
const bounds = (type) => {
  const bits = BigInt(/\d+/.exec(type)[0]);
  return type[0] === 'u' ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
};
const subnormal = { ort: 'reads no subnormal numbers' };
const wide = { ort: 'prints 17 digits where fewer do' };
const casts = [
  cast('float64_to_string', of('float64', plainDoubles), texts(plainDoubles.map(printed)), wide),
  cast('float64_to_string_exponents', of('float64', smallOrLarge), texts(smallOrLarge.map(scientific)), wide),
  cast('float32_to_string', of('float32', singles), texts(singles.map(shortest)), {
    ort: 'prints eight digits where fewer do',
  }),
  cast('float32_to_string_whole', of('float32', [0, 1, -3, 2048]), texts(['0', '1', '-3', '2048'])),
  cast(
    'float32_to_string_none',
    of('float32', [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
    texts(['NaN', 'INF', '-INF']),
  ),
  cast(
    'float16_to_string',
    of('float16', [0.1, 1.5, 65504, 6e-8, -3]),
    texts(['0.1', '1.5', '65500', '6e-08', '-3']),
    {
      ort: 'prints what float32 needs',
    },
  ),
  cast('bfloat16_to_string', of('bfloat16', [0.1, 1.5, 256, -3e38]), texts(['0.1', '1.5', '256', '-3e+38']), {
    ort: 'prints what float32 needs',
  }),
  cast('string_to_float64', texts(awkward), of('float64', awkward.map(Number)), {
    rtol: 0,
    atol: 0,
    ...subnormal,
  }),
  cast('string_to_float64_random', texts(doubles.map(String)), of('float64', doubles), {
    rtol: 0,
    atol: 0,
    ...subnormal,
  }),
  cast(
    'string_to_float32',
    texts(['3.14', '1000', '1e-5', '1E8', '+inf', '-Inf', 'nan', 'INF', '16777217']),
    of('float32', [3.14, 1000, 1e-5, 1e8, Infinity, -Infinity, Number.NaN, Infinity, 16777216]),
  ),
  cast(
    'string_to_float16',
    texts(['0.1', '-2', '1e5', 'NaN']),
    of('float16', [0.1, -2, Infinity, Number.NaN]),
  ),
  cast('bool_to_string', bools([2], [true, false]), texts(['1', '0'])),
  cast('string_to_integer_cut', texts(['100.5', '-0.75', '1e3']), of('int32', [100, 0, 1000]), {
    ort: 'reads no fractions',
  }),
  cast('string_to_bool', texts(['1', '0', '-2.5']), bools([3], [true, false, true]), {
    ort: 'reads nothing but 0 and 1',
  }),
  ...INTS.flatMap((type) => [
    cast(
      `${type}_to_string`,
      of(type, [...bounds(type), 7n].map(type.endsWith('64') ? BigInt : Number)),
      texts([...bounds(type), 7n].map(String)),
    ),
    cast(
      `string_to_${type}`,
      texts([...bounds(type), 7n].map(String)),
      of(type, [...bounds(type), 7n].map(type.endsWith('64') ? BigInt : Number)),
    ),
    bad(
      `cast_string_to_${type}_beyond`,
      'Cast',
      13,
      { to: CODES[type] },
      [texts([String(bounds(type)[1] + 1n)])],
      'bad-value',
    ),
  ]),
  ...[
    '',
    ' 1',
    '1 ',
    '.',
    'e5',
    '1e',
    '1e+',
    '--1',
    '0x10',
    '1_000',
    'Hello World!',
    'in',
    'infin',
    '1.5.2',
  ].map((text, i) => bad(`cast_no_number_${i}`, 'Cast', 13, { to: 1 }, [texts(['1', text])], 'bad-value')),
  one(
    'castlike_to_string',
    'CastLike',
    19,
    {},
    [of('int32', [5, -6]), texts(['x', 'y'])],
    [texts(['5', '-6'])],
  ),
  one(
    'castlike_from_string',
    'CastLike',
    19,
    {},
    [texts(['5', '-6']), of('int32', [0, 0])],
    [of('int32', [5, -6])],
  ),
  cast('string_to_string', texts(['a', 'Ä']), texts(['a', 'Ä'])),
];

// ---- StringNormalizer, StringConcat, StringSplit ----

const words = texts(['Monday', 'tuesday', 'ÄRGER', 'monday', 'Ωmega', 'Привет', '']);
const upper = { ort: 'has the letters of a locale that may not be there' };
const normal = (name, attrs, input, output, rest) =>
  one(`normalizer_${name}`, 'StringNormalizer', 10, { locale: 'C', ...attrs }, [input], [output], rest);
const split = (name, attrs, input, parts, rest) => {
  const most = Math.max(0, ...parts.map((list) => list.length));
  return one(
    `split_${name}`,
    'StringSplit',
    20,
    attrs,
    [input],
    [
      str(
        [...input.dims, most],
        parts.flatMap((list) => [...list, ...Array(most - list.length).fill('')]),
      ),
      i64(
        input.dims,
        parts.map((list) => list.length),
      ),
    ],
    rest,
  );
};
const letters = ['ABCÀÖØÞĀĮŃŽŸȘΆΈΏΑΣΫЀЯѠҊӀӁӐԱẀỆⅣＡ', 'abcàöøþāįńžÿșάέώασϋѐяѡҋӏӂӑաẁệⅳａ'];
const text = [
  normal(
    'lower',
    { case_change_action: 'LOWER' },
    words,
    texts(['monday', 'tuesday', 'ärger', 'monday', 'ωmega', 'привет', '']),
    upper,
  ),
  normal(
    'upper',
    { case_change_action: 'UPPER' },
    words,
    texts(['MONDAY', 'TUESDAY', 'ÄRGER', 'MONDAY', 'ΩMEGA', 'ПРИВЕТ', '']),
    upper,
  ),
  normal('stop', { stopwords: ['monday', 'ärger'] }, words, texts(['tuesday', 'Ωmega', 'Привет', '']), upper),
  normal(
    'stop_exact',
    { stopwords: ['monday'], is_case_sensitive: 1 },
    words,
    texts(['Monday', 'tuesday', 'ÄRGER', 'Ωmega', 'Привет', '']),
    upper,
  ),
  normal(
    'ascii',
    { stopwords: ['THE'], case_change_action: 'UPPER', is_case_sensitive: 0 },
    texts(['the', 'Quick', 'the fox']),
    texts(['QUICK', 'THE FOX']),
  ),
  normal(
    'two_axes',
    { stopwords: ['b'], case_change_action: 'UPPER', is_case_sensitive: 1 },
    str([1, 3], ['a', 'b', 'c']),
    str([1, 2], ['A', 'C']),
  ),
  normal('nothing_left', { stopwords: ['a'] }, str([1, 2], ['a', 'A']), str([1, 1], [''])),
  normal('nothing', { case_change_action: 'LOWER' }, str([0], []), texts(['']), { ort: 'refuses it' }),
  normal(
    'all_lower',
    { case_change_action: 'LOWER' },
    texts([letters[0], '€ß中😀ǅ']),
    texts([letters[1], '€ß中😀ǅ']),
    upper,
  ),
  normal(
    'all_upper',
    { case_change_action: 'UPPER' },
    texts([letters[1], '€ß中😀µıς']),
    texts([letters[0], '€ß中😀ΜIΣ']),
    upper,
  ),
  bad('normalizer_rank', 'StringNormalizer', 10, {}, [str([2, 1], ['a', 'b'])], 'bad-shape'),
  bad('normalizer_action', 'StringNormalizer', 10, { case_change_action: 'TITLE' }, [words], 'unsupported'),
  bad('normalizer_type', 'StringNormalizer', 10, {}, [f32([2], [1, 2])], 'unsupported'),
  one(
    'concat',
    'StringConcat',
    20,
    {},
    [str([2, 2], ['a', 'b', 'ü', '']), str([2], ['x', '😀'])],
    [str([2, 2], ['ax', 'b😀', 'üx', '😀'])],
  ),
  one(
    'concat_both',
    'StringConcat',
    20,
    {},
    [str([2, 1], ['a', 'b']), str([1, 3], ['x', 'y', 'z'])],
    [str([2, 3], ['ax', 'ay', 'az', 'bx', 'by', 'bz'])],
  ),
  one('concat_scalar', 'StringConcat', 20, {}, [str([], ['a']), str([], ['b'])], [str([], ['ab'])]),
  one('concat_nothing', 'StringConcat', 20, {}, [str([0, 2], []), str([2], ['a', 'b'])], [str([0, 2], [])]),
  one('concat_constant', 'StringConcat', 20, {}, [texts(['a', 'b']), texts(['!'])], [texts(['a!', 'b!'])], {
    constants: [1],
  }),
  bad('concat_shapes', 'StringConcat', 20, {}, [texts(['a', 'b']), texts(['a', 'b', 'c'])], 'bad-shape'),
  bad('concat_types', 'StringConcat', 20, {}, [texts(['a']), f32([1], [1])], 'bad-type'),
  split('basic', { delimiter: '.' }, texts(['abc.com', 'def.net']), [
    ['abc', 'com'],
    ['def', 'net'],
  ]),
  split('repeated', { delimiter: '-' }, texts(['o-n-n--x-', 'o-n----nx']), [
    ['o', 'n', 'n', '', 'x', ''],
    ['o', 'n', '', '', '', 'nx'],
  ]),
  split(
    'space',
    {},
    texts(['hello world !', '  hello   world !', ' hello world   ! ']),
    Array(3).fill(['hello', 'world', '!']),
  ),
  split('limit', { maxsplit: 2 }, str([2, 2], ['hello world', 'def.net', 'o n n x', 'the quick brown fox']), [
    ['hello', 'world'],
    ['def.net'],
    ['o', 'n', 'n x'],
    ['the', 'quick', 'brown fox'],
  ]),
  split('long', { delimiter: '<>', maxsplit: 1 }, texts(['a<>b<>c', '<>', 'a<', '>']), [
    ['a', 'b<>c'],
    ['', ''],
    ['a<'],
    ['>'],
  ]),
  split('unicode', { delimiter: 'é' }, texts(['aébé中']), [['a', 'b', '中']]),
  split('none', {}, str([0, 2], []), []),
  split('empty', {}, texts(['', '  ']), [[], []]),
  split('empty_delimiter', { delimiter: ',' }, texts(['', 'a,b']), [[''], ['a', 'b']], {
    ort: 'finds nothing in a text without letters',
  }),
  bad('split_type', 'StringSplit', 20, {}, [f32([1], [1])], 'unsupported'),
  bad('split_rank', 'StringSplit', 20, {}, [str([1, 1, 1, 1, 1, 1, 1, 1], ['a'])], 'bad-shape'),
];

// ---- operators that move elements ----

const abc = str([2, 3], ['a', 'bb', 'c', 'dä', 'e', '']);
const moves = [
  one(
    'equal',
    'Equal',
    19,
    {},
    [abc, str([3], ['a', 'e', ''])],
    [bools([2, 3], [true, false, false, false, true, true])],
  ),
  one(
    'equal_both',
    'Equal',
    19,
    {},
    [str([2, 1], ['a', 'b']), str([1, 2], ['b', 'a'])],
    [bools([2, 2], [false, true, true, false])],
  ),
  one(
    'equal_many',
    'Equal',
    19,
    {},
    [
      str(
        [300, 3],
        Array.from({ length: 900 }, (_, i) => `${i % 7}`),
      ),
      str(
        [300, 1],
        Array.from({ length: 300 }, (_, i) => `${i % 5}`),
      ),
    ],
    [
      bools(
        [300, 3],
        Array.from({ length: 900 }, (_, i) => i % 7 === Math.floor(i / 3) % 5),
      ),
    ],
  ),
  bad('equal_types', 'Equal', 19, {}, [abc, f32([1], [1])], 'bad-type'),
  bad('less', 'Less', 13, {}, [abc, abc], 'unsupported'),
  one(
    'where',
    'Where',
    16,
    {},
    [bools([2, 1], [true, false]), abc, str([], ['?'])],
    [str([2, 3], ['a', 'bb', 'c', '?', '?', '?'])],
  ),
  one(
    'where_many',
    'Where',
    16,
    {},
    [
      bools(
        [1, 300],
        Array.from({ length: 300 }, (_, i) => i % 3 === 0),
      ),
      str(
        [4, 300],
        Array.from({ length: 1200 }, (_, i) => `${i}`),
      ),
      str([4, 1], ['w', 'x', 'y', 'z']),
    ],
    [
      str(
        [4, 300],
        Array.from({ length: 1200 }, (_, i) => (i % 3 === 0 ? `${i}` : 'wxyz'[Math.floor(i / 300)])),
      ),
    ],
  ),
  one(
    'concat_axis',
    'Concat',
    13,
    { axis: 1 },
    [abc, str([2, 1], ['x', 'y'])],
    [str([2, 4], ['a', 'bb', 'c', 'x', 'dä', 'e', '', 'y'])],
  ),
  one('gather', 'Gather', 13, { axis: 1 }, [abc, i64([2], [2, 0])], [str([2, 2], ['c', 'a', '', 'dä'])]),
  one(
    'gather_elements',
    'GatherElements',
    13,
    { axis: 1 },
    [abc, i64([2, 1], [1, 0])],
    [str([2, 1], ['bb', 'dä'])],
  ),
  one('gather_nd', 'GatherND', 13, {}, [abc, i64([1, 2], [1, 1])], [texts(['e'])]),
  one('reshape', 'Reshape', 14, {}, [abc, i64([2], [3, -1])], [str([3, 2], abc.data)]),
  one(
    'slice',
    'Slice',
    13,
    {},
    [abc, i64([1], [2]), i64([1], [-9]), i64([1], [1]), i64([1], [-1])],
    [str([2, 3], ['c', 'bb', 'a', '', 'e', 'dä'])],
  ),
  one('tile', 'Tile', 13, {}, [texts(['a', 'b']), i64([1], [2])], [texts(['a', 'b', 'a', 'b'])]),
  one('expand', 'Expand', 13, {}, [texts(['a', 'b']), i64([2], [2, 2])], [str([2, 2], ['a', 'b', 'a', 'b'])]),
  one('transpose', 'Transpose', 13, {}, [abc], [str([3, 2], ['a', 'dä', 'bb', 'e', 'c', ''])]),
  one(
    'pad',
    'Pad',
    18,
    {},
    [texts(['a', 'b']), i64([2], [1, 1]), str([], ['-'])],
    [texts(['-', 'a', 'b', '-'])],
    { ort: 'pads no strings' },
  ),
  one('pad_empty', 'Pad', 18, {}, [texts(['a', 'b']), i64([2], [1, 1])], [texts(['', 'a', 'b', ''])], {
    ort: 'pads no strings',
  }),
  one('unique', 'Unique', 11, {}, [texts(['b', 'a', 'b', 'ab', ''])], [texts(['', 'a', 'ab', 'b'])]),
  one('split', 'Split', 18, { num_outputs: 2 }, [texts(['a', 'b', 'c'])], [texts(['a', 'b']), texts(['c'])]),
  one('squeeze', 'Squeeze', 13, {}, [str([1, 2, 1], ['a', 'b'])], [texts(['a', 'b'])]),
  one(
    'scatter',
    'ScatterElements',
    18,
    { axis: 1 },
    [abc, i64([2, 1], [2, 0]), str([2, 1], ['X', 'Y'])],
    [str([2, 3], ['a', 'bb', 'X', 'Y', 'e', ''])],
  ),
  one(
    'scatter_nd',
    'ScatterND',
    18,
    {},
    [texts(['a', 'b', 'c']), i64([1, 1], [1]), texts(['X'])],
    [texts(['a', 'X', 'c'])],
  ),
  bad(
    'scatter_add',
    'ScatterElements',
    18,
    { reduction: 'add' },
    [texts(['a']), i64([1], [0]), texts(['b'])],
    'unsupported',
  ),
  one(
    'compress',
    'Compress',
    11,
    { axis: 1 },
    [abc, bools([3], [true, false, true])],
    [str([2, 2], ['a', 'c', 'dä', ''])],
  ),
  one(
    'reverse',
    'ReverseSequence',
    10,
    { batch_axis: 0, time_axis: 1 },
    [abc, i64([2], [2, 3])],
    [str([2, 3], ['bb', 'a', 'c', '', 'e', 'dä'])],
  ),
  one('identity', 'Identity', 16, {}, [abc], [abc]),
  one('shape', 'Shape', 15, {}, [abc], [i64([2], [2, 3])]),
  bad('constant_of_shape', 'OneHot', 11, {}, [abc, i64([], [3]), f32([2], [0, 1])], 'unsupported'),
];

export default [...casts, ...text, ...moves];
