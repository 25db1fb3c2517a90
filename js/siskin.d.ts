/** Siskin: neural-network inference in web pages. The public types; tests/types checks them against the code. */

/** ONNX's element types, and the array of each: of the elements, or of their bits (16-bit floats), or of packed bytes. */
export interface Arrays {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  bool: Uint8Array;
  string: string[];
  int4: Uint8Array;
  uint4: Uint8Array;
  int2: Uint8Array;
  uint2: Uint8Array;
  float4e2m1: Uint8Array;
  float8e4m3fn: Uint8Array;
  float8e4m3fnuz: Uint8Array;
  float8e5m2: Uint8Array;
  float8e5m2fnuz: Uint8Array;
  float8e8m0: Uint8Array;
}

export type ElementType = keyof Arrays;
export type DataOf<T extends ElementType> = Arrays[T];
export type TensorData = DataOf<ElementType>;

export class Tensor<T extends ElementType = ElementType> {
  /**
   * @param data kept, not copied. Also taken: Uint8ClampedArray for uint8, Float16Array for float16, a plain array of
   *   numbers (of bigints for the 64-bit types), an ArrayBuffer of the elements' bytes.
   * @param dims by default one dimension, the data's length. [] is a scalar.
   * @throws SiskinError bad-type, bad-shape
   */
  constructor(
    type: T,
    data: DataOf<T> | ArrayBufferView | ArrayBuffer | readonly unknown[],
    dims?: readonly number[],
  );
  readonly type: T;
  readonly dims: readonly number[];
  readonly data: DataOf<T>;
  /** The elements as float32: float16 and bfloat16 decoded, other numbers converted, float32's own array as it is. */
  toFloat32(): Float32Array;
}

/** `code` of a SiskinError. The first lines are the engine's, the others the loader's. */
export type ErrorCode =
  | 'out-of-memory'
  | 'malformed-model'
  | 'unsupported'
  | 'bad-name'
  | 'bad-type'
  | 'bad-shape'
  | 'bad-value'
  | 'limit'
  | 'bad-state'
  | 'missing-external-data'
  | 'bad-option' // an option of a call makes no sense
  | 'bad-source' // nothing that bytes could be read from
  | 'network' // no answer, or it broke off
  | 'http' // an answer of another status than 2xx, which is in `status`
  | 'file' // Node: the file cannot be read
  | 'html' // a page came back where a model or wasm was expected
  | 'integrity' // the bytes are not those of the hash
  | 'wasm' // no WebAssembly SIMD, or the wasm does not compile
  | 'version-mismatch' // the wasm, the worker and the entry are not of one build
  | 'crashed' // the engine or its worker broke down: this model is lost, others are not
  | 'disposed'
  | 'internal'; // a mistake of ours

export class SiskinError extends Error {
  constructor(code: ErrorCode, message: string, more?: { cause?: unknown; status?: number });
  readonly name: 'SiskinError';
  readonly code: ErrorCode;
  /** Of code http. */
  readonly status?: number;
}

/** Where bytes come from. In Node a string without a scheme is a path; elsewhere it resolves against the page. */
export type Source =
  | string
  | URL
  | Request
  | Response
  | Blob
  | ArrayBuffer
  | SharedArrayBuffer
  | ArrayBufferView;

export interface Progress {
  /** download and compile run side by side; load, which reads and optimises the graph, follows. */
  phase: 'download' | 'compile' | 'load';
  /** Bytes of all files together while downloading; 0 or 1 in the other phases. */
  loaded: number;
  /** null: not known. */
  total: number | null;
}

export interface LoadOptions {
  onProgress?: (progress: Progress) => void;
  /** Aborts the load, which then rejects with the signal's reason (an AbortError by default), as fetch does. */
  signal?: AbortSignal;
  /** 'sha256-' and the model's hash in base64. Checked while the bytes arrive. */
  integrity?: string;
  /**
   * true, the default in pages: the engine runs in a worker of its own. false, the default everywhere else: in slices
   * of 8 ms where load is called. A model: in the same worker as that one.
   */
  worker?: boolean | Model;
  /** Where dist/worker.js is, when a bundler cannot find it. Same origin. */
  workerUrl?: string | URL;
  /**
   * Threads that predictions run on, by default up to 4 for models of a megabyte or more; of all models together no
   * more than there are cores. Pages have threads when they are cross-origin isolated (headers COOP and COEP).
   */
  threads?: number;
  /** Which build of the engine; auto takes relaxed where the browser has it. */
  simd?: 'auto' | 'relaxed' | 'simd128';
  /** The same bits on every machine, somewhat slower: takes the simd128 build. */
  deterministic?: boolean;
  /** Bytes that the engine may hold for this model: beyond, out-of-memory. */
  maxMemory?: number;
  /** Files that the model names, by the path it has for them. Nothing else is ever fetched. */
  externalData?: Record<string, Source | Promise<Source>>;
  /** Where the engine's wasm is: a folder's URL, a URL for each build, its bytes, or compiled. */
  wasm?:
    | { base: string | URL }
    | { urls: { [build in Build | `${Build}-threads`]?: string | URL } }
    | { binary: BufferSource }
    | { module: WebAssembly.Module };
  /**
   * For diagnosis: no optional passes, memory that fails from the Nth request on; with the build siskin-tools.wasm
   * also scalar kernels, every node compared with them, and portable: only passes whose result ONNX can say.
   */
  debug?: {
    reference?: boolean;
    noFusion?: boolean;
    check?: boolean;
    portable?: boolean;
    failAfter?: number;
  };
}

export interface ValueInfo<Type = ElementType> {
  readonly name: string;
  readonly type: Type;
  /** A dynamic dimension is its symbol's name or null; null altogether when the rank is not known. */
  readonly dims: readonly (number | string | null)[] | null;
  /** Absent for a tensor. Of both, type is that of the elements; a map has one for each key. */
  readonly kind?: 'sequence' | 'map';
  /** Of a map's keys, or of the maps' in a sequence. */
  readonly keys?: 'string' | 'int64';
  /** It may be left out, or null. */
  readonly optional?: true;
  /** An input whose values decide shapes: for a warm-up they have to be known. */
  readonly shapes?: true;
}

type Build = 'simd128' | 'relaxed';

export interface ModelInfo {
  version: string;
  build: Build;
  /** On how many threads predictions run. When it is one for lack of something, notes say of what. */
  threads: number;
  /** Where the wasm came from: its URL, or 'inline', 'binary', 'module'. */
  wasm: string;
  /** Whether the engine runs in a worker. */
  worker: boolean;
  /** Bytes of this model's wasm memory, as of the last call. */
  memory: number;
  /** What was tried and did not work, such as a worker that did not start. */
  notes: string[];
}

export type Input =
  | Tensor
  | ArrayBufferView
  | { type: ElementType; data: TensorData; dims: readonly number[] };
/** A map's keys may be strings or int64; an int64 key of an output becomes text. */
export type MapInput = Map<string | number | bigint, unknown> | Record<string, unknown>;
/** By name. A sequence is an array of tensors; null, or nothing, an optional input that is not given. */
export type Inputs = Record<string, Input | readonly string[] | readonly Tensor[] | MapInput | null>;

/** A sequence is an array, a map a plain object without a prototype, an absent optional null. */
export type Value = Tensor | Value[] | Record<string, string | number | bigint> | null;

export interface PredictOptions {
  /** Aborts this prediction, queued or running; it rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The names wanted; by default all but those in `keep`. */
  outputs?: readonly string[];
  /** Gives the inputs' buffers away instead of copying them. */
  transfer?: boolean;
  /** {output: input}: keeps an output inside the engine as that input of the next prediction, which may leave it out. */
  keep?: Record<string, string>;
}

export interface ProfileOptions {
  /** How many predictions to time, after one to warm up; 10 by default. */
  runs?: number;
  /** Aborts it; it rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** One step of a prediction: a node that the optimised model still has. */
export interface ProfileStep {
  op: string;
  /** The node's name, or its output's when it has none. */
  node: string;
  /** Per prediction. More than one in the body of a loop. */
  calls: number;
  /** Per prediction, in milliseconds. */
  ms: number;
  /** Of the whole prediction: 0 to 1. */
  share: number;
  /** Of the first output. */
  type?: ElementType | 'unknown';
  dims?: number[];
  /** The algorithm chosen, where there are several. */
  way?: string;
  /** Multiply-accumulates per call, where they matter; only the build siskin-tools.wasm counts them. */
  macs?: number;
}

/** Times in milliseconds, spent in the engine, so without copies and messages. */
export interface Profile {
  /** How many predictions the times are the mean of: the faster half of those that were run. */
  runs: number;
  /** A prediction; the steps' sum is less by what the executor needs between them. */
  ms: number;
  /** Since the model was loaded: reading and optimising the graph; planning for new shapes; of that, packing weights. */
  load: number;
  bind: number;
  pack: number;
  /** In the order of execution. */
  steps: ProfileStep[];
}

export interface Model extends AsyncDisposable {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo<ElementType | 'unknown'>[];
  readonly info: ModelInfo;
  /**
   * Calls queue; one that fails leaves the model as it was. A model's single input needs no name, and a typed array is
   * enough where the shape is fixed but for at most one dimension, which its length then decides. Inputs are copied at
   * the call. The result has no prototype; its tensors are the caller's. Of a model whose outputs are not all tensors say
   * so: predict<Record<string, Value>>(...).
   */
  predict<Outputs extends Record<string, Value> = Record<string, Tensor>>(
    inputs: Inputs | Input,
    options?: PredictOptions,
  ): Promise<Outputs>;
  /** Plans and packs for these shapes ahead of the first prediction. An input whose values decide shapes as a Tensor. */
  warmup(
    shapes?: Record<string, readonly number[] | Input>,
    options?: { signal?: AbortSignal },
  ): Promise<void>;
  /**
   * Where the time goes: runs a few predictions and times each step of them. Without inputs those of the last
   * prediction serve.
   */
  profile(inputs?: Inputs | Input, options?: ProfileOptions): Promise<Profile>;
  /**
   * For diagnosis; the forms may change. io and memory always; the others with the build siskin-tools.wasm (option
   * `wasm`): graph as text, plan after a warm-up or prediction, check with debug.check.
   */
  describe(what: 'graph'): Promise<string>;
  // biome-ignore lint/suspicious/noExplicitAny: a different object for each, and not part of the contract
  describe(what: 'io' | 'model' | 'plan' | 'memory' | 'check'): Promise<any>;
  /** Ends the model and gives its memory back; calls under way reject with code disposed. Any number of times. */
  dispose(): Promise<void>;
}

/**
 * Loads an ONNX model.
 * @throws SiskinError, or the signal's reason
 */
export function load(source: Source | Promise<Source>, options?: LoadOptions): Promise<Model>;
