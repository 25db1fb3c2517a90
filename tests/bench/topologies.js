/**
 * MobileNetV2, ResNet-50, MiniLM and a plain convolutional net as ONNX, with random weights: for speed only the shapes
 * matter. Weights are scaled so that activations stay of one size from layer to layer, and outputs are worth comparing.
 */
import { build, node, tensor, value } from '../js/onnx-builder.js';
import { noise } from './web/noise.js';

class Graph {
  nodes = [];
  constants = [];
  #named = 0;

  #name = () => `t${++this.#named}`;

  /** @param {number[]} dims @param {number} scale the largest value */
  random(dims, scale) {
    const name = this.#name();
    const { data } = noise(dims, this.#named);
    this.constants.push(
      tensor(
        name,
        'float32',
        dims,
        data.map((x) => x * scale),
      ),
    );
    return name;
  }

  /** @param {string} type @param {number[]} dims @param {unknown[]} data */
  constant(type, dims, data) {
    const name = this.#name();
    this.constants.push(tensor(name, type, dims, data));
    return name;
  }

  /** @param {string} type @param {string[]} inputs @param {Record<string, unknown>} [attributes] @returns {string} its output */
  op(type, inputs, attributes) {
    const output = this.#name();
    this.nodes.push(node(type, inputs, [output], attributes));
    return output;
  }

  /** Weights of variance 2 / fan-in keep the size of what passes through a convolution and a ReLU. */
  conv(x, from, to, { kernel = 1, stride = 1, group = 1, gain = 1 } = {}) {
    const fan = (from / group) * kernel * kernel;
    const weights = this.random([to, from / group, kernel, kernel], gain * Math.sqrt(6 / fan));
    const pad = (kernel - 1) / 2;
    return this.op('Conv', [x, weights, this.random([to], 0.1)], {
      group,
      kernel_shape: [kernel, kernel],
      pads: [pad, pad, pad, pad],
      strides: [stride, stride],
    });
  }

  /** @param {string} x @param {number} from @param {number} to */
  linear(x, from, to, gain = 1) {
    const product = this.op('MatMul', [x, this.random([from, to], gain * Math.sqrt(3 / from))]);
    return this.op('Add', [product, this.random([to], 0.1)]);
  }

  /** Global average, then a dense layer. @param {string} x @param {number} from @param {number} to */
  classify(x, from, to) {
    const flat = this.op('Flatten', [this.op('GlobalAveragePool', [x])]);
    const weights = this.random([from, to], Math.sqrt(6 / from));
    return this.op('Gemm', [flat, weights, this.random([to], 0.1)]);
  }

  /** @param {(string | number)[]} from the input's dimensions @param {string} output @param {(string | number)[]} to */
  build(from, output, to) {
    const { nodes, constants } = this;
    const [inputs, outputs] = [[value('input', 'float32', from)], [value(output, 'float32', to)]];
    return build({ opset: 13, producer: 'siskin bench', nodes, constants, inputs, outputs });
  }
}

/** Channels, blocks, first stride and expansion of each stage. */
const MOBILE = [
  [16, 1, 1, 1],
  [24, 2, 2, 6],
  [32, 3, 2, 6],
  [64, 4, 2, 6],
  [96, 3, 1, 6],
  [160, 3, 2, 6],
  [320, 1, 1, 6],
];

function mobilenetv2() {
  const g = new Graph();
  const bounds = [g.constant('float32', [], [0]), g.constant('float32', [], [6])];
  const relu6 = (x) => g.op('Clip', [x, ...bounds]);
  let channels = 32;
  let x = relu6(g.conv('input', 3, channels, { kernel: 3, stride: 2 }));
  for (const [to, blocks, first, expansion] of MOBILE) {
    for (let block = 0; block < blocks; block++) {
      const stride = block === 0 ? first : 1;
      const wide = channels * expansion;
      let y = expansion === 1 ? x : relu6(g.conv(x, channels, wide));
      y = relu6(g.conv(y, wide, wide, { kernel: 3, stride, group: wide }));
      y = g.conv(y, wide, to);
      x = stride === 1 && channels === to ? g.op('Add', [x, y]) : y;
      channels = to;
    }
  }
  x = relu6(g.conv(x, channels, 1280));
  const y = g.op('Softmax', [g.classify(x, 1280, 1000)], { axis: 1 });
  return g.build([1, 3, 224, 224], y, [1, 1000]);
}

function resnet50() {
  const g = new Graph();
  const relu = (x) => g.op('Relu', [x]);
  let x = relu(g.conv('input', 3, 64, { kernel: 7, stride: 2 }));
  x = g.op('MaxPool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] });
  let channels = 64;
  for (const [narrow, blocks, first] of [
    [64, 3, 1],
    [128, 4, 2],
    [256, 6, 2],
    [512, 3, 2],
  ]) {
    for (let block = 0; block < blocks; block++) {
      const stride = block === 0 ? first : 1;
      let y = relu(g.conv(x, channels, narrow));
      y = relu(g.conv(y, narrow, narrow, { kernel: 3, stride }));
      y = g.conv(y, narrow, narrow * 4, { gain: 0.5 });
      const beside = block === 0 ? g.conv(x, channels, narrow * 4, { stride }) : x;
      x = relu(g.op('Add', [beside, y]));
      channels = narrow * 4;
    }
  }
  return g.build([1, 3, 224, 224], g.classify(x, 2048, 1000), [1, 1000]);
}

/** Six layers of width 384 with 12 heads, as exporters write them: layer norm and GELU in their single steps. */
function minilm128() {
  const [tokens, width, heads, wide] = [128, 384, 12, 1536];
  const g = new Graph();
  const number = (x) => g.constant('float32', [], [x]);
  const split = g.constant('int64', [4], [1n, BigInt(tokens), BigInt(heads), BigInt(width / heads)]);
  const joined = g.constant('int64', [3], [1n, BigInt(tokens), BigInt(width)]);
  const norm = (x) => {
    const centred = g.op('Sub', [x, g.op('ReduceMean', [x], { axes: [-1] })]);
    const variance = g.op('ReduceMean', [g.op('Pow', [centred, number(2)])], { axes: [-1] });
    const scaled = g.op('Div', [centred, g.op('Sqrt', [g.op('Add', [variance, number(1e-12)])])]);
    return g.op('Add', [g.op('Mul', [scaled, g.random([width], 1)]), g.random([width], 0.1)]);
  };
  const gelu = (x) => {
    const erf = g.op('Erf', [g.op('Div', [x, number(Math.SQRT2)])]);
    return g.op('Mul', [g.op('Mul', [x, g.op('Add', [erf, number(1)])]), number(0.5)]);
  };
  const head = (x, perm) =>
    g.op('Transpose', [g.op('Reshape', [g.linear(x, width, width), split])], { perm });
  let x = 'input';
  for (let layer = 0; layer < 6; layer++) {
    const [q, k, v] = [head(x, [0, 2, 1, 3]), head(x, [0, 2, 3, 1]), head(x, [0, 2, 1, 3])];
    const scores = g.op('Div', [g.op('MatMul', [q, k]), number(Math.sqrt(width / heads))]);
    const seen = g.op('MatMul', [g.op('Softmax', [scores], { axis: -1 }), v]);
    const together = g.op('Reshape', [g.op('Transpose', [seen], { perm: [0, 2, 1, 3] }), joined]);
    const y = norm(g.op('Add', [x, g.linear(together, width, width)]));
    x = norm(g.op('Add', [y, g.linear(gelu(g.linear(y, width, wide)), wide, width)]));
  }
  return g.build([1, tokens, width], x, [1, tokens, width]);
}

/** A net of convolutions of any batch and size, in which cost should be in proportion to both. */
function plain() {
  const g = new Graph();
  const relu = (x) => g.op('Relu', [x]);
  let x = relu(g.conv('input', 3, 32, { kernel: 3, stride: 2 }));
  for (const [from, to, stride] of [
    [32, 64, 1],
    [64, 64, 2],
    [64, 128, 1],
  ]) {
    x = relu(g.conv(x, from, from, { kernel: 3, stride, group: from }));
    x = relu(g.conv(x, from, to));
  }
  x = relu(g.conv(x, 128, 64, { kernel: 3 }));
  return g.build(['batch', 3, 'height', 'width'], g.conv(x, 64, 8), ['batch', 8, 'rows', 'columns']);
}

export const TOPOLOGIES = { mobilenetv2, resnet50, minilm128, plain };
