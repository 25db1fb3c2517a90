// Makes a wasm file smaller once it is compressed: node web/shrink.js FILE
//
// What is compressed well is what was seen before. A third of a module's compressed bytes say which local an instruction means,
// and which number a local has is arbitrary: here locals of one type exchange numbers as long as that makes a function's bytes
// more likely, given those of all other functions. Then functions are put in an order in which neighbours have much in
// common. The instructions stay what and where they are. (Exchanging operands as well, where their order does not matter,
// made it larger again.)
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readModule, writeModule } from './wasm.js';

/** @typedef {import('./wasm.js').Body} Body */

const ROUNDS = 6;
const TRUST = 5; // how often a context must have been seen to weigh as much as the shorter one
const SLOTS = 20; // bits of a hash
const LONG = 4; // bytes of the longer context; the shorter one is of one byte

/** How likely a byte is after those before it: counts of what followed the last byte and the last four, hashed. */
class Model {
  seen = [1, LONG].map((length) => ({
    length,
    bytes: new Int32Array(1 << SLOTS),
    contexts: new Int32Array(1 << SLOTS),
  }));
  single = new Int32Array(256);
  total = 0;

  /** Counts a function's bytes, or with -1 no longer. @param {Uint8Array} code @param {number} weight */
  count(code, weight) {
    for (let i = 0; i < code.length; i++) {
      this.single[code[i]] += weight;
      this.total += weight;
      for (const { length, bytes, contexts } of this.seen) {
        const context = hash(code, i, length);
        bytes[slot(context, code[i] + 1)] += weight;
        contexts[slot(context, 0)] += weight;
      }
    }
  }

  /** What byte i costs, in bits. @param {Uint8Array} code @param {number} i */
  bits(code, i) {
    let likely = (this.single[code[i]] + 0.5) / (this.total + 128);
    for (const { length, bytes, contexts } of this.seen) {
      const context = hash(code, i, length);
      const times = Math.min(bytes[slot(context, code[i] + 1)], contexts[slot(context, 0)]);
      likely = (times + TRUST * likely) / (contexts[slot(context, 0)] + TRUST);
    }
    return -Math.log2(likely);
  }
}

/** @param {Uint8Array} code @param {number} i @param {number} length */
function hash(code, i, length) {
  let h = length;
  for (let k = 1; k <= length; k++) h = Math.imul(h ^ (i < k ? 255 : code[i - k]), 0x85ebca6b) ^ (h >>> 13);
  return h;
}

/** @param {number} context @param {number} what */
const slot = (context, what) =>
  Math.imul(context ^ Math.imul(what + 1, 0x27d4eb2f), 0xc2b2ae35) >>> (32 - SLOTS);

/** The bytes that depend on those at the given places. @param {Uint8Array} code @param {number[]} places */
function affected(code, places) {
  const all = new Set();
  for (const place of places) for (let i = place; i <= place + LONG && i < code.length; i++) all.add(i);
  return [...all];
}

/** Does what `change` does when that makes the bytes at the places and behind cheaper; change() undoes itself. */
function attempt(model, code, places, change) {
  const bytes = affected(code, places);
  const cost = () => bytes.reduce((sum, i) => sum + model.bits(code, i), 0);
  const before = cost();
  change();
  if (cost() < before - 0.01) return true;
  change();
  return false;
}

/** One round of exchanges in one function. @param {Model} model @param {Body} body */
function improve(model, body) {
  const { code, locals, params, starts } = body;
  const uses = locals.map(() => []);
  for (const at of starts) if (code[at] >= 0x20 && code[at] <= 0x22) uses[code[at + 1]].push(at + 1);
  const far = locals.length > 60 ? 6 : locals.length > 30 ? 12 : 64; // all pairs of a large function take too long
  for (let a = params; a < locals.length; a++) {
    for (let b = a + 1; b < locals.length && b <= a + far; b++) {
      if (locals[a] !== locals[b]) continue;
      attempt(model, code, [...uses[a], ...uses[b]], () => {
        [uses[a], uses[b]] = [uses[b], uses[a]];
        for (const place of uses[a]) code[place] = a;
        for (const place of uses[b]) code[place] = b;
      });
    }
  }
}

/** @param {Body[]} bodies */
function exchange(bodies) {
  const model = new Model();
  const small = bodies.filter(({ locals }) => locals.length <= 128); // whose locals are all of one byte
  for (const { code } of bodies) model.count(code, 1);
  for (let round = 0; round < ROUNDS; round++) {
    for (const body of small) {
      model.count(body.code, -1);
      improve(model, body);
      model.count(body.code, 1);
    }
  }
}

const PIECE = 5; // bytes that functions may have in common
const COMMON = 200; // pieces that more functions than these have say nothing
const BACK = 8; // so many functions before are looked at
const SAME_TYPE = 2; // as good as so many rare pieces

/** For each function the pieces that some others have as well, and for each piece those functions. */
function pieces(bodies) {
  const all = bodies.map(({ code }) => {
    const own = new Set();
    for (let i = PIECE; i <= code.length; i++) own.add(hash(code, i, PIECE));
    return own;
  });
  const having = new Map();
  all.forEach((own, i) => {
    for (const piece of own) {
      if (!having.has(piece)) having.set(piece, []);
      having.get(piece).push(i);
    }
  });
  const telling = (piece) => having.get(piece).length > 1 && having.get(piece).length <= COMMON;
  return { having, sizes: all.map((own) => own.size), own: all.map((own) => [...own].filter(telling)) };
}

/** An order of the functions in which each has much in common with those before it. @param {Body[]} bodies */
function similar(bodies) {
  const { having, sizes, own } = pieces(bodies);
  const left = new Set(bodies.keys());
  const order = [];
  const score = new Float64Array(bodies.length);
  for (let next = 0; ; ) {
    order.push(next);
    left.delete(next);
    if (!left.size) return order;
    score.fill(0);
    for (let back = 0; back < BACK && back < order.length; back++) {
      for (const piece of own[order[order.length - 1 - back]]) {
        const others = having.get(piece);
        for (const other of others) score[other] += 1 / (1 + back) / others.length;
      }
    }
    let most = -1;
    const last = bodies[next].type;
    for (const i of left) {
      const shared = score[i] && (score[i] + (bodies[i].type === last ? SAME_TYPE : 0)) / (sizes[i] + 20);
      if (shared > most) [most, next] = [shared, i];
    }
  }
}

/** @param {Uint8Array} file a wasm file */
export function shrink(file) {
  const module = readModule(file);
  exchange(module.bodies);
  return writeModule(module, similar(module.bodies));
}

const [program, file] = process.argv.slice(1);
if (program === fileURLToPath(import.meta.url)) writeFileSync(file, shrink(readFileSync(file)));
