/** What the command line says of itself, and the one kind of error it ends with: one line, exit code 2. */

export const USAGE = `Siskin ${typeof __SK_VERSION__ === 'string' ? __SK_VERSION__ : ''} runs neural networks given as ONNX.

  siskin info MODEL [options]       inputs, outputs, operators, parameters, multiply-accumulates, memory plan
  siskin run MODEL -i NAME=VALUE..  one prediction
  siskin quantize MODEL -o OUT.onnx a smaller model, of 8 or 4 bits, as standard ONNX
  siskin eval MODEL --data DATA     what a model gets right, and how fast

Options of info
  --shape NAME=1,3,224,224          a shape for an input with dynamic dimensions (the others become 1)
  --graph                           the optimised graph, node by node
  --plan                            every step with the place of its outputs in memory

Options of run
  -i, --input NAME=VALUE            VALUE is FILE.npy, FILE.png, FILE.jpg, a number, a JSON array of numbers (of strings,
                                    of arrays for a sequence, an object for a map, null for an absent optional), or
                                    random:SHAPE, zeros:SHAPE. NAME= may be left out for the only input
  -o, --output DIR                  write each output to DIR/NAME.npy
  --mean M,M,M --std S,S,S          of image inputs, on the scale 0..1 (default: mean 0, std 1)
  --raw                             image inputs keep 0..255
  --check-nodes                     compare every node's output with the scalar reference kernels
  --repeat N                        run N times and print the fastest and median time
  --profile                         print where the time goes, by operator and by node
  --runs N                          of --profile: how many predictions to time (default: 20)

Options of quantize
  --calibrate DATA                  activations too: their ranges are taken from predictions on this data
  --dynamic, --weight-only          instead: ranges found at each prediction; only the weights
  --activations u8|s8|u7            their type; u7 is 0..127, by a Clip in front (default: u8)
  --weights s7|s8|int4              their type; s7 is -64..63, int4 for --weight-only (default: s7, --weight-only: s8)
  --method METHOD                   from what is seen to a range: minmax, percentile, entropy or mse (default:
                                    percentile)
  --percentile P                    of that method: numbers out of a hundred that stay in range (default: 99.99)
  --per-channel, --per-tensor       scales of weights (default: --per-channel)
  --block N, --matmul-nbits         of int4: weights that share a scale (default: 64); onnxruntime's MatMulNBits
  --exclude NODE,NODE               nodes that stay float32, by name or by the name of what they give
  -o, --output OUT.onnx             written as a whole or not at all

Options of eval
  --data DATA                       inputs and what would be right
  --against MODEL                   compare with another model on the same data
  -o, --output NAME                 the output with the scores or the class (default: the first)
  --top K,K                         of top-k accuracy (default: 1,5)

Options of both quantize and eval   DATA is a folder of images, in folders named by class; an .npz with an array for each
                                    input (and 'label'), samples first; a .csv, one sample a line, its class last
  --samples N                       take so many, evenly (default: quantize 200, eval all)
  --mean, --std, --raw, --external, --json   as below and above

Options of info and run
  --external PATH=FILE              a file of external data, as the model names it (default: beside the model)
  --simd auto|relaxed|simd128       which build to use
  --json                            print JSON
  -h, --help   -v, --version
`;

/** An error of the caller's: its message is the line to print. */
export class UsageError extends Error {}

/** @param {string} message @returns {never} */
export function wrong(message) {
  throw new UsageError(message);
}
