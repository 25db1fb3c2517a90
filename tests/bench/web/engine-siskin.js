/** Siskin as built. */

export async function start({ load, Tensor }, { model: address, threads, options }) {
  const model = await load(address, { threads, ...options });
  return {
    facts() {
      const { build, threads: taken = 1, memory, worker, notes } = model.info;
      return { build, threads: taken, wasm: memory, worker, notes };
    },
    async prepare(inputs) {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([name, { type, data, dims }]) => [name, new Tensor(type, data, dims)]),
      );
      return () => model.predict(feeds);
    },
    profile: () => model.profile?.(), // builds to compare with may be older
    described: () => model.describe('memory'),
  };
}
