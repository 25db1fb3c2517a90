/** What the benchmark does with its numbers: statistics, differences, verdicts, and the document it writes into. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from '../bench/options.js';
import { between, short, tables } from '../bench/report.js';
import { difference, quantile, ratio, summary } from '../bench/stats.js';
import { verdicts } from '../bench/targets.js';
import { noise } from '../bench/web/noise.js';

test('quantiles lie between neighbours', () => {
  assert.equal(quantile([3, 1, 2], 0.5), 2);
  assert.equal(quantile([4, 1, 2, 3], 0.5), 2.5);
  assert.deepEqual(summary([5, 1, 3]), { min: 1, median: 3, p95: 4.8, count: 3 });
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test('a ratio is taken round by round, so a slow minute cancels out', () => {
  const a = [
    [10, 11, 12],
    [100, 110, 120],
    [10, 11, 12],
  ];
  const b = [
    [20, 22, 24],
    [200, 220, 240],
    [20, 22, 24],
  ];
  assert.equal(ratio(a, b).median, 0.5);
  assert.equal(ratio(a, b).rounds, 3);
  assert.equal(ratio([[1], [1], [1]], [[1], [2], [4]]).median, 0.5);
});

test('outputs differ by the worst tensor, in relation to its largest value', () => {
  const of = (...tensors) => Object.fromEntries(tensors.map((data, i) => [`t${i}`, { data }]));
  assert.equal(difference(of([1, 2]), of([1, 2])), 0);
  assert.equal(difference(of([1, 2], [0.5, 0]), of([1, 2], [1, 0])), 0.5);
  assert.equal(difference(of([1, Number.NaN]), of([1, 2])), Number.POSITIVE_INFINITY);
  assert.equal(difference(of([1, 2]), of([1, Number.NaN])), Number.POSITIVE_INFINITY);
  assert.equal(difference(of([1]), of([1, 2])), Number.POSITIVE_INFINITY);
  assert.equal(difference(of([1]), of([1], [2])), Number.POSITIVE_INFINITY);
});

test('noise repeats, fills its range, and differs by seed', () => {
  const { data, dims } = noise([10, 100], 1);
  assert.deepEqual([dims, data.length], [[10, 100], 1000]);
  assert.deepEqual(noise([1000], 1).data, data);
  assert.notDeepEqual(noise([1000], 2).data, data);
  assert.ok(data.every((x) => x >= -1 && x <= 1) && Math.max(...data) > 0.9 && Math.min(...data) < -0.9);
  assert.ok(Math.abs(data.reduce((a, b) => a + b) / 1000) < 0.1);
});

/** A run with MobileNetV2 on two engines. @param {number} own @param {number} other milliseconds */
const run = (own, other) => ({
  date: '2026-01-02T03:04:05Z',
  browser: 'Chromium 1',
  cpu: { model: 'x', cores: 2 },
  options: { rounds: 2, ms: 1, warm: 1 },
  full: false,
  engines: [
    { id: 'siskin', title: 'Siskin' },
    { id: 'ort', title: 'onnxruntime-web', version: '1.2.3' },
  ],
  models: [{ id: 'mobilenetv2', title: 'MobileNetV2', generated: false, bytes: 1 }],
  speed: [
    { engine: 'siskin', model: 'mobilenetv2', threads: 1, rounds: [[own], [own]] },
    {
      engine: 'ort',
      model: 'mobilenetv2',
      threads: 1,

      rounds: [[other], [other]],
      difference: 1e-6,
    },
  ],
});

test('a target is met, or missed by so much', () => {
  const of = (result) => verdicts(result).filter(({ measured }) => measured !== null);
  assert.deepEqual(
    of(run(3, 10)).map(({ what, against, measured }) => [what, against, measured]),
    [
      ['MobileNetV2', 'onnxruntime-web', 0.3],
      ['largest difference of an output from the peers', 'its largest value', 1e-6],
    ],
  );
  assert.match(tables(run(3, 10)), /\| MobileNetV2 \| onnxruntime-web \| <= 0\.36 \| 0\.30 \| met \|/);
  assert.match(
    tables(run(4.5, 10)),
    /\| MobileNetV2 \| onnxruntime-web \| <= 0\.36 \| 0\.45 \| missed by 25% \|/,
  );
  assert.match(tables(run(3, 10)), /\| onnxruntime-web 1\.2\.3 \| 10\.0 \| 10\.0 \| 10\.0 \| 0\.30 /);
  assert.match(tables({ ...run(3, 10), full: true }), /\| resnet50 \|.*\| not measured \|/);
});

test('numbers have three digits', () => {
  assert.deepEqual([123.4, 12.34, 1.234, 0.01234, 0.0001234, 0].map(short), [
    '123',
    '12.3',
    '1.23',
    '0.012',
    '1.2e-4',
    '0.000',
  ]);
});

test('what stands around the measured part stays', () => {
  const before = 'a\n<!-- measured: begin -->\nold\n<!-- measured: end -->\nz\n';
  const after = between(before, 'new');
  assert.equal(after, 'a\n<!-- measured: begin -->\n\nnew\n\n<!-- measured: end -->\nz\n');
  assert.equal(between(after, 'new'), after);
  assert.throws(() => between('nothing', 'new'), /no <!-- measured: begin -->/);
});

test('options', () => {
  assert.deepEqual(parse(['--models', 'resnet50', '--threads', '1,2,4']).threads, [1, 2, 4]);
  assert.deepEqual(parse(['--dist', 'old=/a/b']).parts, ['speed']);
  assert.equal(parse([]).full, true);
  assert.equal(parse(['--quick']).full, false);
  assert.equal(parse(['--models', 'resnet50']).full, false);
  assert.match(parse(['--help']).help, /usage: node tests\/bench\/run\.js/);
  assert.throws(() => parse(['--models', 'resnet']), /no 'resnet'; there are mobilenetv2/);
  assert.throws(() => parse(['--threads', '0']), /--threads wants a number from 1, not '0'/);
  assert.throws(() => parse(['--dist', 'old']), /--dist wants NAME=DIR/);
  assert.throws(() => parse(['--nonsense']), /nonsense/);
});
