/**
 * The bytes of one file in the pieces they came in. They stay outside the wasm heap, which could not shrink again: the
 * engine pulls what it packs, and says what it will not read again.
 */
export class Bytes {
  size = 0;
  /** Empty: gone. @type {Uint8Array[]} */
  #pieces = [];
  /** Where each begins. @type {number[]} */
  #starts = [];
  /** How much of each the engine has yet to read, once it has said so. @type {number[]} */
  #wanted = [];

  /** @param {Uint8Array} piece kept, not copied */
  add(piece) {
    this.#starts.push(this.size);
    this.#wanted.push(0);
    this.#pieces.push(piece);
    this.size += piece.length;
  }

  /** The last piece that begins at the offset or before. @param {number} offset */
  #at(offset) {
    let at = 0;
    for (let end = this.#starts.length; end - at > 1; ) {
      const middle = (at + end) >> 1;
      if (this.#starts[middle] > offset) end = middle;
      else at = middle;
    }
    return at;
  }

  /**
   * Copies [offset, offset + target.length) to target.
   * @param {number} offset
   * @param {Uint8Array} target
   * @returns {boolean} false when that is not all there
   */
  read(offset, target) {
    if (!(offset >= 0 && offset + target.length <= this.size)) return false;
    for (let at = this.#at(offset), done = 0; done < target.length; at++) {
      const from = offset + done - this.#starts[at];
      const part = this.#pieces[at].subarray(from, from + target.length - done);
      if (!part.length && this.#starts[at + 1] !== this.#starts[at]) return false;
      target.set(part, done);
      done += part.length;
    }
    return true;
  }

  /**
   * [offset, offset + size) is to be read (`more`), or has been for the last time: a piece with nothing left to read is
   * dropped.
   * @param {number} offset
   * @param {number} size
   * @param {number} more
   */
  want(offset, size, more) {
    const end = offset + size;
    for (let at = this.#at(offset); this.#starts[at] < end; at++) {
      const overlap = Math.min(end, this.#starts[at + 1] ?? end) - Math.max(offset, this.#starts[at]);
      this.#wanted[at] += more ? overlap : -overlap;
      if (!more && !this.#wanted[at]) this.#pieces[at] = new Uint8Array();
    }
  }
}

/** A page in place of data? A model or wasm never begins with `<`; other data may. */
export const isHtml = (/** @type {Uint8Array} */ bytes, /** @type {boolean} */ data) =>
  (data ? /^\s*<(!doc|html|\?xml)/i : /^\s*</).test(String.fromCharCode(...bytes.subarray(0, 64)));
