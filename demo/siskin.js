/** Siskin as this repository built it. A project of your own says: import { load } from 'siskin'. */
export { load, SiskinError, Tensor } from '../dist/siskin.js';
