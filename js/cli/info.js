/** `siskin info`: what a model is and what it needs. */
import { bytesText, countText, kindText, openModel, shapeText, table } from './common.js';
import { parseDims, splitNamed } from './inputs.js';

/** @typedef {import('../siskin.d.ts').Model} Model */

/** Shapes to plan for: what --shape says, else the declared ones with 1 for what is dynamic.
 * @param {Model} model @param {string[]} shapes */
function planShapes(model, shapes) {
  /** @type {Record<string, number[]>} */
  const dims = Object.create(null);
  for (const { name, dims: declared, kind } of model.inputs)
    if (!kind) dims[name] = (declared ?? []).map((d) => (typeof d === 'number' ? d : 1));
  for (const text of shapes) {
    const { input, value } = splitNamed(text, model.inputs);
    dims[input.name] = parseDims(value);
  }
  return dims;
}

/** @param {Model} model @param {Record<string, number[]>} shapes */
async function describePlan(model, shapes) {
  try {
    await model.warmup(shapes);
    return await model.describe('plan');
  } catch (error) {
    return { error: /** @type {Error} */ (error).message };
  }
}

/** @param {any} plan */
function planRows(plan) {
  return plan.steps.flatMap((/** @type {any} */ step, /** @type {number} */ i) =>
    step.outputs.map((/** @type {any} */ out) => [
      String(i),
      step.op,
      out.name,
      `${out.type}[${out.dims}]${out.layout === 'plain' ? '' : ' channels-last'}`,
      out.place === 'arena' ? `${out.offset}..${out.offset + out.bytes}` : out.place,
      out.place === 'arena' ? `${out.from}-${out.to}` : '',
      step.scratch ? bytesText(step.scratch) : '',
    ]),
  );
}

/** @param {Model} model @param {any} about @param {any} plan @param {any} memory @param {Record<string, number[]>} shapes */
function print(model, about, plan, memory, shapes) {
  const say = console.log;
  say(`ONNX, IR version ${about.irVersion}${about.producer ? `, by ${about.producer}` : ''}`);
  say(
    `opsets       ${Object.entries(about.opsets)
      .map(([domain, version]) => `${domain} ${version}`)
      .join(', ')}`,
  );
  for (const [what, values] of Object.entries({ input: model.inputs, output: model.outputs }))
    for (const value of values)
      say(`${what.padEnd(13)}${value.name}: ${kindText(value)}${value.kind ? '' : shapeText(value.dims)}`);
  say(
    `parameters   ${countText(about.parameters)} in ${about.constants} constants, ${bytesText(about.parameterBytes)}`,
  );
  const ops = Object.entries(about.ops).sort(
    ([, a], [, b]) => /** @type {number} */ (b) - /** @type {number} */ (a),
  );
  say(
    `operators    ${about.nodes} nodes after optimisation: ${ops.map(([name, n]) => `${name} ${n}`).join(', ')}`,
  );
  const list = Object.entries(shapes)
    .map(([name, dims]) => `${name}=${dims}`)
    .join(' ');
  if (plan.error) {
    say(`plan         none for ${list}: ${plan.error}`);
    return;
  }
  say(
    `plan         for ${list}: ${plan.steps.length} steps in ${plan.segments} segment${plan.segments > 1 ? 's' : ''}`,
  );
  say(`work         ${countText(plan.macs)} multiply-accumulates`);
  say(
    `memory       ${bytesText(plan.arena)} working, ${bytesText(memory.weights)} packed weights, ${bytesText(memory.inUse)} in all`,
  );
}

/** @param {string} file @param {import('./common.js').Flags} flags */
export async function info(file, flags) {
  const model = await openModel(file, flags, { tools: true });
  try {
    const shapes = planShapes(model, flags.shape ?? []);
    const about = await model.describe('model');
    const plan = await describePlan(model, shapes);
    const memory = await model.describe('memory');
    if (flags.json) {
      const graph = flags.graph ? await model.describe('graph') : undefined;
      const { inputs, outputs } = model;
      console.log(JSON.stringify({ file, inputs, outputs, ...about, shapes, plan, memory, graph }));
      return;
    }
    print(model, about, plan, memory, shapes);
    if (flags.plan && !plan.error)
      console.log(
        `\n${table(['step', 'op', 'output', 'tensor', 'bytes', 'alive', 'scratch'], planRows(plan))}`,
      );
    if (flags.graph) console.log(`\n${await model.describe('graph')}`);
  } finally {
    await model.dispose();
  }
}
