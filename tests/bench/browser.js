/**
 * Chromium for the benchmark. A page in the background is compiled and optimised late: the same model took 45 ms instead
 * of 24. Hence the flags, and hence each page is brought to the front before it is timed.
 */
import { chromium } from 'playwright-core';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  '--disable-background-timer-throttling',
  // Memory is measured when asked for, not at the next garbage collection.
  '--enable-blink-features=ForceEagerMeasureMemory',
];

export async function launch() {
  const executablePath = process.env.SISKIN_CHROMIUM ?? '/usr/bin/chromium';
  try {
    return await chromium.launch({ executablePath, args: FLAGS });
  } catch (error) {
    throw new Error(
      `Chromium does not start (${executablePath}; SISKIN_CHROMIUM names another): ${error.message.split('\n')[0]}`,
    );
  }
}

/**
 * One engine with one model in a page of its own.
 * @param {import('playwright-core').BrowserContext} context
 * @param {string} url the server's
 */
export async function openPage(context, url) {
  const page = await context.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('crash', () => errors.push('the page crashed'));
  await page.goto(`${url}/bench/page.html`);
  await page.waitForFunction(() => 'bench' in globalThis);
  /** @param {string} name @param {unknown} [argument] */
  const call = (name, argument) =>
    page.evaluate(([name, argument]) => globalThis.bench[name](argument), [name, argument]);
  return { page, call, errors };
}
