/**
 * Where bytes come from. The page turns a source into an Origin, which can cross to a worker and is opened there. What
 * comes from the net the page reads itself and pushes on: a request is then on its way before the worker has started.
 */
import { fail, ours } from './errors.js';

/**
 * @typedef {object} Origin besides the name one of the others; with `pushed`, pieces follow in messages of their own
 * @property {string} [name] for messages
 * @property {string} [url] only file: crosses
 * @property {string} [path]
 * @property {Blob} [blob]
 * @property {Uint8Array} [bytes]
 * @property {number | null} [pushed] the number of bytes to come, null when unknown
 */
/** @typedef {{total: number | null, stream: ReadableStream<Uint8Array> | null}} Opened */

/** Node's file system, without an import that a bundler would see. @type {typeof import('node:fs') | undefined} */
const fs = globalThis.process?.getBuiltinModule?.('fs');

/** Not for fetch. */
const inFiles = (/** @type {Origin} */ { path, url = '' }) => fs && (path || url.startsWith('file:'));

/** What a text means: resolved against the page or worker; outside of them, one without a scheme is a path. */
export function locate(/** @type {string} */ text) {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  // A scheme has two letters at least: C:\model.onnx is a path.
  if (!base && fs && !/^\w[\w+.-]+:/.test(text)) return { name: text, path: text };
  try {
    const url = new URL(text, base).href;
    return { name: url.slice(0, 200), url }; // a data URL may be long
  } catch {
    return fail('bad-source', `'${text}' is not a URL`);
  }
}

/**
 * @param {any} source see Source in siskin.d.ts
 * @param {AbortSignal} [signal]
 * @returns {Promise<{origin: Origin, stream?: ReadableStream<Uint8Array> | null, fetched?: boolean}>} stream: what the
 *   page has to push; fetched: its pieces are nobody else's
 */
export async function originOf(source, signal) {
  const from = source?.then ? await source : source; // bytes are copied before load returns
  if (typeof from === 'string' || from instanceof URL) {
    const origin = locate(`${from}`);
    if (inFiles(origin)) return { origin };
    const { total, stream } = await get(/** @type {string} */ (origin.url), signal);
    return { origin: { name: origin.name, pushed: total }, stream, fetched: true };
  }
  if (from?.byteLength >= 0) {
    const bytes = new Uint8Array(from.buffer ?? from, from.byteOffset, from.byteLength);
    return { origin: { bytes: bytes.slice() } };
  }
  if (from?.size >= 0) return { origin: { name: from.name, blob: from } };
  if (!from?.headers) fail('bad-source', 'no URL, Request, Response, Blob, buffer, or path in Node');
  const fetched = Boolean(from.method);
  const { total, stream, response } = fetched ? await get(from, signal) : answer(from);
  return { origin: { name: response.url, pushed: total }, stream, fetched };
}

/**
 * Opens an origin that is not pushed.
 * @param {Origin} origin
 * @param {AbortSignal} [signal]
 * @returns {Promise<Opened & {response?: Response}>}
 */
export async function open(origin, signal) {
  const { url = '', path, blob, bytes } = origin;
  if (bytes) {
    /** @param {ReadableStreamDefaultController<Uint8Array>} controller */
    const start = (controller) => {
      controller.enqueue(bytes);
      controller.close();
    };
    return { total: bytes.length, stream: new ReadableStream({ start }) };
  }
  let from = blob;
  if (fs && inFiles(origin)) {
    try {
      from = await fs.openAsBlob(path ?? /** @type {any} */ (new URL(url)));
    } catch (error) {
      throw ours(error, 'file', `${path ?? url}: `);
    }
  }
  if (from) return { total: from.size, stream: from.stream() };
  return get(url, signal);
}

/**
 * fetch, when it brings what was asked for.
 * @param {Request | string} request
 * @param {AbortSignal} [signal]
 */
async function get(request, signal) {
  const response = await fetch(request, { signal }).catch((error) => {
    signal?.throwIfAborted();
    throw ours(error, 'network', `${typeof request === 'string' ? request : request.url}: `);
  });
  return answer(response);
}

/** What a response brings. */
function answer(/** @type {Response} */ response) {
  const { ok, status, url, headers, body } = response;
  if (!ok) fail('http', `${url}: HTTP ${status}`, { status });
  const total = (!headers.get('content-encoding') && Number(headers.get('content-length'))) || null;
  return { total, stream: body, response };
}

/** A page in place of data? A model or wasm never begins with `<`; other data may. */
export const isHtml = (/** @type {Uint8Array} */ bytes, /** @type {boolean} */ data) =>
  (data ? /^\s*<(!doc|html|\?xml)/i : /^\s*</).test(String.fromCharCode(...bytes.subarray(0, 64)));
