/** The models of the demos, with an input each as the demos give them, and the shapes that an opened model asks for. */

/** @typedef {{name: string, type: string, dims: number[]}} Input */
/** @typedef {{id: string, title: string, note: string, url: URL, inputs: Input[]}} Bundled */

/** @param {string} path */
const at = (path) => new URL(`../../models/${path}`, import.meta.url);
/** @param {string} name @param {number[]} dims */
const image = (name, dims) => [{ name, type: 'float32', dims }];

/** @type {Bundled[]} */
export const BUNDLED = [
  {
    id: 'digits-int8',
    title: 'Digits, int8',
    note: '69 kB, 28 × 28',
    url: at('digits/digits-int8.onnx'),
    inputs: image('image', [1, 1, 28, 28]),
  },
  {
    id: 'digits',
    title: 'Digits, float32',
    note: '236 kB, 28 × 28',
    url: at('digits/digits.onnx'),
    inputs: image('image', [1, 1, 28, 28]),
  },
  {
    id: 'detection',
    title: 'PP-OCR detection',
    note: '4.7 MB, 320 × 320',
    url: at('pp-ocr/ch_PP-OCRv4_det_infer.onnx'),
    inputs: image('x', [1, 3, 320, 320]),
  },
  {
    id: 'recognition',
    title: 'PP-OCR recognition',
    note: '10.8 MB, 48 × 320',
    url: at('pp-ocr/ch_PP-OCRv4_rec_infer.onnx'),
    inputs: image('x', [1, 3, 48, 320]),
  },
];

/**
 * A first guess at open dimensions: one of a batch, pictures of 224 x 224.
 * @param {readonly (number | string | null)[] | null} dims
 * @returns {number[]}
 */
export function guess(dims) {
  if (!dims) return [1];
  const picture = dims.length === 4;
  return dims.map((dim, i) => {
    if (typeof dim === 'number') return dim;
    if (i === 0) return 1;
    return picture ? (i > 1 || dims[3] === 3 ? 224 : 3) : 128;
  });
}
