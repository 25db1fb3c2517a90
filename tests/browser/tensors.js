/**
 * Named tensors as bytes and back, in Node and in the page: the length of a JSON header, the header, then each
 * tensor's data, all padded to 8 bytes.
 *
 * @typedef {import('../models/compare.js').Named} Named
 */
const ARRAYS = { float32: Float32Array, int64: BigInt64Array };

/** @param {number} size */
const padded = (size) => Math.ceil(size / 8) * 8;

/** @param {Named} tensors @returns {Uint8Array<ArrayBuffer>} */
export function pack(tensors) {
  const list = Object.entries(tensors).map(([name, { type, dims, data }]) => {
    const { buffer, byteOffset, byteLength } = /** @type {Float32Array} */ (data);
    return { name, type, dims: [...dims], bytes: new Uint8Array(buffer, byteOffset, byteLength) };
  });
  const header = new TextEncoder().encode(
    JSON.stringify(list.map(({ bytes, ...rest }) => ({ ...rest, size: bytes.length }))),
  );
  let at = 8 + padded(header.length);
  const result = new Uint8Array(at + list.reduce((sum, { bytes }) => sum + padded(bytes.length), 0));
  new DataView(result.buffer).setUint32(0, header.length, true);
  result.set(header, 8);
  for (const { bytes } of list) {
    result.set(bytes, at);
    at += padded(bytes.length);
  }
  return result;
}

/** @param {ArrayBufferLike} buffer @returns {Named} */
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  let at = 8 + padded(length);
  /** @type {Named} */
  const result = {};
  for (const { name, type, dims, size } of JSON.parse(
    new TextDecoder().decode(new Uint8Array(buffer, 8, length)),
  )) {
    const array = ARRAYS[/** @type {keyof typeof ARRAYS} */ (type)];
    result[name] = {
      type,
      dims,
      data: new array(/** @type {ArrayBuffer} */ (buffer), at, size / array.BYTES_PER_ELEMENT),
    };
    at += padded(size);
  }
  return result;
}
