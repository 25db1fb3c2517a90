/**
 * TensorFlow.js with its wasm backend, running the steps that graph.js made of a model: fused operators, as the graph
 * models of its converter have them. Channels last.
 */
import { channelsLast } from './engine-litert.js';
import { unpack } from './tensors.js';

export async function start(tf, { model: address, threads, options }) {
  tf.setWasmPaths(options.files);
  if (threads === 1) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  else tf.setThreadsCount(threads);
  const [response] = await Promise.all([fetch(address), tf.setBackend('wasm').then(() => tf.ready())]);
  const { program, ...tensors } = unpack(await response.arrayBuffer());
  const steps = JSON.parse(new TextDecoder().decode(Uint8Array.from(program.data)));
  const weights = Object.fromEntries(
    Object.entries(tensors).map(([name, { data, dims }]) => [name, tf.tensor(data, dims)]),
  );
  return {
    facts: () => ({ threads: threads > 1 ? tf.getThreadsCount() : 1 }),
    async prepare(inputs) {
      const [{ data, dims }] = Object.values(inputs);
      const [n, channels, height, width] = dims;
      const input = tf.tensor4d(channelsLast(data, dims), [n, height, width, channels]);
      return async () => {
        const output = tf.tidy(() => run(tf, steps, weights, input));
        const result = { type: 'float32', dims: output.shape, data: await output.data() };
        output.dispose();
        return { output: result };
      };
    },
  };
}

function run(tf, steps, weights, input) {
  const values = { input };
  let last = input;
  for (const { op, input: from, output, weights: name, stride, relu6, add } of steps) {
    const [x, filter, bias] = [values[from], weights[`${name}.w`], weights[`${name}.b`]];
    const activation = relu6 ? 'relu6' : 'linear';
    if (op === 'conv' || op === 'depthwise') {
      const pad = (filter.shape[0] - 1) / 2;
      const conv = op === 'conv' ? tf.fused.conv2d : tf.fused.depthwiseConv2d;
      last = conv({ x, filter, strides: stride, pad, bias, activation });
    } else if (op === 'add') last = tf.add(x, values[add]);
    else if (op === 'dense') last = tf.fused.matMul({ a: x, b: filter, bias });
    else if (op === 'GlobalAveragePool') last = tf.mean(x, [1, 2], true);
    else if (op === 'Flatten') last = tf.reshape(x, [x.shape[0], -1]);
    else last = tf.softmax(x);
    values[output] = last;
  }
  return last;
}
