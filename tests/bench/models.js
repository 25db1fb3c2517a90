/**
 * The models and their inputs. The large ones are of a folder that BENCH_MODELS names, or generated; the small ones come
 * with npm packages that the tests use anyway, and see what the tests show them.
 *
 * @typedef {object} Model
 * @property {string} id
 * @property {string} title
 * @property {{onnx: string, tflite?: string, twin?: string, tfjs?: string}} files by format; twin: ONNX that computes what the
 *   .tflite file does
 * @property {boolean} generated
 * @property {import('../models/compare.js').Named} inputs
 * @property {Record<string, {dims: number[], seed: number}>} [noise] how the inputs are made, where they are noise
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pack } from '../browser/tensors.js';
import { detectionInput } from '../../demo/ocr/detect.js';
import { cut, resample } from '../../demo/ocr/picture.js';
import { recognitionInput } from '../../demo/ocr/recognize.js';
import { MODELS as FILES, picture, speech } from '../models/files.js';
import { TOPOLOGIES } from './topologies.js';
import { noise } from './web/noise.js';

const VERSION = 1; // of the generated files: another number, and they are made anew

/** @param {ArrayLike<number>} data @param {number[]} dims */
const float32 = (data, dims) => ({ type: 'float32', dims, data });

/** A line of text on the sample photo of a desk, as the tests cut it. */
const LINE = [
  [89, 187],
  [433, 145],
  [438, 186],
  [93, 230],
];

/** Name, noise of which shape (from a folder, or generated). */
const LARGE = {
  mobilenetv2: ['MobileNetV2', [1, 3, 224, 224]],
  resnet50: ['ResNet-50', [1, 3, 224, 224]],
  minilm128: ['MiniLM, 128 tokens', [1, 128, 384]],
};

/** Name, file and input of what the npm packages hold. */
const SMALL = {
  'ocr-detection': [
    'PP-OCRv4 detection',
    FILES.detection,
    () => {
      const { data, dims } = detectionInput(picture('demo/samples/street.jpg'), 640);
      return { x: float32(data, dims) };
    },
  ],
  'ocr-recognition': [
    'PP-OCRv4 recognition',
    FILES.recognition,
    () => {
      const corners = LINE.map(([x, y]) => ({ x, y }));
      const { data, dims } = recognitionInput(
        cut(picture('demo/samples/desk.jpg'), /** @type {any} */ (corners)),
      );
      return { x: float32(data, dims) };
    },
  ],
  'silero-vad5': [
    'Silero VAD v5, one frame',
    FILES.vad5,
    () => ({
      input: float32(speech('tests/models/data/speech.wav').slice(44936, 44936 + 576), [1, 576]),
      sr: { type: 'int64', data: BigInt64Array.of(16000n), dims: [] },
      state: float32(new Float32Array(256), [2, 1, 128]),
    }),
  ],
  blazeface: [
    'BlazeFace, front camera',
    FILES.faceFront,
    () => {
      const { data } = resample(picture('tests/models/data/face.jpg'), 128, 128);
      const rgb = Float32Array.from({ length: 128 * 128 * 3 }, (_, i) => {
        const pixel = Math.floor(i / 3);
        return data[pixel * 4 + (i % 3)] / 127.5 - 1;
      });
      return { 'input:0': float32(rgb, [1, 128, 128, 3]) };
    },
  ],
};

export const MODELS = [...Object.keys(LARGE), ...Object.keys(SMALL)];

/** A file in the cache, made when it is not there. @param {string} file @param {() => Uint8Array} make */
function cached(file, make) {
  if (!existsSync(file)) {
    writeFileSync(`${file}.part`, make());
    renameSync(`${file}.part`, file);
  }
  return file;
}

/** @param {string} cache a folder @param {keyof typeof TOPOLOGIES} id */
export function generated(cache, id) {
  mkdirSync(cache, { recursive: true });
  return cached(join(cache, `${id}-${VERSION}.onnx`), TOPOLOGIES[id]);
}

/**
 * @param {string} id
 * @param {{folder?: string, cache: string, formats: Set<string>}} from folder: of the large models; formats: those wanted
 * @returns {Promise<Model>}
 */
export async function model(id, { folder, cache, formats }) {
  if (id in SMALL) {
    const [title, onnx, inputs] = SMALL[id];
    return { id, title, files: { onnx }, generated: false, inputs: inputs() };
  }
  const [title, dims] = LARGE[id];
  const given = folder && join(folder, `${id}.onnx`);
  if (given && !existsSync(given)) throw new Error(`BENCH_MODELS has no ${id}.onnx`);
  const onnx = given || generated(cache, id);
  const tflite = folder && join(folder, `${id}.tflite`);
  const hasTflite = tflite && formats.has('tflite') && existsSync(tflite);
  return {
    id,
    title,
    files: {
      onnx,
      ...(hasTflite && { tflite, twin: await derived(onnx, cache, 'twin') }),
      ...(id === 'mobilenetv2' && formats.has('tfjs') && { tfjs: await derived(onnx, cache, 'tfjs') }),
    },
    generated: !given,
    inputs: { input: noise(dims) },
    noise: { input: { dims, seed: 1 } },
  };
}

/** A model made of the ONNX file for an engine that opens none, in a file. @param {string} onnx @param {string} cache @param {'tfjs' | 'twin'} form */
async function derived(onnx, cache, form) {
  const { translate, twin } = await import('./graph.js'); // it imports Siskin as built
  const file = join(cache, `mobilenetv2.${form}`);
  mkdirSync(cache, { recursive: true });
  const bytes = readFileSync(onnx);
  writeFileSync(file, form === 'tfjs' ? pack(translate(bytes)) : twin(bytes));
  return file;
}
