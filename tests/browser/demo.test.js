/**
 * The demo page as people use it, in Chromium and in Firefox: drawing, uploading, pasting, reading photos, with
 * mouse and with keyboard, on a desk and on a phone.
 *
 * @typedef {import('./browsers.js').Page} Page
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { respond } from '../../demo/serve.js';
import { at } from '../models/files.js';
import { pages } from '../models/pages.js';
import { launchChromium, launchFirefox } from './browsers.js';

/** @param {string} name */
const part = (name) => `#demos [role="tabpanel"]:not([hidden]) [data-part="${name}"]`;
/** @param {Page} page @param {string} name @returns {Promise<string>} */
const textOf = (page, name) =>
  page.run((selector) => document.querySelector(selector)?.textContent ?? '', part(name));
/** @param {Page} page @param {string} name @param {string} text */
const untilText = (page, name, text) =>
  page.until(
    ([selector, wanted]) => document.querySelector(selector)?.textContent === wanted,
    [part(name), text],
  );
/** @param {Page} page @returns {Promise<string[]>} */
const linesOf = (page) =>
  page.run(() =>
    [...document.querySelectorAll('.lines .words')].map(
      (words) => words.firstChild?.textContent?.trim() ?? '',
    ),
  );
/** @param {Page} page @param {() => Promise<unknown>} start what makes the page read a picture */
async function reading(page, start) {
  await page.run((selector) => {
    /** @type {HTMLElement} */ (document.querySelector(selector)).hidden = true;
  }, part('copy'));
  await start();
  await page.until(
    (selector) => /** @type {HTMLElement} */ (document.querySelector(selector)).hidden === false,
    part('copy'),
  );
}
const STREET = '[data-sample] img[alt="Sample: a street"]';

/** The pad's strokes of a seven and a four, in hundredths of the pad. */
const SEVEN = [
  [
    [28, 24],
    [50, 22],
    [70, 22],
    [62, 42],
    [52, 62],
    [46, 82],
  ],
];
const FOUR = [
  [
    [40, 18],
    [34, 38],
    [29, 54],
    [50, 55],
    [72, 53],
  ],
  [
    [61, 34],
    [60, 58],
    [58, 84],
  ],
];

/** @param {Page} page @param {number[][][]} strokes */
async function draw(page, strokes) {
  const box = await page.run((selector) => {
    const pad = /** @type {Element} */ (document.querySelector(selector));
    pad.scrollIntoView({ block: 'center' });
    const { left, top, width, height } = pad.getBoundingClientRect();
    return { left, top, width, height };
  }, part('pad'));
  for (const stroke of strokes) {
    await page.drag(
      stroke.map(([x, y]) => [box.left + (x / 100) * box.width, box.top + (y / 100) * box.height]),
    );
  }
}

/**
 * Hands a picture to the page as a paste or a drop would; runs in the page.
 * @param {{way: string, base64: string}} picture
 */
function hand({ way, base64 }) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], 'street.jpg', { type: 'image/jpeg' }));
  // Firefox takes no data for an event that a script makes, so it is put on a plain one.
  const event = new Event(way, { bubbles: true, cancelable: true });
  Object.defineProperty(event, way === 'paste' ? 'clipboardData' : 'dataTransfer', { value: data });
  document.querySelector('.stage')?.dispatchEvent(event);
}

/** @param {Page} page @returns {Promise<number[]>} the bars' ten numbers, in percent */
const barsOf = (page) =>
  page.run(() =>
    [...document.querySelectorAll('.bar .percent')].map((each) => Number.parseFloat(each.textContent || '0')),
  );

for (const launch of [launchChromium, launchFirefox]) {
  describe(launch === launchChromium ? 'demo in Chromium' : 'demo in Firefox', () => {
    /** @type {import('./browsers.js').Browser} */
    let browser;
    /** @type {Page} */
    let page;
    let address = '';
    /** A path that the server does not find for now. */
    let missing = '';
    const server = createServer((request, response) => {
      if (missing && request.url?.endsWith(missing)) response.writeHead(404).end();
      else respond(request, response);
    });

    before(async () => {
      await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
      address = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/demo/`;
      browser = await launch();
      page = await browser.newPage();
      await page.open(address);
      await untilText(page, 'status', '');
    });
    after(async () => {
      await browser?.close();
      server.closeAllConnections();
      server.close();
    });
    /** @param {string} name @param {() => Promise<void>} work */
    const clean = (name, work) =>
      test(name, async () => {
        page.errors.length = 0;
        await work();
        assert.deepEqual(page.errors, [], 'errors in the console');
      });

    clean('digits: bars follow the pen', async () => {
      await draw(page, SEVEN);
      await untilText(page, 'answer', '7');
      const bars = await barsOf(page);
      assert.equal(bars.length, 10);
      assert.ok(bars[7] > 50, `7 has ${bars[7]}%`);
      assert.ok(Math.abs(bars.reduce((a, b) => a + b) - 100) < 4, `together ${bars}`);
      // compared in the page, both of one moment: a late prediction may still change the percentage
      await page.until((selector) => {
        const percent = document.querySelector('.bar.best .percent')?.textContent;
        return document.querySelector(selector)?.textContent === `Looks like 7, ${percent}`;
      }, part('live'));

      await page.click(part('clear'));
      await untilText(page, 'answer', '?');
      await untilText(page, 'live', '');
      await draw(page, FOUR.slice(0, 1));
      // Said once the bars rest.
      await page.until(() =>
        document.querySelector('[data-part="live"]')?.textContent?.startsWith('Looks like'),
      );
      const before = await barsOf(page);
      await draw(page, FOUR.slice(1));
      await untilText(page, 'answer', '4');
      assert.notDeepEqual(await barsOf(page), before);
      await page.click(part('undo'));
      await page.until(
        (was) =>
          JSON.stringify(
            [...document.querySelectorAll('.bar .percent')].map((each) =>
              Number.parseFloat(each.textContent || '0'),
            ),
          ) === was,
        JSON.stringify(before),
      );
    });

    clean('digits: each sample is drawn and read', async () => {
      for (let digit = 0; digit < 10; digit++) {
        await page.click(`[aria-label="Draw a sample ${digit}"]`);
        await page.until(
          (wanted) => document.querySelector('[data-part="live"]')?.textContent?.startsWith(wanted),
          `Looks like ${digit},`,
        );
      }
    });

    clean('digits: a picture is opened; what is no picture is said to be none', async () => {
      await page.upload(part('upload'), at('models/digits/sample-3.png'));
      await untilText(page, 'answer', '3');
      const broken = join(tmpdir(), `siskin-not-a-picture-${process.pid}.png`);
      writeFileSync(broken, 'no picture');
      await page.upload(part('upload'), broken);
      await page.until(
        (selector) => /is not a picture/.test(document.querySelector(selector)?.textContent ?? ''),
        part('error'),
      );
      await page.upload(part('upload'), at('models/digits/sample-7.png'));
      await untilText(page, 'answer', '7');
      assert.equal(
        await page.run(
          (selector) => /** @type {any} */ (document.querySelector(selector)).hidden,
          part('error'),
        ),
        true,
      );
    });

    clean('digits: drawn with the keyboard alone', async () => {
      await page.run(
        (selector) => /** @type {HTMLElement} */ (document.querySelector(selector)).focus(),
        part('upload'),
      );
      await page.run(() => /** @type {HTMLElement} */ (document.querySelector('#tab-digits')).focus());
      await page.press('Tab');
      assert.equal(
        await page.run(() => /** @type {HTMLElement} */ (document.activeElement).dataset.part),
        'pad',
      );
      await page.press('Delete');
      await untilText(page, 'answer', '?');
      assert.equal(
        await page.run(
          () => getComputedStyle(/** @type {Element} */ (document.querySelector('.pad-frame'))).outlineStyle,
        ),
        'solid',
      );
      await page.press(' ');
      await page.press('ArrowDown', 15);
      await page.press(' ');
      await untilText(page, 'answer', '1');
      await page.press('Backspace');
      await untilText(page, 'answer', '?');
    });

    clean('tabs: arrow keys choose, the address remembers', async () => {
      await page.run(() => /** @type {HTMLElement} */ (document.querySelector('#tab-digits')).focus());
      await page.press('ArrowRight');
      const seen = () =>
        page.run(() => [
          document.querySelector('[role="tab"][aria-selected="true"]')?.id,
          /** @type {HTMLElement} */ (document.activeElement).id,
          [...document.querySelectorAll('[role="tabpanel"]:not([hidden])')].map(({ id }) => id).join(),
          location.hash,
        ]);
      assert.deepEqual(await seen(), ['tab-text', 'tab-text', 'panel-text', '#text']);
      await page.press('ArrowRight');
      assert.deepEqual(await seen(), ['tab-digits', 'tab-digits', 'panel-digits', '#digits']);
      await page.press('ArrowLeft');
    });

    test('text: a model that is missing is named, and the next try works', async () => {
      missing = 'ch_PP-OCRv4_rec_infer.onnx';
      await page.click(STREET);
      await page.until((selector) => document.querySelector(selector)?.checkVisibility(), part('error'));
      const message = await textOf(page, 'error-text');
      assert.match(message, /404/);
      assert.match(message, /ch_PP-OCRv4_rec_infer\.onnx/);
      missing = '';
      await reading(page, () => page.click(part('retry')));
      assert.deepEqual(await linesOf(page), pages.street);
    });

    clean('text: a sample is read, its boxes drawn, the page alive meanwhile', async () => {
      await page.run(() => {
        const seen = { doing: [''], gap: 0, last: performance.now() };
        /** @type {any} */ (window).seen = seen;
        const tick = () => {
          const now = performance.now();
          seen.gap = Math.max(seen.gap, now - seen.last);
          seen.last = now;
          const doing = `${document.querySelector('[data-part="doing"]')?.textContent} ${document.querySelector('[data-part="detail"]')?.textContent}`;
          if (seen.doing.at(-1) !== doing) seen.doing.push(doing);
          requestAnimationFrame(tick);
        };
        requestAnimationFrame(tick);
      });
      await reading(page, () => page.click(STREET));
      assert.deepEqual(await linesOf(page), pages.street);
      const { doing, gap } = await page.run(() => /** @type {any} */ (window).seen);
      assert.ok(doing.includes('Looking for text '), `seen: ${doing}`);
      assert.ok(
        doing.filter((/** @type {string} */ text) => /^Reading \d+ of 9$/.test(text)).length >= 3,
        `seen: ${doing}`,
      );
      assert.ok(gap < 1000, `the page stood still for ${gap} ms`);
      const boxes = await page.run(() => {
        const picture = /** @type {Element} */ (document.querySelector('.frame img')).getBoundingClientRect();
        return [...document.querySelectorAll('.overlay polygon')].map((box) => {
          const { left, right, top, bottom } = box.getBoundingClientRect();
          return (
            left >= picture.left - 4 &&
            right <= picture.right + 4 &&
            top >= picture.top - 4 &&
            bottom <= picture.bottom + 4
          );
        });
      });
      assert.deepEqual(boxes, Array(9).fill(true));
      assert.match(
        await textOf(page, 'summary'),
        /^9 texts in [\d.]+ s: found in [\d.]+ s, read in [\d.]+ s$/,
      );
    });

    clean('text: cancelled in mid-reading, then another picture', async () => {
      await page.click('[data-sample] img[alt="Sample: a receipt"]');
      await page.until(
        () => document.querySelector('.stage[data-state="working"]') && document.querySelector('.lines li'),
      );
      await page.click(part('cancel'));
      await untilText(page, 'summary', 'Cancelled');
      const count = (await linesOf(page)).length;
      assert.ok(count > 0 && count < pages.receipt.length, `${count} lines were read before`);
      await reading(page, () => page.upload(part('upload'), at('demo/samples/desk.jpg')));
      assert.deepEqual(await linesOf(page), pages.desk);
      assert.equal(await page.run(() => document.querySelectorAll('.lines .turned').length), 3);
    });

    clean('text: pasted and dropped pictures', async () => {
      const jpeg = readFileSync(at('demo/samples/street.jpg')).toString('base64');
      for (const way of ['paste', 'drop']) {
        await reading(page, () => page.run(hand, { way, base64: jpeg }));
        assert.deepEqual(await linesOf(page), pages.street, way);
      }
      await page.upload(part('upload'), at('demo/samples/README.md'));
      await page.until(
        (selector) => /is not a picture/.test(document.querySelector(selector)?.textContent ?? ''),
        part('error'),
      );
    });

    clean('a list entry and its box are marked together, by keyboard too', async () => {
      await reading(page, () => page.click(STREET));
      await page.run(() =>
        /** @type {HTMLElement} */ (document.querySelector('.lines li:nth-child(2)')).focus(),
      );
      await page.press('Tab');
      assert.deepEqual(
        await page.run(() =>
          [...document.querySelectorAll('.overlay polygon')].findIndex((box) =>
            box.classList.contains('marked'),
          ),
        ),
        2,
      );
    });

    clean('nothing is wider than a phone', async () => {
      for (const width of [375, 320]) {
        await page.resize(width, 740);
        for (const tab of ['#tab-text', '#tab-digits']) {
          await page.click(tab);
          const { wide, small } = await page.run(() => ({
            wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
            small: [...document.querySelectorAll('#demos button, #demos label')]
              .map((each) => ({
                name: each.getAttribute('aria-label') ?? each.textContent,
                box: each.getBoundingClientRect(),
              }))
              .filter(({ box }) => box.width > 0 && (box.width < 24 || box.height < 24))
              .map(({ name }) => name),
          }));
          assert.equal(wide, 0, `${tab} at ${width} pixels`);
          assert.deepEqual(small, [], 'too small for a finger');
        }
      }
    });
  });
}

/**
 * Texts whose contrast with what lies behind them is below WCAG AA; runs in the page.
 * @returns {string[]}
 */
function faintTexts() {
  const canvas = /** @type {CanvasRenderingContext2D} */ (
    document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  );
  /** @param {string} colour @returns {number[]} */
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  /** @param {number[]} colour */
  const light = (colour) => {
    const [r, g, b] = colour
      .slice(0, 3)
      .map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  /** @param {Element | null} element @returns {number[]} */
  const behind = (element) => {
    if (!element) return [255, 255, 255, 255];
    const colour = rgba(getComputedStyle(element).backgroundColor);
    return colour[3] > 127 ? colour : behind(element.parentElement);
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = /** @type {Element} */ (walker.currentNode.parentElement);
    const text = walker.currentNode.textContent?.trim();
    if (!text || !element.checkVisibility() || element.closest('.skip, .visually-hidden, .pad-hint'))
      continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))].sort(
      (x, y) => y - x,
    );
    if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(`${text}: ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
  }
  return faint;
}

test('text stands out from its background, light and dark', async () => {
  const server = createServer(respond);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const browser = await launchChromium();
  try {
    const backgrounds = new Set();
    for (const dark of [false, true]) {
      const page = await browser.newPage({ dark });
      await page.open(`http://127.0.0.1:${port}/demo/`);
      for (const tab of ['#tab-digits', '#tab-text']) {
        await page.click(tab);
        assert.deepEqual(await page.run(faintTexts), [], dark ? 'dark' : 'light');
      }
      backgrounds.add(await page.run(() => getComputedStyle(document.body).backgroundColor));
      await page.close();
    }
    assert.equal(backgrounds.size, 2);
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
});
