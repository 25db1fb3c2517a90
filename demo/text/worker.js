/**
 * Reads pictures off the page's thread: decoding, the networks and everything between them.
 *
 * @typedef {import('./protocol.js').ToWorker} ToWorker
 * @typedef {import('./protocol.js').Event} Event
 */
import { pageText, read } from '../ocr/reader.js';
import { forget, networks } from './models.js';
import { readingSize } from './protocol.js';

let current = new AbortController();

/** @param {MessageEvent<ToWorker>} event */
self.onmessage = ({ data }) => {
  current.abort();
  if (data.type !== 'read') return;
  current = new AbortController();
  answer(data.id, data.picture, current.signal);
};

/**
 * @param {number} id
 * @param {ImageBitmap} bitmap closed here
 * @param {AbortSignal} signal
 */
async function answer(id, bitmap, signal) {
  /** @param {Event} event */
  const say = (event) => self.postMessage({ ...event, id });
  try {
    const { networks: ready, build } = await networks(signal, (loaded, total) =>
      say({ type: 'loading', loaded, total }),
    );
    signal.throwIfAborted();
    say({ type: 'finding', build });
    const start = performance.now();
    const picture = pixels(bitmap);
    const readings = await read(ready, picture, {
      signal,
      onBoxes: (boxes) =>
        say({
          type: 'boxes',
          boxes,
          width: picture.width,
          height: picture.height,
          milliseconds: performance.now() - start,
        }),
      onReading: (index, reading) => say({ type: 'reading', index, reading }),
    });
    say({ type: 'done', readings, text: pageText(readings), milliseconds: performance.now() - start });
  } catch (error) {
    if (signal.aborted) say({ type: 'cancelled' });
    else {
      say({ type: 'failed', message: /** @type {Error} */ (error).message });
      await forget();
    }
  } finally {
    bitmap.close();
  }
}

/** @param {ImageBitmap} bitmap @returns {ImageData} on white, where it is transparent */
function pixels(bitmap) {
  const { width, height } = readingSize(bitmap);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
    new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
  );
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}
