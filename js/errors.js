/**
 * The one class of errors that are ours. `code` is for programs: the engine's statuses (src/core/status.def) and the
 * loader's own codes, listed in siskin.d.ts. What the platform has an error for stays the platform's: an aborted load
 * or prediction rejects with the signal's reason, as fetch does.
 */
export class SiskinError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{cause?: unknown, status?: number}} [more] status: of an HTTP answer
   */
  constructor(code, message, more) {
    super(message, more);
    this.name = 'SiskinError';
    this.code = code;
    this.status = more?.status;
  }
}

/**
 * @param {string} code
 * @param {string} message
 * @param {{cause?: unknown, status?: number}} [more]
 * @returns {never}
 */
export const fail = (code, message, more) => {
  throw new SiskinError(code, message, more);
};

/**
 * The error as ours, under this code when it is not.
 * @param {any} error anything thrown
 * @param {string} code
 * @param {string} [about]
 */
export const ours = (error, code, about = '') =>
  error instanceof SiskinError
    ? error
    : new SiskinError(code, about + (error?.message || error), { cause: error });
