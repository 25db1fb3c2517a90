// The loader under test: what was built last.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const dist = process.env.SISKIN_DIST ?? path.join(import.meta.dirname, '../../dist');

export const { load, Tensor } = await import(pathToFileURL(path.join(dist, 'siskin.js')).href);
