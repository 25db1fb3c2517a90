// Bundles js/ into dist/: node web/bundle.js DIST BUILD_ID
//
// dist/siskin.js loads its .wasm files, worker.js and inline.js from beside itself, by URLs and imports that every
// bundler sees; inline.js carries the wasm inside. compress.js and cli.js use siskin.js as it is; cli.js carries the image
// decoders, so the package has no dependencies; their licences go into cli.js.LICENSES.txt.
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const js = (name) => path.join(root, 'js', name);
const [dist, buildId] = process.argv.slice(2);

// Imports that stay imports of a file beside the bundle.
const beside = {
  name: 'beside',
  setup({ onResolve, initialOptions }) {
    const isEntry = initialOptions.outfile?.endsWith('/siskin.js');
    const toEngine = /\/(cli|compress)\.js$/.test(initialOptions.outfile ?? '');
    onResolve({ filter: /\.js$/ }, ({ path: file, kind, resolveDir }) => {
      const target = path.resolve(resolveDir, file);
      if (kind === 'dynamic-import' && target === js('inline.js'))
        return { path: './inline.js', external: true };
      if (isEntry && target === js('worker.js')) return { path: './worker.js', external: true };
      if (toEngine && target === js('index.js')) return { path: './siskin.js', external: true };
      return null;
    });
    onResolve({ filter: /\.wasm$/ }, ({ path: file }) => ({ path: path.resolve(dist, path.basename(file)) }));
  },
};

/** @param {string} entry @param {string} out @param {import('esbuild').BuildOptions} [options] */
function bundle(entry, out, options = {}) {
  return build({
    entryPoints: [js(entry)],
    outfile: path.join(dist, out),
    bundle: true,
    minify: true,
    sourcemap: 'linked',
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    loader: { '.wasm': 'binary' },
    define: { __SK_BUILD_ID__: JSON.stringify(buildId), __SK_VERSION__: JSON.stringify(version) },
    plugins: [beside],
    logLevel: 'warning',
    absWorkingDir: root,
    ...options,
  });
}

/** The licence texts of the npm packages among a bundle's inputs. */
async function licences({ inputs }) {
  const folders = new Set();
  for (const file of Object.keys(inputs)) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
    if (folder) folders.add(folder);
  }
  const texts = [];
  for (const folder of [...folders].sort()) {
    const about = JSON.parse(await readFile(path.join(root, folder, 'package.json'), 'utf8'));
    const file = (await readdir(path.join(root, folder))).find((name) => /^licen[cs]e/i.test(name));
    if (!file) throw new Error(`${about.name} is bundled but has no licence file`);
    const text = await readFile(path.join(root, folder, file), 'utf8');
    texts.push(`${about.name} ${about.version} (${about.license})\n\n${text.trim()}\n`);
  }
  return texts.join(`\n${'-'.repeat(78)}\n\n`);
}

const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
await mkdir(dist, { recursive: true });
const [, , , , cli] = await Promise.all([
  bundle('index.js', 'siskin.js'),
  bundle('worker.js', 'worker.js'),
  bundle('inline.js', 'inline.js', { sourcemap: false }),
  bundle('inline.js', 'siskin-inline.global.js', {
    format: 'iife',
    globalName: 'siskin',
    sourcemap: false,
    define: {
      __SK_BUILD_ID__: JSON.stringify(buildId),
      __SK_VERSION__: JSON.stringify(version),
      'import.meta.url': 'document.baseURI', // a classic script has no URL of its own
    },
  }),
  bundle('cli.js', 'cli.js', { platform: 'node', target: 'node20', minify: false }),
  bundle('compress/index.js', 'compress.js'),
  ...['siskin.d.ts', 'compress.d.ts'].map((name) => copyFile(js(name), path.join(dist, name))),
]);
await writeFile(path.join(dist, 'cli.js.LICENSES.txt'), await licences(cli.metafile));
await chmod(path.join(dist, 'cli.js'), 0o755);
