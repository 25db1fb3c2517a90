/**
 * Chromium and Firefox behind one small interface, so that a test is written once. Both are Debian's own and run
 * without a window; SISKIN_CHROMIUM and SISKIN_FIREFOX name others.
 *
 * @typedef {object} Page
 * @property {any} raw the library's own page
 * @property {string[]} errors what the console reported as errors, and what nobody caught
 * @property {(address: string) => Promise<void>} open
 * @property {<A, R>(work: (argument: A) => R, argument?: A) => Promise<Awaited<R>>} run in the page
 * @property {<A>(question: (argument: A) => unknown, argument?: A, seconds?: number) => Promise<void>} until true
 * @property {(selector: string) => Promise<void>} click
 * @property {(selector: string, file: string) => Promise<void>} upload
 * @property {(key: string, times?: number) => Promise<void>} press
 * @property {(points: [number, number][]) => Promise<void>} drag in pixels of the page's view
 * @property {(width: number, height: number) => Promise<void>} resize
 * @property {() => Promise<void>} close
 *
 * @typedef {{name: string, newPage: (options?: {dark?: boolean}) => Promise<Page>, close: () => Promise<void>}} Browser
 */
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

const VIEW = { width: 1280, height: 900 };
export const CHROMIUM = process.env.SISKIN_CHROMIUM ?? '/usr/bin/chromium';
const FIREFOX = process.env.SISKIN_FIREFOX ?? '/usr/bin/firefox-esr';
export const CHROMIUM_ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * What both libraries do alike.
 * @param {any} raw
 * @param {string[]} errors
 */
const common = (raw, errors) => ({
  raw,
  errors,
  /** @param {string} address */
  open: async (address) => void (await raw.goto(address)),
  /** @param {any} work @param {any} argument */
  run: (work, argument) => raw.evaluate(work, argument),
  /** @param {string} selector */
  click: (selector) => raw.click(selector),
  /** @param {string} key */
  press: async (key, times = 1) => {
    for (let i = 0; i < times; i++) await raw.keyboard.press(key);
  },
  /** @param {[number, number][]} points */
  drag: async ([first, ...rest]) => {
    await raw.mouse.move(...first);
    await raw.mouse.down();
    for (const point of rest) await raw.mouse.move(...point, { steps: 4 });
    await raw.mouse.up();
  },
});

/** @returns {Promise<Browser>} */
export async function launchChromium() {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS });
  return {
    name: 'Chromium',
    async newPage({ dark = false } = {}) {
      const raw = await browser.newPage({ viewport: VIEW, colorScheme: dark ? 'dark' : 'light' });
      /** @type {string[]} */
      const errors = [];
      raw.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      raw.on('pageerror', (error) => errors.push(String(error)));
      return {
        ...common(raw, errors),
        until: async (question, argument, seconds = 60) =>
          void (await raw.waitForFunction(/** @type {any} */ (question), argument, {
            timeout: seconds * 1000,
          })),
        upload: (selector, file) => raw.setInputFiles(selector, file),
        resize: (width, height) => raw.setViewportSize({ width, height }),
        close: () => raw.close(),
      };
    },
    close: () => browser.close(),
  };
}

/** @returns {Promise<Browser>} */
export async function launchFirefox() {
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX, headless: true });
  return {
    name: 'Firefox',
    async newPage() {
      const raw = await browser.newPage();
      await raw.setViewport(VIEW);
      /** @type {string[]} */
      const errors = [];
      raw.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      raw.on('pageerror', (error) => errors.push(String(error)));
      return {
        ...common(raw, errors),
        until: async (question, argument, seconds = 60) =>
          void (await raw.waitForFunction(
            /** @type {any} */ (question),
            { timeout: seconds * 1000 },
            argument,
          )),
        upload: async (selector, file) => {
          const input = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (
            await raw.$(selector)
          );
          await input.uploadFile(file);
        },
        resize: (width, height) => raw.setViewport({ width, height }),
        close: () => raw.close(),
      };
    },
    close: () => browser.close(),
  };
}
