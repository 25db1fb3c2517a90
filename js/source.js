/**
 * Where bytes come from. All is opened in the page, so that a request is on its way before the worker has started, and
 * passed on to the engine piece by piece.
 */
import { fail, ours } from './errors.js';

/**
 * @typedef {object} Opened
 * @property {string} [name] for messages
 * @property {number | null} total bytes, when known
 * @property {ReadableStream<Uint8Array> | null} stream
 * @property {boolean} [fresh] its pieces are nobody else's
 * @property {'file'} [code] of errors while reading; by default 'network'
 * @property {Response} [response]
 */

/** Node's file system, without an import that a bundler would see. @type {typeof import('node:fs') | undefined} */
const fs = globalThis.process?.getBuiltinModule?.('fs');

const PIECE = 1 << 20;

/**
 * What a text means: resolved against the page or worker; outside of them, one without a scheme is a path.
 * @returns {{url?: string, path?: string | URL}}
 */
export function locate(/** @type {string} */ text) {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  // A scheme has two letters at least: C:\model.onnx is a path.
  if (!base && fs && !/^\w[\w+.-]+:/.test(text)) return { path: text };
  try {
    const url = new URL(text, base);
    return fs && url.protocol === 'file:' ? { path: url } : { url: url.href };
  } catch {
    return fail('bad-source', `'${text}' is not a URL`);
  }
}

/**
 * @param {any} source see Source in siskin.d.ts
 * @param {AbortSignal} [signal]
 * @returns {Promise<Opened>}
 */
export async function open(source, signal) {
  const from = source?.then ? await source : source; // bytes are copied before load returns
  if (typeof from === 'string' || from instanceof URL) {
    const { url, path } = locate(`${from}`);
    if (url) return get(url, signal);
    try {
      const { openAsBlob } = /** @type {NonNullable<typeof fs>} */ (fs);
      return ofBlob(await openAsBlob(/** @type {string | URL} */ (path)), `${path}`);
    } catch (error) {
      throw ours(error, 'file', `${path}: `);
    }
  }
  if (from?.byteLength >= 0) {
    const bytes = new Uint8Array(from.buffer ?? from, from.byteOffset, from.byteLength);
    /** Copied in pieces, which are dropped one by one. @param {ReadableStreamDefaultController<Uint8Array>} controller */
    const start = (controller) => {
      for (let at = 0; at < bytes.length; at += PIECE) controller.enqueue(bytes.slice(at, at + PIECE));
      controller.close();
    };
    return { total: bytes.length, stream: new ReadableStream({ start }), fresh: true };
  }
  if (from?.size >= 0) return ofBlob(from, from.name);
  if (!from?.headers) fail('bad-source', 'no URL, Request, Response, Blob, buffer, or path in Node');
  return from.method ? get(from, signal) : answer(from);
}

/** @param {Blob} blob @param {string} [name] @returns {Opened} */
const ofBlob = (blob, name) => ({ name, total: blob.size, stream: blob.stream(), fresh: true, code: 'file' });

/**
 * fetch, when it brings what was asked for.
 * @param {Request | string} request
 * @param {AbortSignal} [signal]
 * @returns {Promise<Opened>}
 */
async function get(request, signal) {
  const response = await fetch(request, { signal }).catch((error) => {
    signal?.throwIfAborted();
    throw ours(error, 'network', `${typeof request === 'string' ? request : request.url}: `);
  });
  return { ...answer(response), fresh: true };
}

/** What a response brings. @returns {Opened} */
function answer(/** @type {Response} */ response) {
  const { ok, status, url, headers, body } = response;
  if (!ok) fail('http', `${url}: HTTP ${status}`, { status });
  const total = (!headers.get('content-encoding') && Number(headers.get('content-length'))) || null;
  return { name: url.slice(0, 200), total, stream: body, response }; // a data URL may be long
}
