#!/usr/bin/env node
/**
 * Photographs the demo for the README: `node docs/images/make.js`, by hand, after the page or the engine changed.
 * The sample is read several times, so that the times in the picture are those of a page that is warm.
 */
import { writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { serve } from '../../demo/serve.js';

const READINGS = 8;
const { server, address } = await serve(0);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1180, height: 990 }, deviceScaleFactor: 1.25 });
  await page.goto(`${address}demo/#text`);
  for (let i = 0; i < READINGS; i++) {
    await page.locator('[data-part="copy"]').evaluate((button) => button.toggleAttribute('hidden', true));
    await page.getByRole('button', { name: 'Sample: a street' }).click();
    await page.locator('[data-part="copy"]').waitFor({ state: 'visible' });
  }
  await page.locator('.lines li').nth(2).hover();
  const devtools = await page.context().newCDPSession(page);
  const { data } = await devtools.send('Page.captureScreenshot', { format: 'webp', quality: 82 });
  writeFileSync(new URL('demo.webp', import.meta.url), Buffer.from(data, 'base64'));
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}
