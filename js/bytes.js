/**
 * The bytes of one file in the pieces they came in. They stay outside the wasm heap, which could not shrink again: the
 * engine pulls what it packs.
 */
export class Bytes {
  size = 0;
  /** @type {Uint8Array[]} */
  #pieces = [];
  /** Where each begins. @type {number[]} */
  #starts = [];

  /** @param {Uint8Array} piece kept, not copied */
  add(piece) {
    this.#starts.push(this.size);
    this.#pieces.push(piece);
    this.size += piece.length;
  }

  /**
   * Copies [offset, offset + target.length) to target.
   * @param {number} offset
   * @param {Uint8Array} target
   * @returns {boolean} false when that is not all there
   */
  read(offset, target) {
    if (!(offset >= 0 && offset + target.length <= this.size)) return false;
    let at = 0;
    for (let end = this.#starts.length; end - at > 1; ) {
      const middle = (at + end) >> 1;
      if (this.#starts[middle] > offset) end = middle;
      else at = middle;
    }
    for (let done = 0; done < target.length; at++) {
      const from = offset + done - this.#starts[at];
      const part = this.#pieces[at].subarray(from, from + target.length - done);
      target.set(part, done);
      done += part.length;
    }
    return true;
  }
}

/** A page in place of data? A model or wasm never begins with `<`; other data may. */
export const isHtml = (/** @type {Uint8Array} */ bytes, /** @type {boolean} */ data) =>
  (data ? /^\s*<(!doc|html|\?xml)/i : /^\s*</).test(String.fromCharCode(...bytes.subarray(0, 64)));
