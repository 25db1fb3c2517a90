/**
 * How long it takes from the navigation to the first prediction, and how much is fetched for it: each time in a fresh
 * browser context, in which nothing is cached or compiled, the engines in turns. The files come from this machine, so no
 * network is in these times; they arrive compressed, as sites serve them.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { isCompared } from './speed.js';

const MODEL = 'mobilenetv2';
const REST = 500; // milliseconds in which the browser clears away the page before
const compress = promisify(brotliCompress);

/** Not the engine's: the page of the benchmark, the model. @param {import('./serve.js').Fetched} file */
const isEngine = ({ path }) => !/^\/(bench|model|input)\//.test(path);

/**
 * @param {any} bench
 * @param {import('./engines.js').Engine[]} engines
 * @param {import('./models.js').Model[]} models
 */
export async function startUp(bench, engines, models) {
  const model = models.find(({ id }) => id === MODEL);
  if (!model) return null;
  const wanted = engines.filter((engine) => isCompared(engine, model, 1) && model.files[engine.format]);
  const rows = [];
  for (const engine of wanted) {
    const { ms, files } = await first(bench, engine, model);
    bench.say(`${engine.id}: first prediction after ${ms.toFixed(0)} ms; compressing ${files.length} files`);
    for (const { file } of files) await prepare(bench, file);
    rows.push({ engine: engine.id, times: [], phases: [], bytes: 0, brotli: 0, files: [] });
  }
  for (let round = 0; round < (bench.options.quick ? 3 : 7); round++) {
    for (const [i, row] of rows.entries()) {
      const { ms, begin, imported, loaded, files } = await first(bench, wanted[i], model);
      row.times.push(ms);
      row.phases.push({ begin, imported, loaded, ms });
      row.bytes = files.reduce((sum, { raw }) => sum + raw, 0);
      row.brotli = files.reduce((sum, { sent }) => sum + sent, 0);
      row.files = files.map(({ path }) => path);
    }
  }
  return { model: MODEL, rows };
}

/**
 * The page of one engine as a careful author writes it: all modules are named at its top, so that none waits for another
 * to be read.
 * @param {import('./engines.js').Engine} engine
 */
function html({ adapter, library, imports = [] }) {
  const own = ['page', 'noise', 'tensors', `engine-${adapter}`].map((name) => `/bench/${name}.js`);
  const links = [...own, library, ...imports].map((path) => `<link rel="modulepreload" href="${path}">`);
  return `<!doctype html>
<meta charset="utf-8">
<title>Start</title>
<link rel="icon" href="data:,">
${links.join('\n')}
<script type="module" src="/bench/page.js"></script>
`;
}

async function first({ browser, url, server, say }, engine, model) {
  const { id, adapter, library, options, format } = engine;
  const job = { adapter, library, options, threads: 1, inputs: model.noise };
  const query = JSON.stringify({ ...job, model: `${url}/model/${model.id}.${format}` });
  server.bytes.set(`/start/${id}.html`, Buffer.from(html(engine)));
  await setTimeout(REST);
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.bringToFront();
    server.log.length = 0;
    await page.goto(`${url}/start/${id}.html?start=${encodeURIComponent(query)}`);
    await page.waitForFunction(() => globalThis.first, undefined, { timeout: 60_000, polling: 20 });
    const { error, ...marks } = await page.evaluate(() => globalThis.first);
    if (error) throw new Error(`${id} did not start: ${error}`);
    // The same file for a second worker comes from the browser's memory or does not; a visitor pays for it once.
    const files = new Map(server.log.filter(isEngine).map((one) => [one.path, one]));
    return { ...marks, files: [...files.values()] };
  } catch (error) {
    say(error.message);
    throw error;
  } finally {
    await context.close();
  }
}

/** Compresses a file as well as brotli can, once for each content. @param {any} bench @param {string} file */
async function prepare({ compressed, cache }, file) {
  if (compressed.has(file)) return;
  const content = readFileSync(file);
  const folder = join(cache, 'brotli');
  mkdirSync(folder, { recursive: true });
  const target = join(folder, `${createHash('sha256').update(content).digest('hex').slice(0, 20)}.br`);
  if (!existsSync(target)) {
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    };
    writeFileSync(target, await compress(content, { params }));
  }
  compressed.set(file, target);
}
