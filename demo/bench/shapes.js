/** Fields for the dimensions that a model leaves open. */
import { guess } from './models.js';

/** @typedef {{name: string, type: string, dims: readonly (number | string | null)[] | null}} Asked */

export class Shapes {
  /** @type {Asked[]} */
  #inputs = [];

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
  }

  /** Whether there is nothing to ask. */
  get empty() {
    return this.#inputs.every(({ dims }) => dims?.every((dim) => typeof dim === 'number'));
  }

  /** @param {Asked[]} inputs */
  show(inputs) {
    this.#inputs = inputs;
    this.root.replaceChildren(
      ...inputs.map(({ name, type, dims }) => {
        const line = document.createElement('div');
        const label = document.createElement('code');
        label.textContent = `${name} ${type}`;
        line.append(label);
        for (const [i, value] of guess(dims).entries()) {
          const open = typeof dims?.[i] !== 'number';
          const said = `${name}, dimension ${i + 1}${typeof dims?.[i] === 'string' ? `, ${dims[i]}` : ''}`;
          const field = Object.assign(document.createElement('input'), {
            type: 'number',
            min: '0',
            value: String(value),
            disabled: !open,
            ariaLabel: said,
            title: said,
          });
          line.append(field);
        }
        return line;
      }),
    );
  }

  /** @returns {import('./models.js').Input[] | null} null: a field holds no whole number */
  read() {
    const lines = [...this.root.children].map((line) => [...line.querySelectorAll('input')]);
    const dims = lines.map((fields) =>
      fields.map(({ value }) => (/^\d{1,9}$/.test(value) ? Number(value) : Number.NaN)),
    );
    if (dims.flat().some(Number.isNaN)) return null;
    return this.#inputs.map(({ name, type }, i) => ({ name, type, dims: dims[i] }));
  }
}
