/** The demo's server: what it serves, what it does not, and how it starts and ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { serve } from '../../demo/serve.js';
import { at, MODELS } from '../models/files.js';

/** @type {{server: import('node:http').Server, address: string}} */
let demo;
before(async () => {
  demo = await serve(0);
});
after(() => {
  demo.server.closeAllConnections();
  demo.server.close();
});

/**
 * A request with the path exactly as given; fetch would tidy it up first.
 * @param {string} path
 * @param {{method?: string, headers?: Record<string, string>}} [options]
 * @returns {Promise<{status: number | undefined, headers: import('node:http').IncomingHttpHeaders, body: string}>}
 */
function ask(path, { method = 'GET', headers = {} } = {}) {
  const { hostname, port } = new URL(demo.address);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, method, headers }, async (response) => {
      resolve({ status: response.statusCode, headers: response.headers, body: await text(response) });
    })
      .on('error', reject)
      .end();
  });
}

test('files come with their type, length and isolating headers', async () => {
  const dist = process.env.SISKIN_DIST ?? at('dist');
  const expected = /** @type {const} */ ([
    ['/demo/', 'text/html; charset=utf-8', at('demo/index.html')],
    ['/demo/app.js?v=1', 'text/javascript; charset=utf-8', at('demo/app.js')],
    ['/demo/samples/desk.jpg', 'image/jpeg', at('demo/samples/desk.jpg')],
    ['/dist/siskin-relaxed.wasm', 'application/wasm', `${dist}/siskin-relaxed.wasm`],
    ['/models/digits/digits-int8.onnx', 'application/octet-stream', MODELS.digitsInt8],
    ['/models/pp-ocr/ch_PP-OCRv4_det_infer.onnx', 'application/octet-stream', MODELS.detection],
  ]);
  for (const [path, type, file] of expected) {
    const { status, headers } = await ask(path, { method: 'HEAD' });
    assert.equal(status, 200, path);
    assert.equal(headers['content-type'], type);
    assert.equal(headers['content-length'], String(statSync(file).size));
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
    assert.equal(headers['cross-origin-embedder-policy'], 'require-corp');
  }
  assert.equal((await ask('/demo/')).body, readFileSync(at('demo/index.html'), 'utf8'));
});

test('the start leads to the demo, and what is known is not sent again', async () => {
  const start = await ask('/');
  assert.deepEqual([start.status, start.headers.location], [302, '/demo/']);
  const first = await ask('/demo/style.css');
  const again = await ask('/demo/style.css', { headers: { 'If-None-Match': String(first.headers.etag) } });
  assert.deepEqual([again.status, again.body], [304, '']);
});

test('nothing else is served', async () => {
  const absent = [
    '/package.json',
    '/demo/../package.json',
    '/demo/..%2fpackage.json',
    '/demo/%2e%2e/package.json',
    '/demo/..%5cpackage.json',
    '/demo/samples/../../package.json',
    '/demo/.hidden',
    '/demo//etc/passwd',
    '/demo/app.js%00.css',
    '/demo/samples',
    '/demo/samples/',
    `/demo/${'a'.repeat(5000)}`,
    '/dist/../.git/config',
    '/models/digits',
    '/src/siskin.h',
  ];
  for (const path of absent) assert.equal((await ask(path)).status, 404, path);
  assert.equal((await ask('/demo/%zz')).status, 400);
  assert.equal((await ask('/demo/', { method: 'POST' })).status, 405);
});

/** @param {string[]} args @param {Record<string, string>} [env] */
const start = (args, env = {}) =>
  spawn(process.execPath, [at('demo/serve.js'), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

test('a taken port is one clear line and exit code 1', async () => {
  const { port } = new URL(demo.address);
  const child = start(['--port', port]);
  const [output, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.equal(code, 1);
  assert.equal(output, `demo: port ${port} is taken; choose another, as in: make demo PORT=8081\n`);
});

test('a port that is none is a usage error', async () => {
  for (const [args, env] of /** @type {[string[], Record<string, string>][]} */ ([
    [['--port', '99999'], {}],
    [[], { PORT: 'eighty' }],
    [['--prot', '80'], {}],
  ])) {
    const child = start(args, env);
    const [output, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    assert.equal(code, 2);
    assert.match(output, /^demo: usage: .*\n$/);
  }
});

test('it prints its address, answers there and ends at Ctrl+C', async () => {
  const child = start([], { PORT: '0' });
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  const [, address] = /(http:\S+)/.exec(line) ?? [];
  assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  assert.equal((await fetch(address)).status, 200);
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});
