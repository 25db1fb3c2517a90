/** What the command line says of itself, and the one kind of error it ends with: one line, exit code 2. */

export const USAGE = `Siskin ${typeof __SK_VERSION__ === 'string' ? __SK_VERSION__ : ''} runs neural networks given as ONNX.

  siskin info MODEL [options]       inputs, outputs, operators, parameters, multiply-accumulates, memory plan
  siskin run MODEL -i NAME=VALUE..  one prediction

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

Options of both
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
