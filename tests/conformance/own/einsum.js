// Einsum in full: what an equation may say.
import { f32, i64, noise, tensor } from '../cases.js';

/** An equation without ellipsis, by its definition. */
function einsum(equation, ...tensors) {
  const [left, given] = equation.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  const letters = [...new Set(terms.join(''))];
  const twice = (letter) => terms.join('').split(letter).length > 2;
  const right =
    given ??
    letters
      .filter((letter) => !twice(letter))
      .sort()
      .join('');
  const dim = Object.fromEntries(letters.map((letter) => [letter, 1]));
  for (const [k, term] of terms.entries())
    [...term].forEach((letter, i) => {
      dim[letter] = Math.max(dim[letter], tensors[k].dims[i]);
    });
  const dims = [...right].map((letter) => dim[letter]);
  const y = new Float64Array(dims.reduce((n, d) => n * d, 1));
  const index = (term, shape, at) =>
    [...term].reduce((n, letter, i) => n * shape[i] + (shape[i] === 1 ? 0 : at[letter]), 0);
  const walk = (k, at) => {
    if (k < letters.length) {
      for (let i = 0; i < dim[letters[k]]; i++) walk(k + 1, { ...at, [letters[k]]: i });
      return;
    }
    y[index(right, dims, at)] += terms.reduce(
      (product, term, t) => product * Number(tensors[t].data[index(term, tensors[t].dims, at)]),
      1,
    );
  };
  walk(0, {});
  return tensor(tensors[0].type, dims, y);
}

const random = (dims, seed) => f32(dims, noise(dims, { seed }));
const a = random([2, 3], 81);
const b = random([3, 4], 82);
const square = random([3, 3], 83);
const cube = random([2, 3, 3], 84);
const batch = random([2, 2, 3], 85);
const plain = (name, equation, ...inputs) => ({
  name,
  op: 'Einsum',
  opset: 12,
  attrs: { equation },
  inputs,
  outputs: [einsum(equation, ...inputs)],
  rtol: 1e-4,
});
const dots = (name, equation, same, ...inputs) => ({ ...plain(name, same, ...inputs), attrs: { equation } });
const bad = (name, equation, ...inputs) => ({
  name,
  op: 'Einsum',
  opset: 12,
  attrs: { equation },
  inputs,
  error: 'bad-shape',
});

export default [
  plain('product', 'ij,jk->ik', a, b),
  plain('product_implicit', 'ij,jk', a, b),
  plain('implicit_sorts', 'ba', a),
  plain('spaces', ' i j , j k -> k i ', a, b),
  plain('diagonal', 'ii->i', square),
  plain('trace', 'ii->', square),
  plain('trace_implicit', 'ii', square),
  plain('diagonal_of_last', 'bii->bi', cube),
  plain('sum_all', 'ij->', a),
  plain('outer', 'ij,kl->ijkl', a, b),
  plain('three', 'ij,jk,kl->il', a, b, random([4, 2], 86)),
  plain('capital_letters', 'iJ,Jk->ki', a, b),
  plain('repeated_and_shared', 'ii,ij->j', square, random([3, 2], 87)),
  dots('ellipsis', '...ij,...jk->...ik', 'bij,bjk->bik', batch, random([2, 3, 2], 88)),
  dots('ellipsis_implicit', '...ij,jk', 'bij,jk->bik', batch, b),
  dots('ellipsis_of_none', '...ij->...ji', 'ij->ji', a),
  dots('ellipsis_summed', '...i->...', 'bji->bj', batch),
  dots('ellipsis_diagonal', '...ii->...i', 'bii->bi', cube),
  {
    name: 'float16',
    op: 'Einsum',
    opset: 12,
    attrs: { equation: 'ij,jk->ik' },
    inputs: [tensor('float16', [2, 2], [1, 2, 3, 4]), tensor('float16', [2, 1], [0.5, -1])],
    outputs: [tensor('float16', [2, 1], [-1.5, -2.5])],
    ort: 'it knows no float16 here',
  },
  {
    name: 'int64',
    op: 'Einsum',
    opset: 12,
    attrs: { equation: 'i,i->' },
    inputs: [i64([2], [4294967296, 3]), i64([2], [2, 5])],
    outputs: [i64([], [8589934607])],
  },
  bad('dims_differ', 'ij,jk->ik', a, a),
  bad('rank_differs', 'ijk->i', a),
  { ...bad('result_repeats', 'ij->ii', a), error: 'unsupported' },
  { ...bad('result_unknown', 'ij->ik', a), error: 'unsupported' },
];
