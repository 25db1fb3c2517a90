/**
 * PP-OCRv4: detection, direction and recognition at three sizes each, on what the demo's pictures give them,
 * and whole pictures read from end to end.
 *
 * @typedef {import('./compare.js').Engine} Engine
 * @typedef {import('./compare.js').Values} Values
 * @typedef {import('../../demo/ocr/picture.js').Picture} Picture
 */
import assert from 'node:assert/strict';
import { boxesFrom, detectionInput } from '../../demo/ocr/detect.js';
import { directionInput, upsideDown } from '../../demo/ocr/direction.js';
import { blank, cut, planes, resample, turn } from '../../demo/ocr/picture.js';
import { pageText, read } from '../../demo/ocr/reader.js';
import { decode, dictionary, recognitionInput } from '../../demo/ocr/recognize.js';
import { assertClose, assertVaried, once, withModel } from './compare.js';
import { reference } from './engines.js';
import { dictionaryText, MODELS, picture } from './files.js';
import { pages } from './pages.js';

const characters = dictionary(dictionaryText());
/** @param {string} name */
const sample = (name) => picture(`demo/samples/${name}.jpg`);

/**
 * One network on several inputs: tensors close, and what they mean equal.
 * @param {string} name
 * @param {string} file
 * @param {() => {data: Float32Array, dims: number[]}[]} makeInputs
 * @param {(output: Values, index: number) => unknown} meaning
 * @param {(meanings: any[]) => void} assertMeaning what the reference's must show for the test to be worth something
 */
function networkCase(name, file, makeInputs, meaning, assertMeaning) {
  const inputs = once(async () => makeInputs());
  /** @param {Engine} engine */
  const run = async (engine) =>
    withModel(engine, file, async (model) => {
      const results = [];
      for (const { data, dims } of await inputs())
        results.push(await model.predict({ x: { type: 'float32', data, dims } }));
      return results;
    });
  const expected = once(() => run(reference));
  /** @param {import('./compare.js').Named[]} results */
  const meanings = (results) => results.map((outputs, i) => meaning(Object.values(outputs)[0], i));
  return {
    name,
    /** @param {Engine} engine */
    async check(engine) {
      const shapes = (await inputs()).map(({ dims }) => dims.join('x'));
      assert.equal(new Set(shapes).size, 3, `three sizes, not ${shapes}`);
      const want = await expected();
      assertMeaning(meanings(want));
      for (const outputs of want) assertVaried(Object.values(outputs), name);

      const got = await run(engine);
      for (const [i, outputs] of got.entries()) assertClose(outputs, want[i], `${name} of ${shapes[i]}`);
      assert.deepEqual(meanings(got), meanings(want));
    },
  };
}

const detection = networkCase(
  'PP-OCRv4 detection, three sizes',
  MODELS.detection,
  () => [
    detectionInput(sample('street')),
    detectionInput(sample('receipt'), 640),
    detectionInput(sample('desk'), 480),
  ],
  ({ data, dims }) =>
    boxesFrom(/** @type {Float32Array} */ (data), dims[3], dims[2], { width: dims[3], height: dims[2] }).map(
      ({ quad }) => quad,
    ),
  (boxes) =>
    assert.deepEqual(
      boxes.map((list) => list.length > 5),
      [true, true, true],
    ),
);

/** Lines of known text, cut from the pictures where they stand. */
const LINES = [
  {
    text: '25.41',
    from: 'receipt',
    at: [
      [422, 470],
      [510, 476],
      [507, 506],
      [420, 500],
    ],
  },
  {
    text: 'Bergen to Lerwick',
    from: 'desk',
    at: [
      [89, 187],
      [433, 145],
      [438, 186],
      [93, 230],
    ],
  },
  {
    text: '1 x Almond croissant',
    from: 'receipt',
    at: [
      [140, 227],
      [398, 239],
      [397, 264],
      [139, 252],
    ],
  },
];

/** @returns {Picture[]} */
export const lineCrops = () =>
  LINES.map(({ from, at }) => cut(sample(from), /** @type {any} */ (at.map(([x, y]) => ({ x, y })))));

const recognition = networkCase(
  'PP-OCRv4 recognition, three sizes',
  MODELS.recognition,
  () => lineCrops().map(recognitionInput),
  ({ data }) => decode(/** @type {Float32Array} */ (data), characters).text,
  (texts) =>
    assert.deepEqual(
      texts,
      LINES.map(({ text }) => text),
    ),
);

/** The classifier takes any size; the demo always gives it 48 x 192. */
function directionInputs() {
  const [first, second, third] = lineCrops();
  const half = [0.5, 0.5, 0.5];
  return [
    directionInput(turn(second)),
    planes(resample(first, 144, 48), 144, half, half),
    planes(resample(turn(third), 320, 48), 320, half, half),
  ];
}

const direction = networkCase(
  'PP-OCR direction, three sizes',
  MODELS.direction,
  directionInputs,
  ({ data }) => upsideDown(/** @type {Float32Array} */ (data)),
  (turned) => assert.deepEqual(turned, [true, false, true]),
);

/**
 * @param {Engine} engine
 * @param {(networks: import('../../demo/ocr/reader.js').Networks) => Promise<any>} use
 */
async function withNetworks(engine, use) {
  /** @param {import('./compare.js').Loaded} model */
  const network =
    (model) =>
    async (/** @type {{data: Float32Array, dims: readonly number[]}} */ { data, dims }) =>
      /** @type {any} */ (Object.values(await model.predict({ x: { type: 'float32', data, dims } }))[0]);
  return withModel(engine, MODELS.detection, (detect) =>
    withModel(engine, MODELS.direction, (turned) =>
      withModel(engine, MODELS.recognition, (recognize) =>
        use({
          detect: network(detect),
          direction: network(turned),
          recognize: network(recognize),
          characters,
        }),
      ),
    ),
  );
}

/** @typedef {import('../../demo/ocr/reader.js').Reading} Reading */

/** @param {keyof typeof pages} name of a picture, read from end to end */
function readingCase(name) {
  /** @param {Engine} engine @returns {Promise<{readings: Reading[], nothing: Reading[]}>} */
  const run = (engine) =>
    withNetworks(engine, async (networks) => ({
      readings: await read(networks, sample(name)),
      nothing: await read(networks, blank(97, 33)),
    }));
  const expected = once(() => run(reference));
  /** @param {Reading[]} readings */
  const facts = (readings) => readings.map(({ quad, text, turned, line }) => ({ quad, text, turned, line }));
  return {
    name: `PP-OCR reads ${name}.jpg`,
    /** @param {Engine} engine */
    async check(engine) {
      const want = await expected();
      const { readings, nothing } = await run(engine);
      assert.deepEqual(facts(readings), facts(want.readings));
      assert.equal(pageText(readings), pages[name].join('\n'));
      assert.equal(readings.filter(({ turned }) => turned).length, name === 'desk' ? 3 : 0, 'upside down');
      assert.deepEqual(nothing, []);
    },
  };
}

export const networks = [detection, direction, recognition];
export const pictures = [readingCase('street'), readingCase('receipt'), readingCase('desk')];
