/**
 * What the page and its worker say to each other. One reading at a time; a new one cancels the one before.
 *
 * @typedef {import('../ocr/reader.js').Box} Box
 * @typedef {import('../ocr/reader.js').Reading} Reading
 *
 * @typedef {{type: 'read', id: number, picture: ImageBitmap} | {type: 'cancel'}} ToWorker
 *
 * @typedef {{type: 'loading', loaded: number, total: number}
 *   | {type: 'finding', build: string}
 *   | {type: 'boxes', boxes: Box[], width: number, height: number, milliseconds: number}
 *   | {type: 'reading', index: number, reading: Reading}
 *   | {type: 'done', readings: Reading[], text: string, milliseconds: number}
 *   | {type: 'cancelled'}
 *   | {type: 'failed', message: string}} Event
 * @typedef {Event & {id: number}} FromWorker
 */

/** The longest side, in pixels, at which a picture is read; boxes come in pixels of that size. */
export const LONGEST_SIDE = 1600;

/** @param {{width: number, height: number}} size @returns {{width: number, height: number}} */
export function readingSize({ width, height }) {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
