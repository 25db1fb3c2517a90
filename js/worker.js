/**
 * dist/worker.js: the engine's side. Started as a worker it serves the page that started it, or helps an engine
 * (threads.js). siskin.js imports it to run the engine in the page when there is no worker.
 */
import { serve } from './host.js';
import { help } from './threads.js';

export { serve };
export const BUILD_ID = __SK_BUILD_ID__;

// A worker of the caller's own, in which this is imported, bears another name.
if (!('document' in globalThis) && /** @type {any} */ (globalThis).name === 'siskin-engine') {
  /** @type {Map<number, ReturnType<typeof serve>>} */
  const hosts = new Map();
  self.onmessage = ({ data: [model, ...message] }) => {
    if (model === 'help') return postMessage(help(message[0]));
    const [op] = message;
    if (op === 'load') {
      hosts.set(
        model,
        serve((kind, value, transfer) => postMessage([model, kind, value], { transfer })),
      );
    }
    hosts.get(model)?.(message);
    if (op === 'close') hosts.delete(model);
  };
  postMessage([0, BUILD_ID]);
}
