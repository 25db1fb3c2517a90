// Reads a wasm file into functions and their instructions, as far as web/shrink.js wants to know them, and writes it again.
// Knows what Emscripten emits for C; stops at anything else.

const SECTION = { types: 1, imports: 2, functions: 3, exports: 7, start: 8, elements: 9, code: 10 };

/** An unsigned LEB128 number: [its value, where it ends]. @param {Uint8Array} bytes @param {number} at */
function number(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return [value, at];
  }
}

/** @param {number} value */
function leb(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128);
  return Uint8Array.of(...bytes, value);
}

/** @param {Uint8Array} bytes @param {number} at */
const past = (bytes, at) => number(bytes, at)[1];

/**
 * Where the immediate operands of an instruction end that are of no interest.
 * @param {Uint8Array} code @param {number} opcode @param {number} at
 */
function pastOperands(code, opcode, at) {
  if (opcode === 0x02 || opcode === 0x03 || opcode === 0x04) return past(code, at); // block, loop, if
  if (opcode === 0x0c || opcode === 0x0d) return past(code, at); // br, br_if
  if (opcode === 0x0e) {
    let [count, end] = number(code, at); // br_table
    for (; count >= 0; count--) end = past(code, end);
    return end;
  }
  if (opcode === 0x11) return past(code, past(code, at)); // call_indirect
  if (opcode === 0x1c) return number(code, at)[0] + past(code, at); // select of a type
  if (opcode === 0x23 || opcode === 0x24) return past(code, at); // global.get, global.set
  if (opcode >= 0x28 && opcode <= 0x3e) return past(code, past(code, at)); // loads and stores
  if (opcode >= 0x3f && opcode <= 0x42) return past(code, at); // memory.size, memory.grow, constants
  if (opcode === 0x43) return at + 4;
  if (opcode === 0x44) return at + 8;
  const plain = opcode <= 1 || opcode === 5 || opcode === 0x0b || opcode === 0x0f || opcode === 0x1a;
  if (plain || opcode === 0x1b || (opcode >= 0x45 && opcode <= 0xc4)) return at;
  if (opcode < 0xfc || opcode > 0xfe) throw new Error(`wasm instruction ${opcode} is unknown`);
  const [second, end] = number(code, at);
  if (opcode === 0xfe) return second === 3 ? end + 1 : past(code, past(code, end)); // fence, atomics
  if (opcode === 0xfc) {
    if (second <= 7) return end; // conversions that saturate
    if (second <= 11) return past(code, second === 8 || second === 10 ? past(code, end) : end); // bulk memory
    throw new Error(`wasm instruction 252 ${second} is unknown`);
  }
  if (second <= 11 || second === 92 || second === 93) return past(code, past(code, end)); // SIMD loads and stores
  if (second === 12 || second === 13) return end + 16; // v128.const, shuffle
  if (second >= 21 && second <= 34) return end + 1; // lanes
  if (second >= 84 && second <= 91) return past(code, past(code, end)) + 1; // lanes of memory
  return end;
}

/**
 * A function's code: how many bytes declare its locals, and where its instructions begin and which they are.
 * @typedef {{type: number, params: number, locals: number[], code: Uint8Array, starts: number[]}} Body
 */

/** @param {Uint8Array} bytes @param {number} type @param {number[]} params @returns {Body} */
function readBody(bytes, type, params) {
  const locals = [...params];
  let [groups, at] = number(bytes, 0);
  for (; groups > 0; groups--) {
    const [count, end] = number(bytes, at);
    for (let i = 0; i < count; i++) locals.push(bytes[end]);
    at = end + 1;
  }
  const code = bytes.slice(at);
  const starts = [];
  for (at = 0; at < code.length; ) {
    const opcode = code[at];
    starts.push(at++);
    const one = opcode === 0x10 || (opcode >= 0x20 && opcode <= 0x22); // call, local.get, local.set, local.tee
    at = one ? past(code, at) : pastOperands(code, opcode, at);
  }
  return { type, params: params.length, locals, code, starts };
}

/** The members of a section that is a list; read(at) gives [member, its end]. */
function list(bytes, read) {
  const members = [];
  let [count, at] = number(bytes, 0);
  for (; count > 0; count--) {
    const [member, end] = read(at);
    members.push(member);
    at = end;
  }
  return members;
}

/** @param {Uint8Array} bytes */
function importedFunctions(bytes) {
  const kinds = list(bytes, (at) => {
    for (let i = 0; i < 2; i++) at = number(bytes, at)[0] + past(bytes, at);
    const kind = bytes[at++];
    if (kind === 0) return [kind, past(bytes, at)];
    if (kind === 3) return [kind, at + 2];
    if (kind === 1) at++;
    const limits = bytes[at++];
    return [kind, limits & 1 ? past(bytes, past(bytes, at)) : past(bytes, at)];
  });
  return kinds.filter((kind) => kind === 0).length;
}

/** @param {Uint8Array} file */
export function readModule(file) {
  const sections = [];
  for (let at = 8; at < file.length; ) {
    const [size, start] = number(file, at + 1);
    sections.push({ id: file[at], bytes: file.subarray(start, start + size) });
    at = start + size;
  }
  const section = (id) => sections.find((one) => one.id === id)?.bytes ?? Uint8Array.of(0);
  const typeBytes = section(SECTION.types);
  const params = list(typeBytes, (at) => {
    const [count, start] = number(typeBytes, at + 1);
    const [results, end] = number(typeBytes, start + count);
    return [[...typeBytes.subarray(start, start + count)], end + results];
  });
  const types = list(section(SECTION.functions), (at) => number(section(SECTION.functions), at));
  const code = section(SECTION.code);
  let i = 0;
  const bodies = list(code, (at) => {
    const [size, start] = number(code, at);
    const type = types[i++];
    return [readBody(code.subarray(start, start + size), type, params[type]), start + size];
  });
  return {
    header: file.subarray(0, 8),
    sections,
    bodies,
    imported: importedFunctions(section(SECTION.imports)),
  };
}

/** A section's bytes with the functions it names renumbered. */
function renumbered({ id, bytes }, rename) {
  const out = [];
  let [count, at] = number(bytes, 0);
  if (id === SECTION.start) return leb(rename(count));
  const from = 0;
  out.push(bytes.subarray(from, at));
  for (; count > 0; count--) {
    const start = at;
    if (id === SECTION.exports) {
      const kind = number(bytes, at)[0] + past(bytes, at);
      const [index, end] = number(bytes, kind + 1);
      out.push(bytes.subarray(start, kind + 1), leb(bytes[kind] === 0 ? rename(index) : index));
      at = end;
      continue;
    }
    if (bytes[at] !== 0 || bytes[at + 1] !== 0x41)
      throw new Error('a wasm table is filled in an unknown way');
    let [entries, end] = number(bytes, past(bytes, at + 2) + 1); // its offset, a constant, and end
    out.push(bytes.subarray(start, end));
    for (; entries > 0; entries--) {
      const [index, next] = number(bytes, end);
      out.push(leb(rename(index)));
      end = next;
    }
    at = end;
  }
  return Buffer.concat(out);
}

/** @param {Body} body @param {(index: number) => number} rename */
function writeBody({ params, locals, code, starts }, rename) {
  const groups = [];
  for (const type of locals.slice(params)) {
    if (groups.at(-1)?.type === type) groups.at(-1).count++;
    else groups.push({ type, count: 1 });
  }
  const out = [leb(groups.length), ...groups.flatMap(({ type, count }) => [leb(count), Uint8Array.of(type)])];
  let done = 0;
  for (const at of starts) {
    if (code[at] !== 0x10) continue;
    const [index, end] = number(code, at + 1);
    out.push(code.subarray(done, at + 1), leb(rename(index)));
    done = end;
  }
  return Buffer.concat([...out, code.subarray(done)]);
}

/**
 * The file with its functions in another order.
 * @param {ReturnType<typeof readModule>} module @param {number[]} order the functions' old places
 */
export function writeModule({ header, sections, bodies, imported }, order) {
  const place = [];
  order.forEach((old, now) => {
    place[old] = now;
  });
  const rename = (index) => (index < imported ? index : imported + place[index - imported]);
  const out = [header];
  for (const section of sections) {
    let bytes = section.bytes;
    if (section.id === SECTION.functions) {
      bytes = Buffer.concat([leb(order.length), ...order.map((old) => leb(bodies[old].type))]);
    } else if (section.id === SECTION.code) {
      const written = order.map((old) => writeBody(bodies[old], rename));
      bytes = Buffer.concat([leb(order.length), ...written.flatMap((one) => [leb(one.length), one])]);
    } else if ([SECTION.exports, SECTION.start, SECTION.elements].includes(section.id)) {
      bytes = renumbered(section, rename);
    }
    out.push(Uint8Array.of(section.id), leb(bytes.length), bytes);
  }
  return Buffer.concat(out);
}
