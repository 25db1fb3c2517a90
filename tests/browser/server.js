/**
 * A small server on 127.0.0.1 for tests that need HTTP as it goes wrong: folders with the right types, and answers
 * made by functions.
 *
 * @typedef {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => void} Handler
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';

/** @type {Record<string, string>} */
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.wasm': 'application/wasm',
};

/** An answer with these bytes. @param {string | Uint8Array} body @param {Record<string, string>} [headers] @returns {Handler} */
export const answer =
  (body, headers = {}, status = 200) =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

/** What a server with a catch-all route says to everything. @type {Handler} */
export const html = answer('<!doctype html><title>The app</title>', { 'Content-Type': 'text/html' });

/**
 * An answer in pieces without a length, each after a pause; it never ends when `stalls`.
 * @param {Uint8Array} body
 * @param {{pieces?: number, pause?: number, stalls?: boolean}} [options]
 * @returns {Handler}
 */
export const slowly =
  (body, { pieces = 8, pause = 5, stalls = false } = {}) =>
  async (_, response) => {
    // Firefox lets a second request for the same address wait for the first, in case it can be cached.
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' });
    const size = Math.ceil(body.length / pieces);
    for (let at = 0; at < body.length; at += size) {
      response.write(body.subarray(at, at + size));
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    if (!stalls) response.end();
  };

/**
 * @param {Record<string, string | Handler>} routes a handler for a path, a folder for all that begins so; the first
 *   that fits is taken. They may be added and changed while it runs.
 * @param {Record<string, string>} [headers] on every answer
 * @returns {Promise<{url: string, requests: string[], close: () => void}>} requests: the paths asked for
 */
export async function serve(routes, headers = {}) {
  /** @type {string[]} */
  const requests = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    requests.push(pathname);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const fits = (/** @type {string} */ key) =>
      typeof routes[key] === 'string' ? pathname.startsWith(key) : pathname === key;
    const route = Object.keys(routes).find(fits);
    const target = route === undefined ? undefined : routes[route];
    if (typeof target === 'function') return target(request, response);
    try {
      if (target === undefined || route === undefined) throw new Error('no route');
      const name = pathname.slice(route.length);
      if (name.split('/').includes('..')) throw new Error('outside');
      const body = await readFile(path.join(target, name));
      const type = TYPES[path.extname(name)] ?? 'application/octet-stream';
      response.writeHead(200, { 'Content-Type': type, 'Content-Length': body.length }).end(body);
    } catch {
      response.writeHead(404, { 'Content-Type': 'text/html' }).end('<!doctype html>not found');
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
