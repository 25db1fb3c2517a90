/**
 * The comparisons of tests/models once more, with Siskin in Chromium: the page predicts what it is sent, the
 * results are compared here with onnxruntime-node's.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { respond } from '../../demo/serve.js';
import { cases as digits } from '../models/digits.js';
import { BUILDS } from '../models/engines.js';
import { cases as face } from '../models/face.js';
import { at } from '../models/files.js';
import { networks, pictures } from '../models/ocr.js';
import { cases as vad } from '../models/vad.js';
import { launchChromium } from './browsers.js';
import { pack, unpack } from './tensors.js';

const SCRIPTS = ['/harness.js', '/tensors.js'];

/** Model files and messages under way, by address. */
/** @type {Map<string, string>} */
const models = new Map();
/** @type {Map<string, Uint8Array>} */
const messages = new Map();
let count = 0;

const server = createServer(async (request, response) => {
  const address = request.url ?? '';
  /** @param {string} type @param {string | Uint8Array} body */
  const send = (type, body) => response.writeHead(200, { 'Content-Type': type }).end(body);
  if (address === '/')
    send(
      'text/html',
      '<!doctype html><title>models</title><link rel="icon" href="data:,"><script type="module" src="harness.js"></script>',
    );
  else if (SCRIPTS.includes(address)) send('text/javascript', readFileSync(at(`tests/browser${address}`)));
  else if (models.has(address))
    send('application/octet-stream', readFileSync(/** @type {string} */ (models.get(address))));
  else if (request.method === 'POST') {
    messages.set(address, await buffer(request));
    send('text/plain', '');
  } else if (messages.has(address))
    send('application/octet-stream', /** @type {Uint8Array} */ (messages.get(address)));
  else respond(request, response);
});

/** @type {import('./browsers.js').Browser} */
let browser;
/** @type {import('./browsers.js').Page} */
let page;

before(async () => {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  browser = await launchChromium();
  page = await browser.newPage();
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await page.open(`http://127.0.0.1:${port}/`);
  await page.until(() => 'harness' in globalThis);
});

after(async () => {
  await browser?.close();
  server.closeAllConnections();
  server.close();
});

/**
 * @param {string} simd which build
 * @returns {import('../models/compare.js').Engine}
 */
const inPage = (simd) => ({
  async load(file) {
    const address = `/model-${count++}.onnx`;
    models.set(address, file);
    const { model, build } = await page.run(
      (args) => /** @type {any} */ (globalThis).harness.load(...args),
      [address, simd],
    );
    assert.equal(build, simd);
    return {
      async predict(inputs) {
        const exchange = `/exchange-${count++}`;
        messages.set(exchange, pack(inputs));
        await page.run((args) => /** @type {any} */ (globalThis).harness.predict(...args), [model, exchange]);
        const { buffer: bytes, byteOffset, byteLength } = /** @type {Uint8Array} */ (messages.get(exchange));
        messages.delete(exchange);
        return unpack(bytes.slice(byteOffset, byteOffset + byteLength));
      },
      dispose: () => page.run((which) => /** @type {any} */ (globalThis).harness.dispose(which), model),
    };
  },
});

/* One picture, the one with lines upside down, is enough here: the demo's test reads the others. */
const cases = [...networks, ...pictures.slice(-1), ...vad, ...face, ...digits];

for (const build of BUILDS) {
  for (const { name, check } of cases) {
    test(`${name} (${build}, Chromium)`, async () => {
      await check(inPage(build));
      assert.deepEqual(page.errors, [], 'errors in the console');
    });
  }
}
