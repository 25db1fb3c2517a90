/** Repeatable noise, the same in Node and in the page: xorshift32. */

/** @param {number[]} dims @param {number} [seed] @returns {{type: 'float32', dims: number[], data: Float32Array}} in -1..1 */
export function noise(dims, seed = 1) {
  const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  for (let i = 0; i < data.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    data[i] = state / 2 ** 31;
  }
  return { type: 'float32', dims, data };
}
