/** Progress on a terminal: one line on stderr that is written over, with the time left. Elsewhere nothing. */

const WIDTH = 30;
const OFTEN = 100; // milliseconds between two lines

/** @param {number} ms */
function timeText(ms) {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}

/**
 * @param {NodeJS.WriteStream} [stream]
 * @returns {{show: (progress: {phase: string, done: number, total: number | null}) => void, clear: () => void}}
 */
export function progressBar(stream = process.stderr) {
  let [phase, begun, shown, length] = ['', 0, 0, 0];
  const write = (/** @type {string} */ line) => {
    stream.write(`\r${line.padEnd(length)}`);
    length = line.length;
  };
  return {
    show(progress) {
      const now = performance.now();
      if (
        !stream.isTTY ||
        (progress.phase === phase && now - shown < OFTEN && progress.done !== progress.total)
      )
        return;
      if (progress.phase !== phase) [phase, begun] = [progress.phase, now];
      shown = now;
      const { done, total } = progress;
      if (!total) return write(`${phase} ${done || ''}`);
      const filled = Math.floor((WIDTH * done) / total);
      const left = done ? ((now - begun) / done) * (total - done) : 0;
      const time = done && done < total ? `, ${timeText(left)} left` : '';
      write(`${phase.padEnd(10)} [${'#'.repeat(filled).padEnd(WIDTH, '.')}] ${done} of ${total}${time}`);
    },
    clear() {
      if (length) stream.write(`\r${' '.repeat(length)}\r`);
      length = 0;
    },
  };
}
