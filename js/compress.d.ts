/** siskin/compress: makes models smaller and measures what that costs. Works in Node and in pages. */
import type { Input, Inputs, LoadOptions, Model, Source } from './siskin.js';

/** One prediction's inputs. */
export type Sample = Inputs | Input;
/** Gone over once or twice; a one-off iterable is kept in memory when twice. */
export type Samples<T = Sample> = Iterable<T> | AsyncIterable<T> | (() => Iterable<T> | AsyncIterable<T>);

export interface CompressProgress {
  /** ranges, histograms: calibration; quantize; evaluate, compare. */
  phase: string;
  done: number;
  /** null: not known. */
  total: number | null;
}

export interface CompressOptions {
  onProgress?: (progress: CompressProgress) => void;
  /** Aborts the work, which rejects with the signal's reason. */
  signal?: AbortSignal;
  worker?: boolean;
  externalData?: LoadOptions['externalData'];
  maxMemory?: number;
  /** Where siskin-tools.wasm is; by default beside this file. */
  wasm?: LoadOptions['wasm'];
}

export interface QuantizeOptions extends CompressOptions {
  /**
   * static, the default: activations in ranges that `data` shows, as pairs of QuantizeLinear and DequantizeLinear.
   * dynamic: ranges found at each prediction, as ConvInteger and MatMulInteger. weights: only the weights.
   */
  form?: 'static' | 'dynamic' | 'weights';
  /** For static: inputs as predictions will have them; a hundred are often enough. */
  data?: Samples;
  /** u8 by default; u7: 0..127, by a Clip in front, which allows faster products. */
  activations?: 'u8' | 's8' | 'u7';
  /** s7 (-64..63) by default, which allows faster products; s8 for form weights; int4 only there. */
  weights?: 's7' | 's8' | 'int4';
  /** How ranges follow from what was seen; percentile by default, which leaves out the rarest of the largest numbers. */
  method?: 'minmax' | 'percentile' | 'entropy' | 'mse';
  /** Of method percentile: how many of a hundred numbers stay in range; 99.99 by default. */
  percentile?: number;
  /** true by default: a scale for each output channel of weights. */
  perChannel?: boolean;
  /** Of int4: weights that share a scale; 64 by default. */
  block?: number;
  /** Of int4: matrix products as onnxruntime's MatMulNBits. */
  matMulNBits?: boolean;
  /** Names of nodes, or of what they give, that stay float32. */
  exclude?: readonly string[];
  onReport?: (report: QuantizeReport) => void;
}

export interface QuantizeReport {
  opset: number;
  /** Quantized activations. */
  values: number;
  products: { op: string; node: string }[];
}

/**
 * A quantized model as an ONNX file, which any run-time for ONNX can load.
 * @throws SiskinError, or the signal's reason
 */
export function quantize(model: Source, options?: QuantizeOptions): Promise<Uint8Array>;

export interface EvaluateSample {
  inputs: Sample;
  /** The class that it is of; absent: unknown. */
  label?: number | string;
}

export interface EvaluateOptions extends CompressOptions {
  data: Samples<EvaluateSample>;
  /** Another model, which gets the same inputs. */
  against?: Source | Model;
  /** The output that holds the scores, or the class; by default the first. */
  output?: string;
  /** Which k of top-k accuracy; [1, 5] by default, as far as there are so many classes. */
  top?: readonly number[];
  /** Names of the classes, for labels that are texts. */
  classes?: readonly string[];
  load?: LoadOptions;
}

export interface Scores {
  /** Share of samples whose class is found, 0 to 1. */
  accuracy: number;
  top: Record<string, number>;
  /** Means over the classes that occur. */
  precision: number;
  recall: number;
  f1: number;
  /** Area under the curve of true against false positives; mean of one class against the rest. null: no scores. */
  auc: number | null;
  classes: {
    name: string;
    count: number;
    precision: number;
    recall: number;
    f1: number;
    auc: number | null;
    /** Points [false positives, true positives] of the curve, at most 101. */
    curve: [number, number][];
  }[];
  /** confusion[actual][predicted] */
  confusion: number[][];
}

export interface Measured {
  /** Of the model's file, when known. */
  bytes: number | null;
  /** Most bytes that the engine held, and those of the wasm memory. */
  peak: number;
  memory: number;
  /** Milliseconds of a prediction, the first not counted. */
  latency: { p50: number; p95: number; p99: number; mean: number };
}

export interface Evaluation extends Measured {
  samples: number;
  labelled: number;
  /** null: there were no labels. */
  scores: Scores | null;
  against?: Measured & {
    scores: Scores | null;
    /** Share of samples for which both find the same class. */
    agreement: number | null;
    /** Largest difference of an output, relative to its largest magnitude, and the mean of these over samples. */
    difference: { largest: number; mean: number };
  };
}

/** What a model gets right, how fast, and how it compares with another. */
export function evaluate(model: Source | Model, options: EvaluateOptions): Promise<Evaluation>;
