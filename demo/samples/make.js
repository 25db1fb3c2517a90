#!/usr/bin/env node
/**
 * Photographs the scenes of scenes.js into this folder: `node demo/samples/make.js`. Run by hand when a scene
 * changes: the pictures are committed, since their pixels depend on the fonts of the machine (Debian's
 * fonts-lato, fonts-roboto-slab, fonts-cantarell, fonts-liberation2 and fonts-noto-cjk).
 */
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { scenes } from './scenes.js';

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  for (const { name, width, height, quality, html } of scenes) {
    const page = await browser.newPage({ viewport: { width, height } });
    await page.setContent(`<!doctype html><html lang="en"><meta charset="utf-8"><body>${html}</body></html>`);
    await page.screenshot({ path: join(import.meta.dirname, `${name}.jpg`), type: 'jpeg', quality });
    await page.close();
  }
} finally {
  await browser.close();
}
