/** LiteRT.js on the CPU (XNNPACK). Its models are .tflite files, and their images have the channels last. */

export async function start({ loadLiteRt, loadAndCompile, Tensor }, { model: address, threads, options }) {
  await loadLiteRt(options.files, { threads: threads > 1 });
  const model = await loadAndCompile(address, { accelerator: 'wasm', cpuOptions: { numThreads: threads } });
  return {
    facts: () => ({ threads }),
    async prepare(inputs) {
      const [{ data, dims }] = Object.values(inputs);
      const wanted = [...model.getInputDetails()[0].shape];
      const input = new Tensor(wanted[3] === dims[1] ? channelsLast(data, dims) : data, wanted);
      return async () => {
        const [output] = await model.run(input);
        // toTypedArray may look into wasm memory: a copy, as the other engines give one.
        const result = {
          type: 'float32',
          dims: [...output.type.layout.dimensions],
          data: output.toTypedArray().slice(),
        };
        output.delete();
        return { output: result };
      };
    },
  };
}

/** @param {Float32Array} data @param {number[]} dims N, C, H, W */
export function channelsLast(data, [n, channels, height, width]) {
  const result = new Float32Array(data.length);
  const pixels = height * width;
  for (let image = 0; image < n; image++)
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < pixels; i++)
        result[(image * pixels + i) * channels + c] = data[(image * channels + c) * pixels + i];
  return result;
}
