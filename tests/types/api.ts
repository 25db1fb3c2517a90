/**
 * The public types as a user of the package meets them; compiled by `tsc`, never run. A line that has to be refused
 * stands under @ts-expect-error.
 */
import {
  type ErrorCode,
  load,
  type LoadOptions,
  type Model,
  type Progress,
  SiskinError,
  type Source,
  Tensor,
} from '../../js/siskin.js';
import * as compress from '../../js/compress.js';
import type * as compressCode from '../../js/compress/index.js';
import type * as code from '../../js/index.js';

/** Type equality, so that a change of a public type is seen here. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>) => {};

/** The entry exports what is declared, and its classes have the declared members. */
same<keyof typeof code, 'load' | 'SiskinError' | 'Tensor'>(true);
same<typeof code.load, typeof load>(true);
same<keyof code.Tensor, keyof Tensor>(true);
same<keyof code.SiskinError, keyof SiskinError>(true);

export async function sources(request: Request, response: Response, blob: Blob) {
  const all: Source[] = [
    'a',
    new URL('https://a/b'),
    request,
    response,
    blob,
    new ArrayBuffer(1),
    new Uint8Array(1),
  ];
  for (const source of all) await load(source);
  await load(fetch('model.onnx'));
  // @ts-expect-error: no source
  await load(5);
}

export async function options(other: Model, module: WebAssembly.Module) {
  const every: Required<LoadOptions> = {
    onProgress: ({ phase, loaded, total }: Progress) => {
      same<typeof phase, 'download' | 'compile' | 'load'>(true);
      same<typeof loaded, number>(true);
      same<typeof total, number | null>(true);
    },
    signal: new AbortController().signal,
    integrity: 'sha256-...',
    worker: other,
    workerUrl: '/worker.js',
    threads: 2,
    simd: 'auto',
    deterministic: true,
    maxMemory: 1e8,
    externalData: { 'weights.bin': fetch('weights.bin') },
    wasm: { module },
    debug: { reference: true, noFusion: true, check: true, failAfter: 1 },
  };
  await load('model.onnx', every);
  await load('model.onnx', { wasm: { base: '/siskin/' } });
  await load('model.onnx', { wasm: { urls: { simd128: new URL('https://a/b.wasm') } } });
  await load('model.onnx', { wasm: { binary: new Uint8Array(8) } });
  // @ts-expect-error: no such build
  await load('model.onnx', { simd: 'avx' });
  await load('model.onnx', { threads: 4 });
}

export async function model() {
  const model = await load('model.onnx');
  same<typeof model, Model>(true);
  for (const { name, type, dims } of model.inputs) {
    same<typeof name, string>(true);
    new Tensor(
      type,
      new Uint8Array(4),
      dims?.map((dim) => (typeof dim === 'number' ? dim : 1)),
    );
  }
  const { build, threads, wasm, worker, memory, notes, version } = model.info;
  same<typeof build, 'simd128' | 'relaxed'>(true);
  same<
    [typeof threads, typeof wasm, typeof worker, typeof memory, typeof notes, typeof version],
    [number, string, boolean, number, string[], string]
  >(true);

  await model.warmup();
  await model.warmup({ x: [1, 3, 224, 224], size: new Tensor('int64', [2n]) });
  const x = new Tensor('float32', new Float32Array(4), [1, 4]);
  const signal = AbortSignal.timeout(1000);
  const out = await model.predict(
    { x, absent: null },
    { signal, outputs: ['y'], transfer: true, keep: { h: 'h0' } },
  );
  same<typeof out, Record<string, Tensor>>(true);
  const floats: Float32Array = out.y.toFloat32();
  await model.predict(x);
  await model.predict(floats);
  await model.predict({ x: { type: 'float32', data: floats, dims: [4] } });
  // @ts-expect-error: plain numbers have no type
  await model.predict({ x: [1, 2, 3] });

  const text: string = await model.describe('graph');
  const plan: { steps: unknown[] } = await model.describe('plan');
  await model.dispose();
  await using disposed = await load('model.onnx');
  return [text, plan, disposed];
}

export function tensors() {
  const x = new Tensor('float32', new Float32Array(4), [2, 2]);
  same<typeof x.data, Float32Array>(true);
  same<typeof x.type, 'float32'>(true);
  same<typeof x.dims, readonly number[]>(true);
  same<InstanceType<typeof Tensor<'int64'>>['data'], BigInt64Array>(true);
  same<InstanceType<typeof Tensor<'string'>>['data'], string[]>(true);
  new Tensor('float32', [1, 2, 3]);
  new Tensor('uint8', new Uint8ClampedArray(4));
  // @ts-expect-error: not an element type
  new Tensor('float', new Float32Array(4));
  // @ts-expect-error: the shape of a tensor is fixed
  x.dims = [4];
  return x;
}

export function errors(error: unknown) {
  if (!(error instanceof SiskinError)) return;
  const code: ErrorCode = error.code;
  const status: number | undefined = error.status;
  // @ts-expect-error: no such code
  if (code === 'oops') return;
  return [code, status, error.cause];
}

export async function compressing(source: Source, model: Model) {
  const samples: compress.Samples = [{ x: new Tensor('float32', [1]) }];
  const bytes: Uint8Array = await compress.quantize(source, { data: samples, activations: 'u7' });
  // @ts-expect-error: no such type
  await compress.quantize(source, { activations: 'u9' });
  const { scores, against } = await compress.evaluate(model, {
    data: (function* () {
      yield { inputs: new Float32Array(4), label: 'cat' };
    })(),
    against: bytes,
  });
  const numbers: [number | undefined, number | null | undefined] = [scores?.accuracy, against?.agreement];
  return numbers;
}

/** The second entry exports what is declared. */
same<keyof typeof compressCode, 'quantize' | 'evaluate'>(true);
same<typeof compressCode.quantize, typeof compress.quantize>(true);
same<typeof compressCode.evaluate, typeof compress.evaluate>(true);
