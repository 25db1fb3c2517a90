/**
 * From the engine's times of single runs to one profile. Clocks are coarse in pages (5 µs at best, 100 µs without
 * cross-origin isolation) and other programs disturb some runs: so the mean over the faster half of them.
 */

/**
 * @typedef {{op: string, node: string, calls: number, ns: number}} Step
 * @typedef {{load: number, bind: number, pack: number, run: number, steps: Step[]}} Run nanoseconds
 */

/**
 * @param {Run[]} all
 * @returns {import('./siskin.d.ts').Profile}
 */
export function summary(all) {
  const { load, bind, pack, steps } = all[all.length - 1];
  // Runs whose data led another way have other steps, which cannot be added.
  const alike = all.filter((run) => run.steps.length === steps.length).sort((a, b) => a.run - b.run);
  const runs = alike.slice(0, (alike.length + 1) >> 1);
  const mean = (/** @type {(run: Run) => number} */ of) =>
    runs.reduce((sum, run) => sum + of(run), 0) / runs.length / 1e6;
  const whole = mean(({ run }) => run);
  return {
    runs: runs.length,
    ms: whole,
    load: load / 1e6,
    bind: bind / 1e6,
    pack: pack / 1e6,
    steps: steps.map(({ ns, ...step }, i) => {
      const ms = mean((run) => run.steps[i].ns);
      return { ...step, ms, share: whole && ms / whole };
    }),
  };
}
