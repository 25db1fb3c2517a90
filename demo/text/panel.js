/**
 * The "Text in photos" half of the page: takes a picture from a file, the clipboard, a drop or the samples, has
 * the worker read it, and shows boxes and text as they come.
 *
 * @typedef {import('./protocol.js').FromWorker} FromWorker
 */
import { Results } from './results.js';

/** @typedef {{onFacts: (facts: {build?: string, milliseconds?: number}) => void, isShown: () => boolean}} Host */

/**
 * @param {HTMLElement} root
 * @param {Host} host
 */
export function startText(root, host) {
  /** @param {string} name */
  const part = (name) => /** @type {HTMLElement} */ (root.querySelector(`[data-part="${name}"]`));
  const stage = new Stage(part);
  const results = new Results(part);
  const reader = new Reader((event) => {
    stage.follow(event);
    results.follow(event);
    if (event.type === 'finding') host.onFacts({ build: event.build });
    if (event.type === 'done') host.onFacts({ milliseconds: event.milliseconds });
  });

  let latest = () => {};
  /**
   * @param {string} name
   * @param {() => Promise<Blob>} fetchBlob
   */
  async function take(name, fetchBlob) {
    const mine = () => take(name, fetchBlob);
    latest = mine;
    try {
      const blob = await fetchBlob();
      const bitmap = await createImageBitmap(blob).catch(() => null);
      if (latest !== mine) return; // another one was chosen meanwhile
      if (!bitmap) {
        stage.fail(`${name} is not a picture that this browser can open.`, false);
        return;
      }
      reader.drop();
      results.clear();
      stage.show(blob, bitmap, name);
      reader.read(bitmap);
    } catch (error) {
      if (latest === mine) stage.fail(/** @type {Error} */ (error).message);
    }
  }
  /** @param {Blob} blob @param {string} name */
  const readPicture = (blob, name) => take(name, async () => blob);

  const upload = /** @type {HTMLInputElement} */ (part('upload'));
  upload.addEventListener('change', () => {
    const [file] = upload.files ?? [];
    upload.value = '';
    if (file) readPicture(file, file.name);
  });
  part('cancel').addEventListener('click', () => reader.cancel());
  part('retry').addEventListener('click', () => latest());
  for (const image of /** @type {NodeListOf<HTMLImageElement>} */ (
    root.querySelectorAll('[data-sample] img')
  )) {
    image.parentElement?.addEventListener('click', () => take(image.alt, () => fetchBlob(image.src)));
  }
  takeDrops(part('stage'), (file) => readPicture(file, file.name));
  takePastes(part('paste'), host.isShown, readPicture, (message) => stage.fail(message, false));
}

/** @param {string} address @returns {Promise<Blob>} */
async function fetchBlob(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`The sample could not be fetched: ${response.status} for ${address}`);
  return response.blob();
}

/** The worker, started when there is something to read. */
class Reader {
  /** @type {Worker | null} */
  #worker = null;
  #id = 0;

  /** @param {(event: FromWorker) => void} onEvent */
  constructor(onEvent) {
    this.onEvent = onEvent;
  }

  /** @param {ImageBitmap} picture given away */
  read(picture) {
    this.#worker ??= this.#start();
    this.#id++;
    this.#worker.postMessage({ type: 'read', id: this.#id, picture }, [picture]);
  }

  /** Stops; the worker says so. */
  cancel() {
    this.#worker?.postMessage({ type: 'cancel' });
  }

  /** Stops without another word: something else is about to be read. */
  drop() {
    this.cancel();
    this.#id++;
  }

  #start() {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }) => data.id === this.#id && this.onEvent(data);
    worker.onerror = (event) => {
      worker.terminate();
      this.#worker = null;
      this.onEvent({
        type: 'failed',
        id: this.#id,
        message: `The reader stopped: ${event.message ?? 'it did not start'}`,
      });
    };
    return worker;
  }
}

/** The picture, what is going on with it, and what went wrong. */
class Stage {
  #address = '';

  /** @param {(name: string) => HTMLElement} part */
  constructor(part) {
    this.part = part;
    this.bar = /** @type {HTMLProgressElement} */ (part('progress'));
    this.boxes = 0;
  }

  /** @param {Blob} blob @param {{width: number, height: number}} size @param {string} name */
  show(blob, { width, height }, name) {
    URL.revokeObjectURL(this.#address);
    this.#address = URL.createObjectURL(blob);
    const image = /** @type {HTMLImageElement} */ (this.part('picture'));
    image.src = this.#address;
    image.alt = name;
    this.part('frame').style.setProperty('--ratio', `${width / height}`);
    this.#state('working');
    this.#say('Starting');
  }

  /** @param {string} message @param {boolean} [again] whether trying again may help */
  fail(message, again = true) {
    this.part('retry').hidden = !again;
    this.part('error-text').textContent = message;
    this.#state('failed');
  }

  /** @param {FromWorker} event */
  follow(event) {
    switch (event.type) {
      case 'loading': {
        const { loaded, total } = event;
        const of = total > 0 ? ` of ${megabytes(total)}` : '';
        this.#say('Fetching the models', `${megabytes(loaded)}${of} MB`, loaded / total);
        break;
      }
      case 'finding':
        this.#say('Looking for text');
        break;
      case 'boxes':
        this.boxes = event.boxes.length;
        if (this.boxes > 0) this.#say('Reading', `0 of ${this.boxes}`, 0);
        break;
      case 'reading':
        this.#say('Reading', `${event.index + 1} of ${this.boxes}`, (event.index + 1) / this.boxes);
        break;
      case 'cancelled':
        this.#state('idle');
        break;
      case 'failed':
        this.fail(event.message);
        break;
      case 'done':
        this.#state('idle');
    }
  }

  /** @param {'working' | 'idle' | 'failed'} state */
  #state(state) {
    const { part } = this;
    part('stage').dataset.state = state;
    part('empty').hidden = this.#address !== '';
    part('frame').hidden = this.#address === '';
    part('work').hidden = state !== 'working';
    part('error').hidden = state !== 'failed';
    part('stage').ariaBusy = String(state === 'working');
  }

  /** @param {string} what @param {string} [detail] @param {number} [share] of it that is done; absent: unknown */
  #say(what, detail = '', share) {
    this.part('doing').textContent = what;
    this.part('detail').textContent = detail;
    if (share === undefined || Number.isNaN(share)) this.bar.removeAttribute('value');
    else this.bar.value = share;
  }
}

/** @param {number} bytes */
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** @param {HTMLElement} target @param {(file: File) => void} take */
function takeDrops(target, take) {
  /** @param {DragEvent} event */
  const hasFile = (event) => event.dataTransfer?.types.includes('Files');
  target.addEventListener('dragover', (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    target.classList.add('dropping');
  });
  for (const type of ['dragleave', 'drop'])
    target.addEventListener(type, () => target.classList.remove('dropping'));
  target.addEventListener('drop', (event) => {
    const [file] = event.dataTransfer?.files ?? [];
    if (!file) return;
    event.preventDefault();
    take(file);
  });
}

/**
 * Ctrl+V anywhere on the page, and a button for those without a keyboard.
 * @param {HTMLElement} button
 * @param {() => boolean} isShown
 * @param {(blob: Blob, name: string) => void} take
 * @param {(message: string) => void} complain
 */
function takePastes(button, isShown, take, complain) {
  const name = 'The pasted picture';
  document.addEventListener('paste', (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
    if (!file || !isShown()) return;
    event.preventDefault();
    take(file, name);
  });
  button.hidden = !navigator.clipboard?.read;
  button.addEventListener('click', async () => {
    try {
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find((each) => each.startsWith('image/'));
        if (type) {
          take(await item.getType(type), name);
          return;
        }
      }
      complain('There is no picture in the clipboard. Copy one first, then paste it here.');
    } catch {
      complain(
        'The browser did not let this page see the clipboard. Click on the page and press Ctrl+V instead.',
      );
    }
  });
}
