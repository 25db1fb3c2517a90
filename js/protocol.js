/**
 * The messages between a model's page side (link.js) and its host (host.js), which is in a worker or in the page.
 *
 * To the host: [op, ...args]. It has one call at a time - load, predict, profile, describe, tool - and answers it with a RESULT or an
 * ERROR, after any number of PROGRESS. Without an answer: push (file, piece or null), module, abort (the call), close, and
 * helped (thread, why not), which itself answers a HELP.
 * In a worker, which serves several models, the model's number stands in front of each message.
 */

/** Null: an absent optional. Without data only a shape, for a warm-up. kind: sequence, or map, whose items are keys and values. @typedef {{type: string, dims: readonly number[], data?: Uint8Array | string[]} | {kind: string, type: string, items: Value[]} | null} Value */
/** @typedef {[input: number, value: Value]} Feed */
/** @typedef {[memoryLimit: number, flags: number, failAfter: number]} OpenOptions  glue.c's, without `tuned` */
/** @typedef {{most: number, worth: number}} Threads  in all; worth: bytes from which on a model gets helpers */
/** @typedef {{origins: {name?: string, total: number | null}[], paths: string[], integrity?: string, open: OpenOptions, threads: Threads}} LoadCall */
/** @typedef {{work: 'run' | 'bind', feeds: Feed[], wanted: number[], keep: [output: number, input: number][]}} PredictCall */
/** @typedef {{feeds?: Feed[], runs: number}} ProfileCall */
/** What a helper needs; calls, stop: where in the memory it is stopped. @typedef {{module: WebAssembly.Module, memory: WebAssembly.Memory, thread: number, stack: number, calls: number, stop: number}} Job */
/** @typedef {(kind: number, value: any, transfer?: Transferable[]) => void} Answer */

export const RESULT = 0; // [what was asked for, bytes of the wasm memory, engine.tuned()]
export const ERROR = 1; // [code, message, {status}]: SiskinError's arguments
export const PROGRESS = 2; // {phase, loaded, total}
export const HELP = 3; // a Job

/** The buffers in a value, to be transferred. @param {any} value @returns {ArrayBuffer[]} */
export const buffersOf = (value) =>
  value?.items ? value.items.flatMap(buffersOf) : (value?.data?.buffer ?? []);
