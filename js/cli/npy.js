/** NumPy's .npy files, formats 1 to 3: one tensor each. */
import { wrong } from './usage.js';

/** dtype without its byte order -> element type; float16 and int64 keep their bits. */
const TYPES = /** @type {Record<string, import('../siskin.d.ts').ElementType>} */ ({
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
});

/** @param {Uint8Array} bytes @param {number} width */
function swapBytes(bytes, width) {
  for (let i = 0; i + width <= bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}

/** Column-major data into row-major order.
 * @param {Uint8Array} bytes @param {number[]} dims @param {number} width */
function fromFortran(bytes, dims, width) {
  const out = new Uint8Array(bytes.length);
  const index = dims.map(() => 0);
  const strides = dims.map((_, i) => dims.slice(0, i).reduce((a, b) => a * b, 1));
  for (let at = 0; at < out.length; at += width) {
    const from = index.reduce((sum, k, i) => sum + k * strides[i], 0) * width;
    out.set(bytes.subarray(from, from + width), at);
    for (let i = dims.length - 1; i >= 0 && ++index[i] === dims[i]; i--) index[i] = 0;
  }
  return out;
}

/**
 * @param {Uint8Array} file
 * @param {string} name for messages
 * @returns {{type: import('../siskin.d.ts').ElementType, bytes: Uint8Array<ArrayBuffer>, dims: number[]}}
 */
export function readNpy(file, name) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 12 || view.getUint32(0) !== 0x934e554d) wrong(`${name} is not a .npy file`);
  const long = file[6] > 1;
  const start = long ? 12 : 10;
  const end = start + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  if (end > file.length) wrong(`${name} is cut off in its header`);
  const header = new TextDecoder(file[6] > 2 ? 'utf-8' : 'latin1').decode(file.subarray(start, end));
  const descr = /'descr'\s*:\s*'([<>|=])([a-z]\d+)'/.exec(header);
  const shape = /'shape'\s*:\s*\(([^)]*)\)/.exec(header);
  const type = descr && TYPES[descr[2]];
  if (!descr || !type || !shape)
    wrong(`${name} holds a type that is not supported (${header.slice(0, 60).trim()}...)`);
  const dims = shape[1]
    .split(',')
    .filter((s) => s.trim())
    .map(Number);
  const width = Number(descr[2].slice(1));
  const length = dims.reduce((a, b) => a * b, width);
  if (!dims.every((d) => Number.isSafeInteger(d) && d >= 0) || file.length - end < length)
    wrong(`${name} is cut off: it should hold ${length} bytes of data`);
  let bytes = file.slice(end, end + length);
  if (descr[1] === '>') swapBytes(bytes, width);
  if (/'fortran_order'\s*:\s*True/.test(header)) bytes = fromFortran(bytes, dims, width);
  return { type, bytes: /** @type {Uint8Array<ArrayBuffer>} */ (bytes), dims };
}

/**
 * @param {import('../siskin.d.ts').Tensor} tensor
 * @returns {Uint8Array} a format 1 file
 */
export function writeNpy({ type, data, dims }) {
  const found = Object.entries(TYPES).find(([, name]) => name === type);
  /* what NumPy has no type for is written as its bits */
  const code = found ? found[0] : type === 'bfloat16' ? 'u2' : 'u1';
  const order = code.endsWith('1') ? '|' : '<';
  const array = /** @type {ArrayBufferView} */ (data);
  const shape = found || type === 'bfloat16' ? dims : [array.byteLength];
  let header = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${shape.map((d) => `${d},`).join(' ')}), }`;
  header += `${' '.repeat((64 - ((header.length + 11) % 64)) % 64)}\n`;
  const out = new Uint8Array(10 + header.length + array.byteLength);
  out.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  out.set(new TextEncoder().encode(header), 10);
  out.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), 10 + header.length);
  return out;
}
