/**
 * dist/compress.js, `siskin/compress`: what makes models smaller, and measures what that costs. The work is done by
 * siskin-tools.wasm (src/tools.h), which only who imports this loads.
 */
export { evaluate } from './evaluate.js';
export { quantize } from './quantize.js';
