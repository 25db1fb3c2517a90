/** `siskin run --profile`: where a prediction's time goes, by operator and by node. */
import { openModel, table } from './common.js';

/** @typedef {import('../siskin.d.ts').Model} Model */
/** @typedef {import('../siskin.d.ts').Profile} Profile */
/** @typedef {import('../siskin.d.ts').ProfileStep} ProfileStep */

const MOST_NODES = 20;

/**
 * The times are those of the build that predicts; how much work a step is, only the tools build knows: it makes the same
 * plan, so its steps are the same.
 * @param {Model} model @param {string} file @param {import('./common.js').Flags} flags
 * @param {import('../siskin.d.ts').Inputs} inputs @param {number} runs
 * @returns {Promise<Profile>}
 */
export async function profileOf(model, file, flags, inputs, runs) {
  const profile = await model.profile(inputs, { runs });
  const counting = await openModel(file, flags, { tools: true });
  try {
    const { steps } = await counting.profile(inputs, { runs: 1 });
    profile.steps.forEach((step, i) => {
      if (steps[i]?.node === step.node && steps[i].macs) step.macs = steps[i].macs;
    });
  } finally {
    await counting.dispose();
  }
  return profile;
}

/** @param {number} ms */
const time = (ms) => ms.toFixed(3).padStart(9);
/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(1)}%`.padStart(6);
/** Two operations a multiply-accumulate. @param {number} macs @param {number} ms */
const speed = (macs, ms) => (macs && ms ? ((2e-6 * macs) / ms).toFixed(1).padStart(7) : '');
/** Of a prediction. @param {ProfileStep} step */
const work = ({ macs = 0, calls }) => macs * calls;

/** @param {Profile} profile */
export function printProfile({ runs, ms, load, bind, pack, steps }) {
  /** @type {Map<string, {nodes: number, ms: number, share: number, macs: number}>} */
  const byOp = new Map();
  for (const step of steps) {
    const key = step.way ? `${step.op} ${step.way}` : step.op;
    const sum = byOp.get(key) ?? { nodes: 0, ms: 0, share: 0, macs: 0 };
    sum.nodes++;
    sum.ms += step.ms;
    sum.share += step.share;
    sum.macs += work(step);
    byOp.set(key, sum);
  }
  const inSteps = steps.reduce((sum, step) => sum + step.ms, 0);
  console.log(`\n${ms.toFixed(3)} ms a prediction (mean of the faster ${runs}), ${steps.length} steps`);
  console.log(
    `between the steps ${(ms - inSteps).toFixed(3)} ms; once: load ${load.toFixed(1)} ms, bind ${bind.toFixed(1)} ms of which packing ${pack.toFixed(1)} ms\n`,
  );
  console.log(
    table(
      ['op', 'nodes', '       ms', ' share', 'GFLOP/s'],
      [...byOp]
        .sort(([, a], [, b]) => b.ms - a.ms)
        .map(([op, sum]) => [
          op,
          String(sum.nodes),
          time(sum.ms),
          percent(sum.share),
          speed(sum.macs, sum.ms),
        ]),
    ),
  );
  console.log(
    `\n${table(
      ['node', 'op', '       ms', ' share', 'GFLOP/s', 'output', 'way'],
      [...steps]
        .sort((a, b) => b.ms - a.ms)
        .slice(0, MOST_NODES)
        .map((step) => [
          step.node,
          step.op,
          time(step.ms),
          percent(step.share),
          speed(work(step), step.ms),
          step.dims ? `${step.type}[${step.dims}]` : '',
          step.way ?? '',
        ]),
    )}`,
  );
}
