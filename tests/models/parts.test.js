/**
 * The demo's own arithmetic, which stands between pixels and tensors: geometry, text, digits; and whether the
 * comparison that the model tests rest on sees what it should.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { inkOf, prepare, SIZE } from '../../demo/digits/prepare.js';
import { boxesFrom, detectionInput } from '../../demo/ocr/detect.js';
import { cornersOf, hull, regions, smallestRectangle } from '../../demo/ocr/geometry.js';
import { lines } from '../../demo/ocr/order.js';
import { blank, cut, resample, turn } from '../../demo/ocr/picture.js';
import { decode, dictionary } from '../../demo/ocr/recognize.js';
import { assertClose, assertVaried } from './compare.js';

/** @typedef {import('../../demo/ocr/picture.js').Quad} Quad */

/** @param {number} actual @param {number} expected @param {number} within */
const near = (actual, expected, within) =>
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not within ${within} of ${expected}`);

/**
 * A map that is 0.9 inside a tilted rectangle and 0 outside.
 * @param {number} width
 * @param {number} height
 * @param {import('../../demo/ocr/geometry.js').Rectangle} box
 */
function tilted(width, height, box) {
  const map = new Float32Array(width * height);
  const [cos, sin] = [Math.cos(box.angle), Math.sin(box.angle)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [dx, dy] = [x - box.centre.x, y - box.centre.y];
      const inside =
        Math.abs(dx * cos + dy * sin) <= box.width / 2 && Math.abs(dy * cos - dx * sin) <= box.height / 2;
      map[y * width + x] = inside ? 0.9 : 0;
    }
  }
  return map;
}

test('boxes: tilted rectangles are found where they are, grown by the unclip ratio', () => {
  for (const degrees of [-40, -7, 0, 3, 25]) {
    const angle = (degrees * Math.PI) / 180;
    const map = tilted(200, 150, { centre: { x: 100, y: 75 }, angle, width: 90, height: 20 });
    const [box, ...others] = boxesFrom(map, 200, 150, { width: 400, height: 300 });
    assert.equal(others.length, 0);
    near(box.score, 0.9, 0.05); // the rectangle around ragged pixels holds a few empty ones
    const [a, b, , d] = box.quad;
    const grown = (90 * 20 * 1.5) / (2 * (90 + 20));
    near(Math.hypot(b.x - a.x, b.y - a.y), 2 * (90 + 2 * grown), 6);
    near(Math.hypot(d.x - a.x, d.y - a.y), 2 * (20 + 2 * grown), 6);
    near(Math.atan2(b.y - a.y, b.x - a.x), angle, 0.03);
  }
});

test('boxes: specks, faint regions and empty maps give none; a box at the edge stays inside', () => {
  const size = { width: 64, height: 64 };
  assert.deepEqual(boxesFrom(new Float32Array(64 * 64), 64, 64, size), []);
  assert.deepEqual(
    boxesFrom(tilted(64, 64, { centre: { x: 20, y: 20 }, angle: 0, width: 2, height: 2 }), 64, 64, size),
    [],
  );
  const faint = tilted(64, 64, { centre: { x: 30, y: 30 }, angle: 0, width: 30, height: 10 }).map(
    (value) => value * 0.5,
  );
  assert.deepEqual(boxesFrom(faint, 64, 64, size), []);
  const [{ quad }] = boxesFrom(
    tilted(64, 64, { centre: { x: 0, y: 5 }, angle: 0, width: 60, height: 10 }),
    64,
    64,
    size,
  );
  for (const { x, y } of quad) assert.ok(x >= 0 && y >= 0 && x <= 64 && y <= 64);
});

test('regions: diagonal neighbours hang together, others do not', () => {
  // biome-ignore format: rows
  const map = Float32Array.from([
    1, 0, 0, 0, 1, 0, 1,
    0, 1, 0, 0, 1, 0, 1,
    0, 0, 1, 0, 1, 0, 1,
    0, 0, 0, 0, 1, 1, 1,
  ]);
  const found = regions(map, 7, 4, 0.5).map((points) => points.map(({ x, y }) => `${x},${y}`).sort());
  assert.deepEqual(
    found.map((points) => [...new Set(points)]),
    [
      ['0,0', '1,1', '2,2'],
      ['4,0', '4,1', '4,2', '4,3', '6,0', '6,1', '6,2', '6,3'],
    ],
  );
  assert.deepEqual(hull([{ x: 3, y: 3 }]), [{ x: 3, y: 3 }]);
});

test('geometry: the smallest rectangle is no larger than any of 360 tries', () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 16807) % 2147483647;
    return seed / 2147483647;
  };
  for (let round = 0; round < 20; round++) {
    const points = hull(Array.from({ length: 12 }, () => ({ x: random() * 100, y: random() * 40 })));
    const { width, height, centre, angle } = smallestRectangle(points);
    for (let step = 0; step < 360; step++) {
      const [cos, sin] = [Math.cos((step * Math.PI) / 360), Math.sin((step * Math.PI) / 360)];
      const us = points.map(({ x, y }) => x * cos + y * sin);
      const vs = points.map(({ x, y }) => y * cos - x * sin);
      const area = (Math.max(...us) - Math.min(...us)) * (Math.max(...vs) - Math.min(...vs));
      assert.ok(width * height <= area + 1e-6, `round ${round}, ${step / 2} degrees`);
    }
    const [a, , c] = cornersOf({ width, height, centre, angle });
    near((a.x + c.x) / 2, centre.x, 1e-6);
    near((a.y + c.y) / 2, centre.y, 1e-6);
  }
});

/**
 * A picture whose red and green say where each pixel came from.
 * @param {number} width @param {number} height
 */
function ramp(width, height) {
  const picture = blank(width, height);
  for (let i = 0; i < width * height; i++)
    picture.data.set([i % width, Math.floor(i / width), 0, 255], i * 4);
  return picture;
}

test('pictures: cut out, turned, resampled', () => {
  const picture = ramp(100, 80);
  const box = /** @type {Quad} */ ([
    { x: 10, y: 20 },
    { x: 50, y: 20 },
    { x: 50, y: 40 },
    { x: 10, y: 40 },
  ]);
  const crop = cut(picture, box);
  assert.deepEqual([crop.width, crop.height], [40, 20]);
  assert.deepEqual([...crop.data.slice(0, 2)], [10, 20]);
  const turned = turn(crop);
  assert.deepEqual([...turned.data.slice(-4, -2)], [10, 20]);

  const tall = /** @type {Quad} */ ([
    { x: 10, y: 10 },
    { x: 20, y: 10 },
    { x: 20, y: 60 },
    { x: 10, y: 60 },
  ]);
  const lying = cut(picture, tall);
  assert.deepEqual([lying.width, lying.height], [50, 10]);
  assert.deepEqual([...lying.data.slice(0, 2)], [20, 10], 'a tall box is turned to the left');

  const half = resample(picture, 50, 40);
  near(half.data[(20 * 50 + 25) * 4], 50.5, 1);
  const striped = blank(64, 1);
  for (let x = 0; x < 64; x++) striped.data.set([x % 2 ? 255 : 0, 0, 0, 255], x * 4);
  for (let x = 1; x < 7; x++) near(resample(striped, 8, 1).data[x * 4], 127.5, 8);
});

test('pictures: the detector sees sides that are multiples of 32, blue first', () => {
  const { data, dims } = detectionInput(ramp(101, 50));
  assert.deepEqual(dims, [1, 3, 64, 96]);
  near(data[0], (0 - 0.485) / 0.229, 1e-6);
  near(data[2 * 64 * 96 + 95], (100 / 255 - 0.406) / 0.225, 0.01);
  assert.deepEqual(detectionInput(blank(3000, 10)).dims, [1, 3, 32, 960]);
});

test('text: repeats merge, blanks part, spaces come back between words', () => {
  const characters = dictionary('a\nb\r\n，\n！\n');
  assert.deepEqual(characters, ['', 'a', 'b', '，', '！', ' ']);
  /** @param {...(number | [number, number])} path class, or blank with this much space */
  const read = (...path) =>
    decode(
      path.flatMap((step) => {
        const row = Array(6).fill(0);
        if (Array.isArray(step)) row[5] = step[1];
        row[Array.isArray(step) ? step[0] : step] = 0.8;
        return row;
      }),
      characters,
    );
  assert.deepEqual(read(1, 1, 0, 1, 2, 2, 0), { text: 'aab', confidence: 0.8000000000000002 });
  assert.equal(read([0, 0.3], 1, [0, 0.05], 2, [0, 0.4]).text, 'a b');
  assert.equal(read(1, [0, 0.001], 2).text, 'ab');
  assert.equal(read(1, [0, 0.1], 5, [0, 0.1], 2).text, 'a b');
  assert.equal(read(1, 3, 4).text, 'a,!');
  assert.deepEqual(read(0, 0), { text: '', confidence: 0 });
  assert.throws(() => decode([1, 2, 3], characters), /dictionary has 6 classes/);
});

test('reading order: along the tilt, from left to right, far apart is apart', () => {
  /** @param {string} name @param {number} x @param {number} y @param {number} width @param {number} angle in degrees */
  const box = (name, x, y, width, angle) => {
    const [cos, sin] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
    const at = (/** @type {number} */ u, /** @type {number} */ v) => ({
      x: u * cos - v * sin,
      y: u * sin + v * cos,
    });
    return {
      name,
      quad: /** @type {Quad} */ ([at(x, y), at(x + width, y), at(x + width, y + 20), at(x, y + 20)]),
    };
  };
  for (const angle of [-10, 0, 4]) {
    const page = [
      box('price', 300, 1, 50, angle),
      box('second', 0, 30, 180, angle),
      box('item', 100, 0, 100, angle),
      box('other sign', 700, 30, 100, angle),
    ];
    const order = lines(page).map((line) => line.map(({ name }) => name));
    assert.deepEqual(order, [['item', 'price'], ['second'], ['other sign']], `${angle} degrees`);
  }
  assert.deepEqual(lines([]), []);
});

test('digits: scaled to 20, its centre of mass in the middle, wherever it was drawn', () => {
  /** @param {number} left @param {number} top @param {number} size */
  const bar = (left, top, size) => {
    const data = new Float32Array(200 * 200);
    for (let y = top; y < top + size; y++) data.fill(1, y * 200 + left, y * 200 + left + size / 4);
    return { width: 200, height: 200, data };
  };
  const small = /** @type {Float32Array} */ (prepare(bar(20, 30, 40)));
  const large = /** @type {Float32Array} */ (prepare(bar(90, 15, 160)));
  for (const image of [small, large]) {
    let [mass, x, y, rows] = [0, 0, 0, 0];
    for (let row = 0; row < SIZE; row++) {
      const ink = image.subarray(row * SIZE, (row + 1) * SIZE);
      if (Math.max(...ink) > 0.5) rows++;
      ink.forEach((value, column) => {
        mass += value;
        x += value * (column + 0.5);
        y += value * (row + 0.5);
      });
    }
    near(x / mass, 14, 0.01);
    near(y / mass, 14, 0.01);
    assert.equal(rows, 20);
  }
  for (const [i, value] of small.entries()) near(value, large[i], 1e-6);
  assert.equal(prepare({ width: 5, height: 5, data: new Float32Array(25) }), null);
});

test('digits: ink is what differs from the paper, dark or light', () => {
  for (const [paper, pen] of [
    [250, 20],
    [10, 240],
  ]) {
    const picture = blank(20, 20);
    for (let i = 0; i < 400; i++) {
      const value = i % 20 === 10 && i > 100 && i < 300 ? pen : paper;
      picture.data.set([value, value, value, 255], i * 4);
    }
    const { data } = inkOf(picture);
    near(data[10 * 20 + 10], 1, 1e-6);
    assert.equal(data[10 * 20 + 5], 0);
  }
  const plain = blank(8, 8);
  plain.data.fill(200);
  assert.ok(inkOf(plain).data.every((value) => value === 0));
});

test('the comparison sees a wrong value, name, type and shape, and what proves nothing', () => {
  /** @param {number[]} values */
  const tensor = (...values) => ({
    y: { type: 'float32', dims: [values.length], data: Float32Array.from(values) },
  });
  const want = tensor(1, -2, 0.001);
  assertClose(tensor(1, -2, 0.0011), want, 'close');
  assertClose(tensor(0, 0), tensor(0, 0), 'zeros');
  const wrong = [
    tensor(1, -2, 0.0013),
    tensor(1, Number.NaN, 0.001),
    tensor(Infinity, -2, 0.001),
    tensor(1, -2),
    { z: want.y },
    { ...want, z: want.y },
    { y: { ...want.y, type: 'float64' } },
    { y: { ...want.y, dims: [3, 1] } },
  ];
  for (const got of wrong) assert.throws(() => assertClose(got, want, 'wrong'), assert.AssertionError);
  assert.throws(() => assertClose(tensor(1e-30), tensor(0), 'zero'), assert.AssertionError);
  assertVaried([want.y], 'varied');
  assert.throws(() => assertVaried([tensor(5, 5.001).y, tensor(5.002).y], 'constant'), /nearly constant/);
});
