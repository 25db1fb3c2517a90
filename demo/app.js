/**
 * The page around the two demos: tabs, the facts that the demos measure as they run, and copy buttons.
 */
import { startDigits } from './digits/panel.js';
import { startText } from './text/panel.js';

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[role="tab"]')]);

/** @param {HTMLElement} tab */
const panelOf = (tab) => byId(/** @type {string} */ (tab.getAttribute('aria-controls')));

/** @param {HTMLElement} chosen @param {boolean} [focus] */
function choose(chosen, focus = false) {
  for (const tab of tabs) {
    tab.ariaSelected = String(tab === chosen);
    tab.tabIndex = tab === chosen ? 0 : -1;
    panelOf(tab).hidden = tab !== chosen;
  }
  if (focus) chosen.focus();
  history.replaceState(null, '', `#${chosen.dataset.name}`);
}

tabs.forEach((tab, at) => {
  tab.addEventListener('click', () => choose(tab));
  tab.addEventListener('keydown', ({ key }) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: -1 }[key];
    if (to !== undefined) choose(/** @type {HTMLElement} */ (tabs.at(to % tabs.length)), true);
  });
});
const fromAddress = () => tabs.find(({ dataset }) => `#${dataset.name}` === location.hash);
choose(fromAddress() ?? tabs[0]);
addEventListener('hashchange', () => choose(fromAddress() ?? tabs[0]));

let shownBuild = '';
const BUILDS = { simd128: 'SIMD128', relaxed: 'relaxed SIMD' };

/** @param {{build?: string, milliseconds?: number}} facts */
function showFacts({ build, milliseconds }) {
  if (build && build !== shownBuild) {
    shownBuild = build;
    byId('fact-build').textContent = BUILDS[/** @type {keyof typeof BUILDS} */ (build)] ?? build;
    showEngineSize(build);
  }
  if (milliseconds !== undefined) {
    byId('fact-time').textContent =
      milliseconds < 10
        ? `${milliseconds.toFixed(1)} ms`
        : milliseconds < 1000
          ? `${Math.round(milliseconds)} ms`
          : `${(milliseconds / 1000).toFixed(1)} s`;
  }
}

/**
 * The engine as a page has to fetch it: entry, worker and the wasm of the build that was picked.
 * @param {string} build
 */
async function showEngineSize(build) {
  const files = ['siskin.js', 'worker.js', `siskin-${build}.wasm`].map(
    (file) => new URL(`../dist/${file}`, import.meta.url),
  );
  const answers = await Promise.all(files.map((file) => fetch(file, { method: 'HEAD' })));
  const size = answers.reduce((sum, { headers }) => sum + Number(headers.get('Content-Length')), 0);
  byId('fact-size').textContent = `${Math.round(size / 1000)} kB`;
}

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-copy]'))) {
  button.addEventListener('click', async () => {
    const label = button.textContent;
    await navigator.clipboard.writeText(button.dataset.copy ?? '');
    button.textContent = 'Copied';
    setTimeout(() => {
      button.textContent = label;
    }, 1500);
  });
}

startDigits(byId('panel-digits'), { onFacts: showFacts });
startText(byId('panel-text'), { onFacts: showFacts, isShown: () => !byId('panel-text').hidden });
