/**
 * The three networks of PP-OCRv4 and the dictionary, fetched when they are first needed and kept. What fails
 * or is cancelled is fetched again the next time.
 */
import { dictionary } from '../ocr/recognize.js';
import { load, Tensor } from '../siskin.js';

const FOLDER = new URL('../../models/pp-ocr/', import.meta.url);
const FILES = {
  detect: 'ch_PP-OCRv4_det_infer.onnx',
  direction: 'ch_ppocr_mobile_v2.0_cls_infer.onnx',
  recognize: 'ch_PP-OCRv4_rec_infer.onnx',
};
const DICTIONARY = 'ppocr_keys_v1.txt';

/** @type {Map<string, any>} models by file */
const kept = new Map();

/**
 * @param {AbortSignal} signal
 * @param {(loaded: number, total: number) => void} onProgress bytes of all the files together; total may be NaN: not known
 * @returns {Promise<{networks: import('../ocr/reader.js').Networks, build: string}>}
 */
export async function networks(signal, onProgress) {
  /** @type {Map<string, {loaded: number, total: number | null}>} */
  const progress = new Map();
  /** @param {string} file */
  const watch =
    (file) =>
    (/** @type {import('../../dist/siskin.js').Progress} */ { phase, loaded, total }) => {
      if (phase !== 'download') return;
      progress.set(file, { loaded, total });
      // Until each has said how long it is, the sum would jump.
      if (progress.size < Object.keys(FILES).length) return;
      const all = [...progress.values()];
      const sum = all.reduce((bytes, each) => bytes + (each.total ?? Number.NaN), 0);
      onProgress(
        all.reduce((bytes, each) => bytes + each.loaded, 0),
        sum,
      );
    };
  /** @param {string} file */
  const model = async (file) => {
    if (!kept.has(file)) {
      // This is a worker already, so the engine needs no other: it runs here, in slices.
      kept.set(file, await load(new URL(file, FOLDER), { worker: false, signal, onProgress: watch(file) }));
    }
    return kept.get(file);
  };
  const [detect, direction, recognize, characters] = await Promise.all([
    ...Object.values(FILES).map(model),
    fetchDictionary(signal),
  ]);
  return {
    networks: {
      detect: network(detect),
      direction: network(direction),
      recognize: network(recognize),
      characters,
    },
    build: detect.info.build,
  };
}

/** Lets go of all: after a failure the next reading starts from fresh ones. */
export async function forget() {
  const models = [...kept.values()].filter((each) => typeof each.dispose === 'function');
  kept.clear();
  await Promise.allSettled(models.map((each) => each.dispose()));
}

/** @param {any} model @returns {import('../ocr/reader.js').Network} */
function network(model) {
  return async ({ data, dims }, signal) => {
    const outputs = await model.predict({ x: new Tensor('float32', data, dims) }, { signal });
    return /** @type {import('../ocr/reader.js').Values} */ (Object.values(outputs)[0]);
  };
}

/** @param {AbortSignal} signal */
async function fetchDictionary(signal) {
  if (!kept.has(DICTIONARY)) {
    const response = await fetch(new URL(DICTIONARY, FOLDER), { signal });
    if (!response.ok)
      throw new Error(`The dictionary could not be fetched: ${response.status} for ${response.url}`);
    kept.set(DICTIONARY, dictionary(await response.text()));
  }
  return kept.get(DICTIONARY);
}
