/**
 * Slices: long work gives the event loop its turn after this many milliseconds, so a page paints and messages get
 * through. By message, since timers nest to 4 ms; in Node's own way where there is one, since a port keeps Node alive.
 */
export const SLICE = 8;

/** @returns {Promise<void>} resolves in a later task */
export const tick = () =>
  new Promise((resolve) => {
    if (/** @type {any} */ (globalThis).setImmediate) return void setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
