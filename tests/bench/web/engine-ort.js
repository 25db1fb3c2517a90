/** onnxruntime-web, its CPU backend alone: the smallest of its wasm files. */

export async function start({ default: ort }, { model, threads, options }) {
  ort.env.wasm.wasmPaths = options.files;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
  });
  return {
    facts: () => ({ threads: ort.env.wasm.numThreads }),
    async prepare(inputs) {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([name, { type, data, dims }]) => [
          name,
          new ort.Tensor(type, data, dims),
        ]),
      );
      return () => session.run(feeds);
    },
  };
}
