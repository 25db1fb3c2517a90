/**
 * The benchmark's server, on 127.0.0.1 alone: isolated pages (threads need that), nothing cached, brotli where a file has
 * been compressed ahead, and a log of what was fetched, from which the engines' sizes are taken.
 *
 * @typedef {{path: string, file: string, raw: number, sent: number}} Fetched  raw: bytes of the file; sent: as they travelled
 */
import { readFile, realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};
const HEADERS = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * @param {Record<string, string>} places a file by its whole path, a folder by its path and a slash. Looked up at each
 *   request: more may be added.
 * @param {Map<string, string>} compressed by a file's own path, the file that holds it in brotli
 */
export async function serve(places, compressed) {
  /** @type {Map<string, Uint8Array>} bytes to be fetched, and those that pages have posted */
  const bytes = new Map();
  /** @type {Map<string, Promise<Uint8Array>>} files, kept: streaming 14 MB from one took 50 ms of a start */
  const contents = new Map();
  /** @type {Fetched[]} */
  const log = [];

  /** @param {string} path */
  const find = async (path) => {
    if (places[path]) return realpath(places[path]);
    const prefix = Object.keys(places).find((start) => start.endsWith('/') && path.startsWith(start));
    if (!prefix) return null;
    const folder = await realpath(places[prefix]);
    const file = await realpath(join(folder, path.slice(prefix.length)));
    return file.startsWith(folder + sep) ? file : null;
  };

  const respond = async (request, response) => {
    const path = decodeURIComponent(request.url.replace(/[?#].*$/, ''));
    if (request.method === 'POST') {
      const parts = [];
      for await (const part of request) parts.push(part);
      bytes.set(path, Buffer.concat(parts));
      response.writeHead(204, HEADERS).end();
      return;
    }
    const given = bytes.get(path);
    if (given) {
      const type = TYPES[extname(path)] ?? 'application/octet-stream';
      response
        .writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Length': given.length })
        .end(given);
      return;
    }
    const file = await find(path).catch(() => null);
    const raw = file && (await stat(file));
    if (!file || !raw?.isFile()) {
      response.writeHead(404, HEADERS).end(`nothing at ${path}`);
      return;
    }
    const packed = /\bbr\b/.test(request.headers['accept-encoding'] ?? '') && compressed.get(file);
    const sent = packed || file;
    if (!contents.has(sent)) contents.set(sent, readFile(sent));
    const body = await contents.get(sent);
    log.push({ path, file, raw: raw.size, sent: body.length });
    response.writeHead(200, {
      ...HEADERS,
      'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
      'Content-Length': body.length,
      ...(packed && { 'Content-Encoding': 'br' }),
    });
    response.end(body);
  };

  const server = createServer((request, response) => {
    respond(request, response).catch((error) => response.destroy(error));
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(undefined));
  });
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    bytes,
    log,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
