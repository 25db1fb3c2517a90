/**
 * MobileNetV2 for the engines that open no ONNX. For TensorFlow.js it becomes what engine-tfjs.js runs: the same network
 * built of its operators, weights turned to its layouts, activations fused, as its converter does. For LiteRT.js there is a
 * .tflite file; what that computes, an ONNX twin computes too, so that the outputs can be compared.
 *
 * @typedef {{op: string, input: string, output: string, weights?: string, stride?: number, relu6?: boolean, add?: string}} Step
 */
import { fields, numbers } from '../conformance/tensor-proto.js';

const text = (bytes) => Buffer.from(bytes).toString();

/** The fields of a message by number, each a list. */
function message(bytes) {
  const found = {};
  for (const [number, value] of fields(bytes)) {
    found[number] ??= [];
    found[number].push(value);
  }
  return found;
}

/** A float32 or integer constant (TensorProto with raw data). */
function constant(bytes) {
  const { 1: dims = [], 8: name, 9: raw } = message(bytes);
  const data = Uint8Array.from(raw[0]); // a copy, aligned
  return {
    name: text(name[0]),
    dims: dims.flatMap((value) => [...numbers(value)]).map(Number),
    data: new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4),
  };
}

function readNode(bytes) {
  const { 1: inputs = [], 2: outputs, 4: op, 5: attributes = [] } = message(bytes);
  const ints = {};
  for (const attribute of attributes.map(message))
    ints[text(attribute[1][0])] = (attribute[8] ?? attribute[3] ?? []).flatMap((v) =>
      [...numbers(v)].map(Number),
    );
  return { op: text(op[0]), inputs: inputs.map(text), output: text(outputs[0]), ints };
}

/** [out, in, h, w] to [h, w, in, out]; for depthwise, [out, 1, h, w] to [h, w, out, 1]. */
function turn({ dims: [out, inner, height, width], data }, depthwise) {
  const result = new Float32Array(data.length);
  const taps = height * width;
  for (let o = 0; o < out; o++)
    for (let i = 0; i < inner; i++)
      for (let t = 0; t < taps; t++)
        result[depthwise ? t * out + o : (t * inner + i) * out + o] = data[(o * inner + i) * taps + t];
  return { dims: depthwise ? [height, width, out, 1] : [height, width, inner, out], data: result };
}

/** @param {Uint8Array} bytes of the ONNX file @returns {import('../models/compare.js').Named} weights, and the steps as text */
export function translate(bytes) {
  const graph = message(message(bytes)[7][0]);
  const constants = Object.fromEntries(graph[5].map(constant).map((one) => [one.name, one]));
  /** @type {Record<string, any>} */
  const tensors = {};
  const keep = (name, { dims, data }) => {
    tensors[name] = { type: 'float32', dims, data };
  };
  /** @type {Step[]} */
  const steps = [];
  for (const { op, inputs, output, ints } of graph[1].map(readNode)) {
    const [input, weights, bias] = inputs;
    const last = steps.at(-1);
    if (op === 'Conv') {
      const depthwise = ints.group[0] > 1;
      keep(`${output}.w`, turn(constants[weights], depthwise));
      keep(`${output}.b`, constants[bias]);
      steps.push({
        op: depthwise ? 'depthwise' : 'conv',
        input,
        output,
        weights: output,
        stride: ints.strides[0],
      });
    } else if (op === 'Clip' && last?.output === input) Object.assign(last, { relu6: true, output });
    else if (op === 'Add') steps.push({ op: 'add', input, output, add: weights });
    else if (op === 'Gemm') {
      keep(`${output}.w`, gemmWeights(constants[weights], ints.transB?.[0]));
      keep(`${output}.b`, constants[bias]);
      steps.push({ op: 'dense', input, output, weights: output });
    } else if (['GlobalAveragePool', 'Flatten', 'Softmax'].includes(op)) steps.push({ op, input, output });
    else throw new Error(`the TensorFlow.js row knows no ${op}`);
  }
  const program = Float32Array.from(new TextEncoder().encode(JSON.stringify(steps)));
  return { ...tensors, program: { type: 'float32', dims: [program.length], data: program } };
}

function gemmWeights({ dims: [a, b], data }, turned) {
  if (!turned) return { dims: [a, b], data };
  return { dims: [b, a], data: transposed([b, a], data) };
}

/**
 * The ONNX model rewritten to compute what the .tflite file does: that holds the same numbers, but reads them in its own
 * layouts, [out, h, w, in] and [h, w, out], and pads strided layers below and on the right alone.
 * @param {Uint8Array} original
 * @returns {Uint8Array} a file of the same length
 */
export function twin(original) {
  const bytes = Uint8Array.from(original);
  const graph = message(message(bytes)[7][0]);
  const raw = new Map();
  for (const one of graph[5].map(message)) if (one[9]) raw.set(text(one[8][0]), one[9][0]);
  const constants = new Map(graph[5].map(constant).map((one) => [one.name, one]));
  for (const node of graph[1]) {
    const { op, inputs, ints } = readNode(node);
    if (op !== 'Conv' && op !== 'Gemm') continue;
    const { dims, data } = constants.get(inputs[1]);
    const turned = op === 'Gemm' ? transposed(dims, data) : turnBack(dims, data, ints.group[0] > 1);
    raw.get(inputs[1]).set(new Uint8Array(turned.buffer));
    if (op === 'Conv' && ints.strides[0] === 2) padBelow(node);
  }
  return bytes;
}

/** data read as [out, h, w, in], or [h, w, out] when depthwise, as [out, in, h, w]. */
function turnBack([out, inner, height, width], data, depthwise) {
  const result = new Float32Array(data.length);
  const taps = height * width;
  for (let o = 0; o < out; o++)
    for (let i = 0; i < inner; i++)
      for (let t = 0; t < taps; t++)
        result[(o * inner + i) * taps + t] = data[depthwise ? t * out + o : (o * taps + t) * inner + i];
  return result;
}

/** data read as [columns, rows], as [rows, columns]. */
function transposed([rows, columns], data) {
  return data.map((_, at) => data[(at % columns) * rows + Math.floor(at / columns)]);
}

/** pads 1, 1, 1, 1 of a node become 0, 0, 1, 1, in place: each is the key of a whole number, then the number. */
function padBelow(node) {
  for (const attribute of message(node)[5]) {
    if (text(message(attribute)[1][0]) !== 'pads') continue;
    const first = attribute.findIndex((byte, at) => byte === 0x40 && attribute[at + 1] === 1);
    attribute[first + 1] = 0;
    attribute[first + 3] = 0;
  }
}
