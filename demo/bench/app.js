/** The page: what is to be timed, the race itself, and what came out. */
import { BUNDLED } from './models.js';
import { summary } from './numbers.js';
import { Runner, race } from './race.js';
import { asText, show, told } from './results.js';
import { Shapes } from './shapes.js';

/** @param {string} name @returns {any} */
const part = (name) => document.querySelector(`[data-part="${name}"]`);
const form = /** @type {HTMLFormElement} */ (document.getElementById('setup'));
const shapes = new Shapes(part('shapes'));

/** The file of one's own. @type {File | null} */
let file = null;
/** Ends the race under way. @type {AbortController | null} */
let stop = null;
/** @type {import('./results.js').Row[]} */
let rows = [];

/* One instruction of relaxed SIMD; a browser without it does not validate this. */
const RELAXED = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2,
  253, 15, 253, 128, 2, 11,
]);
const BUILDS = [
  { simd: 'relaxed', title: 'relaxed SIMD', there: WebAssembly.validate(RELAXED) },
  { simd: 'simd128', title: 'SIMD128', there: true },
];

/**
 * @param {{type: string, name: string, value: string, title: string, note?: string, checked?: boolean, there?: boolean}} choice
 */
function choice({ type, name, value, title, note, checked = false, there = true }) {
  const label = document.createElement('label');
  label.className = note ? 'model' : 'chip';
  label.classList.toggle('absent', !there);
  const input = Object.assign(document.createElement('input'), {
    type,
    name,
    value,
    checked,
    disabled: !there,
  });
  const text = document.createElement('span');
  text.textContent = title;
  if (note) {
    const small = document.createElement('small');
    small.textContent = note;
    text.append(small);
  }
  label.append(input, text);
  return label;
}

/** @param {string} name @param {string} text */
function say(name, text) {
  part(name).textContent = text;
  part(name).hidden = text === '';
}

function fillForm() {
  BUNDLED.forEach(({ id, title, note }, i) => {
    part('models').append(choice({ type: 'radio', name: 'model', value: id, title, note, checked: i === 0 }));
  });
  for (const { simd, title, there } of BUILDS)
    part('builds').append(
      choice({ type: 'checkbox', name: 'simd', value: simd, title, there, checked: there }),
    );
  if (!BUILDS[0].there) say('builds-note', 'This browser has no relaxed SIMD.');
  const cores = navigator.hardwareConcurrency || 1;
  const counts = [...new Set([1, 2, 4, 8, cores])].filter((count) => count <= cores).sort((a, b) => a - b);
  for (const count of counts) {
    const there = count === 1 || crossOriginIsolated;
    const checked = there && count <= 2;
    part('threads').append(
      choice({
        type: 'checkbox',
        name: 'threads',
        value: String(count),
        title: String(count),
        there,
        checked,
      }),
    );
  }
  if (!crossOriginIsolated && cores > 1)
    say(
      'threads-note',
      'One thread only: this page was served without the headers that isolate it (COOP and COEP).',
    );
}

/** @param {File} given */
async function open(given) {
  part('error').hidden = true;
  part('file-name').textContent = `Looking into ${given.name}…`;
  file = null;
  const looker = new Runner();
  try {
    const inputs = await looker.ask('look', { file: given });
    file = given;
    shapes.show(inputs);
    part('file-name').textContent = given.name;
    form.querySelector('.own')?.remove();
    const title = given.name.length > 28 ? `${given.name.slice(0, 27)}…` : given.name;
    const note = `${(given.size / 1e6).toFixed(1)} MB, your file`;
    const own = choice({ type: 'radio', name: 'model', value: 'own', title, note, checked: true });
    own.classList.add('own');
    part('models').append(own);
  } catch (error) {
    part('file-name').textContent = 'Or drop one here.';
    fail(`${given.name}: ${/** @type {Error} */ (error).message}`);
  } finally {
    looker.end();
    showShapes();
  }
}

/** The shapes of one's own file, when that is chosen. */
function showShapes() {
  part('shapes').hidden = new FormData(form).get('model') !== 'own' || shapes.empty;
}

/** @param {string} message */
function fail(message) {
  part('error-text').textContent = message;
  part('error').hidden = false;
}

/** @param {boolean} on */
function working(on) {
  part('run').hidden = on;
  part('cancel').hidden = !on;
  part('doing').hidden = !on;
  for (const set of form.querySelectorAll('fieldset')) set.disabled = on;
  (on ? part('cancel') : part('run')).focus({ preventScroll: true });
}

/** @param {string} address @param {AbortSignal} signal */
async function download(address, signal) {
  const response = await fetch(address, { signal });
  if (!response.ok) throw new Error(`The model could not be fetched: ${response.status} for ${address}`);
  return response.blob();
}

const refresh = () => show(part('rows'), part('chart'), rows);

/** What was chosen, or a sentence on what is wrong with it. */
function read() {
  const chosen = new FormData(form);
  const bundled = BUNDLED.find(({ id }) => id === chosen.get('model'));
  const inputs = bundled ? bundled.inputs : shapes.read();
  const counts = chosen.getAll('threads').map(Number);
  const setups = chosen
    .getAll('simd')
    .flatMap((simd) => counts.map((threads) => ({ simd: String(simd), threads })));
  if (!inputs) return 'Each dimension is a whole number.';
  if (!setups.length) return 'Choose at least one build and one number of threads.';
  return { bundled, inputs, setups, seconds: Number(chosen.get('seconds')) };
}

async function start() {
  part('error').hidden = true;
  const job = read();
  if (typeof job === 'string') return fail(job);
  const { bundled, setups } = job;
  rows = setups.map(({ simd, threads }) => {
    const build = BUILDS.find((one) => one.simd === simd)?.title ?? simd;
    return { build, threads, times: [], first: 0, summary: null };
  });
  part('title').textContent = bundled?.title ?? file?.name ?? '';
  part('device').textContent = device();
  part('results').hidden = false;
  refresh();
  const mine = new AbortController();
  stop = mine;
  working(true);
  part('live').textContent = 'Timing';
  part('status').textContent = 'Fetching the model';
  part('progress').value = 0;
  try {
    const model = bundled ? await download(bundled.url.href, mine.signal) : /** @type {File} */ (file);
    await race({ ...job, file: model }, watcher, mine.signal);
    part('live').textContent = told(rows);
  } catch (error) {
    part('live').textContent = mine.signal.aborted ? 'Cancelled' : 'Stopped';
    if (!mine.signal.aborted) fail(/** @type {Error} */ (error).message);
  } finally {
    stop = null;
    working(false);
  }
}

/** @type {import('./race.js').Watcher} */
const watcher = {
  onDoing(text, done) {
    part('status').textContent = text;
    if (done !== undefined) part('progress').value = done;
  },
  onMissing(index, missing) {
    rows[index].missing = missing;
    refresh();
  },
  onTimes(index, first, times) {
    Object.assign(rows[index], { first, times, summary: summary(times) });
    refresh();
  },
};

function device() {
  const brand = /** @type {any} */ (navigator).userAgentData?.brands?.at(-1);
  const browser = brand ? `${brand.brand} ${brand.version}` : navigator.userAgent;
  return `${browser}, ${navigator.hardwareConcurrency} cores${crossOriginIsolated ? '' : ', not isolated'}.`;
}

fillForm();
form.addEventListener('submit', (event) => {
  event.preventDefault();
  start();
});
form.addEventListener('change', showShapes);
part('cancel').addEventListener('click', () => stop?.abort());
addEventListener('keydown', ({ key }) => key === 'Escape' && stop?.abort());
part('file').addEventListener('change', () => {
  const [given] = part('file').files;
  part('file').value = '';
  if (given) open(given);
});
for (const type of ['dragover', 'dragleave', 'drop']) {
  form.addEventListener(type, (event) => {
    event.preventDefault();
    part('drop').classList.toggle('over', type === 'dragover');
    const given = type === 'drop' && /** @type {DragEvent} */ (event).dataTransfer?.files[0];
    if (given && !stop) open(given);
  });
}
part('copy').addEventListener('click', async () => {
  const label = 'Copy as text';
  try {
    await navigator.clipboard.writeText(
      `${part('title').textContent}, milliseconds of a prediction. ${device()}\n\n${asText(rows)}\n`,
    );
    part('copy').textContent = 'Copied';
  } catch {
    part('copy').textContent = 'Not allowed';
  }
  setTimeout(() => {
    part('copy').textContent = label;
  }, 1500);
});
new ResizeObserver(() => rows.length && refresh()).observe(part('chart'));
