/**
 * Chromium for the benchmark. A page in the background is compiled and optimised late: the same model took 45 ms instead
 * of 24. Hence the flags, and hence each page is brought to the front before it is timed.
 */
import { setTimeout } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { CHROMIUM, CHROMIUM_ARGUMENTS } from '../browser/browsers.js';

const PATIENCE = 120_000;

const FLAGS = [
  ...CHROMIUM_ARGUMENTS,
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  '--disable-background-timer-throttling',
  // Memory is measured when asked for, not at the next garbage collection.
  '--enable-blink-features=ForceEagerMeasureMemory',
];

export async function launch() {
  try {
    return await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  } catch (error) {
    throw new Error(
      `Chromium does not start (${CHROMIUM}; SISKIN_CHROMIUM names another): ${error.message.split('\n')[0]}`,
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
  const call = async (name, argument) => {
    const work = page.evaluate(([name, argument]) => globalThis.bench[name](argument), [name, argument]);
    work.catch(() => {}); // of a page that is closed after the time is up
    const timer = new AbortController();
    const late = setTimeout(PATIENCE, undefined, { signal: timer.signal }).then(() => {
      throw new Error(`${name} has not come to an end in ${PATIENCE / 1000} s`);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      timer.abort();
      late.catch(() => {});
    }
  };
  return { page, call, errors };
}
