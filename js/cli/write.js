/** Files that are there as a whole or not at all, and work that Ctrl-C ends. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { wrong } from './usage.js';

/** Before hours of work: can the file be written? @param {string | undefined} file @param {string} model */
export function checkOutput(file, model) {
  if (!file) return wrong('say where the model goes: -o OUT.onnx');
  const folder = path.dirname(path.resolve(file));
  if (!existsSync(folder)) wrong(`no folder '${path.dirname(file)}' to write '${file}' to`);
  if (existsSync(file) && statSync(file).isDirectory()) wrong(`-o ${file} is a folder`);
  if (path.resolve(file) === path.resolve(model)) wrong('-o is the model itself: name another file');
  return file;
}

/** Written beside its place under another name, then renamed. @param {string} file @param {Uint8Array} bytes */
export function writeWhole(file, bytes) {
  const beside = `${file}.${process.pid}.part`;
  try {
    const handle = openSync(beside, 'wx');
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(beside, file);
  } catch (error) {
    if (existsSync(beside)) unlinkSync(beside);
    wrong(`'${file}' cannot be written: ${/** @type {Error} */ (error).message}`);
  }
}

/**
 * Calls work with a signal that Ctrl-C aborts; then nothing is left behind and the exit code is that of an interrupt.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} work
 */
export async function interruptible(work) {
  const stop = new AbortController();
  const interrupt = () => stop.abort(new Error('interrupted'));
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, interrupt);
  try {
    return await work(stop.signal);
  } catch (error) {
    if (stop.signal.aborted) process.exitCode = 130;
    throw error;
  } finally {
    for (const name of ['SIGINT', 'SIGTERM']) process.off(name, interrupt);
  }
}
