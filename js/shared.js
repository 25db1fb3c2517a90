/**
 * What siskin.js takes from worker.js, through one place: the bundle then has one import of it.
 */
export { BUILD_ID, fail, isHtml, open, originOf, ours, serve, SiskinError } from './worker.js';
