// Is an output what the vector expects? Types and shapes exactly, floats within the vectors' own tolerance.

const TOLERANCE = { rtol: 1e-3, atol: 1e-5 };

const isFloat = (type) => /^b?float(16|32|64)$/.test(type);
const values = (t) => (/^b?float16$/.test(t.type) ? t.toFloat32() : t.data);

function same(type, a, b, { rtol, atol }) {
  if (!isFloat(type)) return a === b;
  if (Number.isNaN(b)) return Number.isNaN(a);
  if (!Number.isFinite(b)) return a === b;
  return Math.abs(a - b) <= atol + rtol * Math.abs(b);
}

/** Sequences and maps: item by item. */
function listDifference(got, wanted, tolerance) {
  const names = Object.keys(wanted);
  if (!got || `${Object.keys(got)}` !== `${names}`) return `has not the items ${names}`;
  for (const name of names) {
    const text =
      typeof wanted[name] === 'number'
        ? same('float32', got[name], wanted[name], tolerance)
          ? ''
          : `is ${got[name]}, not ${wanted[name]}`
        : difference(got[name], wanted[name], tolerance);
    if (text) return `item ${name} ${text}`;
  }
  return '';
}

/**
 * @param {import('../../js/siskin.d.ts').Value} got
 * @param {import('../../js/siskin.d.ts').Value} wanted
 * @param {{rtol: number, atol: number}} [tolerance]
 * @returns {string} '' when they agree, else what differs
 */
export function difference(got, wanted, tolerance = TOLERANCE) {
  if (!wanted || !got) return wanted === got ? '' : `is ${got}, not ${wanted}`;
  if (!wanted.dims) return listDifference(got, wanted, tolerance);
  if (got.type !== wanted.type) return `is ${got.type}, not ${wanted.type}`;
  if (`${got.dims}` !== `${wanted.dims}`) return `is [${got.dims}], not [${wanted.dims}]`;
  const a = values(got);
  const b = values(wanted);
  let wrong = 0;
  let first = -1;
  for (let i = 0; i < b.length; i++) {
    if (same(got.type, a[i], b[i], tolerance)) continue;
    if (!wrong++) first = i;
  }
  return wrong
    ? `${wrong} of ${b.length} elements differ, the first at ${first}: ${a[first]}, not ${b[first]}`
    : '';
}
