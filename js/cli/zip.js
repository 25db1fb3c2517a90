/** The files in a zip archive (.npz is one): stored or deflated, without encryption. */
import { inflateRawSync } from 'node:zlib';
import { wrong } from './usage.js';

const [END, ENTRY, LOCAL] = [0x06054b50, 0x02014b50, 0x04034b50];
const END_SIZE = 22;
const BIG = 0xffffffff; // the real number stands elsewhere (zip64)

/** @param {Uint8Array} file @param {string} name for messages @returns {Map<string, () => Uint8Array>} */
export function readZip(file, name) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let end = file.length - END_SIZE;
  while (end >= 0 && end > file.length - END_SIZE - 65536 && view.getUint32(end, true) !== END) end--;
  if (end < 0 || view.getUint32(end, true) !== END) return wrong(`${name} is no complete zip archive`);
  const files = new Map();
  let at = view.getUint32(end + 16, true);
  for (let count = view.getUint16(end + 10, true); count > 0; count--) {
    if (at + 46 > file.length || view.getUint32(at, true) !== ENTRY)
      wrong(`${name} is damaged: its list of files`);
    const [nameSize, extraSize, commentSize] = [28, 30, 32].map((offset) =>
      view.getUint16(at + offset, true),
    );
    const entry = new TextDecoder().decode(file.subarray(at + 46, at + 46 + nameSize));
    const [method, from] = [view.getUint16(at + 10, true), at];
    files.set(entry, () => content(file, view, from, method, `${name}: ${entry}`));
    at += 46 + nameSize + extraSize + commentSize;
  }
  return files;
}

/** Sizes and place of an entry; those that need more than 32 bits stand behind its name. @param {DataView} view @param {number} at */
function placeOf(view, at) {
  let [packed, size, offset] = [20, 24, 42].map((field) => view.getUint32(at + field, true));
  let extra = at + 46 + view.getUint16(at + 28, true);
  const end = extra + view.getUint16(at + 30, true);
  for (; extra + 4 <= end; extra += 4 + view.getUint16(extra + 2, true)) {
    if (view.getUint16(extra, true) !== 1) continue;
    let next = extra + 4;
    const wide = () => {
      next += 8;
      return Number(view.getBigUint64(next - 8, true));
    };
    if (size === BIG) size = wide();
    if (packed === BIG) packed = wide();
    if (offset === BIG) offset = wide();
    break;
  }
  return { packed, size, offset };
}

/** @param {Uint8Array} file @param {DataView} view @param {number} at @param {number} method @param {string} name */
function content(file, view, at, method, name) {
  const { packed, size, offset } = placeOf(view, at);
  if (offset + 30 > file.length || view.getUint32(offset, true) !== LOCAL) return wrong(`${name} is damaged`);
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  const bytes = file.subarray(start, start + packed);
  if (bytes.length < packed) return wrong(`${name} is cut off`);
  if (method === 0) return bytes;
  if (method !== 8) return wrong(`${name} is compressed in a way that is not supported (${method})`);
  try {
    return new Uint8Array(inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) }));
  } catch (error) {
    return wrong(`${name} cannot be decompressed: ${/** @type {Error} */ (error).message}`);
  }
}
