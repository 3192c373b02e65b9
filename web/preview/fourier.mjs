// @ts-check
// Convolution by the discrete Fourier transform on a complex lattice whose sides are products of 2 and 3.

/** @typedef {{readonly radix: number, readonly rest: number, readonly cos: Float64Array, readonly sin: Float64Array}} Stage */

/** @type {Map<number, Stage[]>} */
const stages = new Map();

/** Butterflies of a side, and what they turn by. @param {number} size @returns {Stage[]} */
function stagesOf(size) {
  const known = stages.get(size);
  if (known) return known;
  /** @type {Stage[]} */
  const made = [];
  for (let left = size; left > 1; ) {
    const radix = left % 4 === 0 ? 4 : left % 2 === 0 ? 2 : 3;
    const rest = left / radix;
    const angle = (/** @type {number} */ i) => (-2 * Math.PI * Math.floor(i / radix) * (i % radix)) / left;
    const turns = Float64Array.from({ length: radix * rest }, (_, i) => angle(i));
    made.push({ radix, rest, cos: turns.map(Math.cos), sin: turns.map(Math.sin) });
    left = rest;
  }
  stages.set(size, made);
  return made;
}

/** The least product of 2 and 3 that is not below n. @param {number} n */
export function smoothSide(n) {
  for (let size = n; ; size++) {
    let left = size;
    while (left % 2 === 0) left /= 2;
    while (left % 3 === 0) left /= 3;
    if (left === 1) return size;
  }
}

const THIRD = Math.sqrt(3) / 2;

/** @typedef {[Float64Array, Float64Array]} Lattice real and imaginary part */

/**
 * Transforms the columns of a lattice (unscaled; the other direction is this one with the parts exchanged), by Stockham's
 * algorithm: each stage goes over whole rows, which lie one after the other.
 * @param {Lattice} from @param {Lattice} to is overwritten @param {number} width @param {number} height
 * @returns {boolean} whether the result is in to
 */
function transformColumns(from, to, width, height) {
  let [[re, im], [outRe, outIm]] = [from, to];
  let run = width;
  let swapped = false;
  for (const { radix, rest, cos, sin } of stagesOf(height)) {
    for (let p = 0; p < rest; p++) {
      const a = p * run;
      const apart = rest * run;
      const into = radix * p * run;
      const [c1, s1, c2, s2] = [cos[radix * p + 1], sin[radix * p + 1], cos[radix * p + 2], sin[radix * p + 2]];
      if (radix === 4) {
        const [c3, s3] = [cos[4 * p + 3], sin[4 * p + 3]];
        for (let q = 0; q < run; q++) {
          const i = a + q;
          const sumRe = re[i] + re[i + 2 * apart];
          const sumIm = im[i] + im[i + 2 * apart];
          const restRe = re[i] - re[i + 2 * apart];
          const restIm = im[i] - im[i + 2 * apart];
          const otherRe = re[i + apart] + re[i + 3 * apart];
          const otherIm = im[i + apart] + im[i + 3 * apart];
          const turnedRe = im[i + apart] - im[i + 3 * apart];
          const turnedIm = re[i + 3 * apart] - re[i + apart];
          const o = into + q;
          outRe[o] = sumRe + otherRe;
          outIm[o] = sumIm + otherIm;
          let x = restRe + turnedRe;
          let y = restIm + turnedIm;
          outRe[o + run] = x * c1 - y * s1;
          outIm[o + run] = x * s1 + y * c1;
          x = sumRe - otherRe;
          y = sumIm - otherIm;
          outRe[o + 2 * run] = x * c2 - y * s2;
          outIm[o + 2 * run] = x * s2 + y * c2;
          x = restRe - turnedRe;
          y = restIm - turnedIm;
          outRe[o + 3 * run] = x * c3 - y * s3;
          outIm[o + 3 * run] = x * s3 + y * c3;
        }
      } else if (radix === 2) {
        for (let q = 0; q < run; q++) {
          const i = a + q;
          const x = re[i] - re[i + apart];
          const y = im[i] - im[i + apart];
          const o = into + q;
          outRe[o] = re[i] + re[i + apart];
          outIm[o] = im[i] + im[i + apart];
          outRe[o + run] = x * c1 - y * s1;
          outIm[o + run] = x * s1 + y * c1;
        }
      } else {
        for (let q = 0; q < run; q++) {
          const i = a + q;
          const sumRe = re[i + apart] + re[i + 2 * apart];
          const sumIm = im[i + apart] + im[i + 2 * apart];
          const halfRe = re[i] - 0.5 * sumRe;
          const halfIm = im[i] - 0.5 * sumIm;
          const turnedRe = THIRD * (im[i + apart] - im[i + 2 * apart]);
          const turnedIm = THIRD * (re[i + 2 * apart] - re[i + apart]);
          const o = into + q;
          outRe[o] = re[i] + sumRe;
          outIm[o] = im[i] + sumIm;
          let x = halfRe + turnedRe;
          let y = halfIm + turnedIm;
          outRe[o + run] = x * c1 - y * s1;
          outIm[o + run] = x * s1 + y * c1;
          x = halfRe - turnedRe;
          y = halfIm - turnedIm;
          outRe[o + 2 * run] = x * c2 - y * s2;
          outIm[o + 2 * run] = x * s2 + y * c2;
        }
      }
    }
    run *= radix;
    [re, im, outRe, outIm] = [outRe, outIm, re, im];
    swapped = !swapped;
  }
  return swapped;
}

/** @param {Lattice} from @param {Lattice} to @param {number} width @param {number} height of from */
function transpose(from, to, width, height) {
  for (let part = 0; part < 2; part++) {
    const [own, other] = [from[part], to[part]];
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) other[x * height + y] = own[y * width + x];
  }
}

/** @type {[Lattice, Lattice]|null} */
let scratched = null;

/** @param {number} length */
function scratch(length) {
  if (scratched?.[0][0].length !== length) {
    const part = () => new Float64Array(length);
    scratched = [[part(), part()], [part(), part()]];
  }
  return scratched;
}

/**
 * Convolves a complex lattice with a real, even kernel, in place.
 * @param {Float64Array} re @param {Float64Array} im row by row @param {Float64Array} spectrum of the kernel, column by
 * column @param {number} width @param {number} height
 */
export function convolve(re, im, spectrum, width, height) {
  const [one, two] = scratch(re.length);
  /** @type {Lattice} */
  const own = [re, im];
  /** the columns of one of two lattices; the one that has the result, and the other
   * @param {Lattice} from @param {Lattice} to @param {number} wide @param {number} high @returns {[Lattice, Lattice]} */
  const columns = (from, to, wide, high) => (transformColumns(from, to, wide, high) ? [to, from] : [from, to]);
  /** @param {Lattice} lattice @returns {Lattice} */
  const back = ([a, b]) => [b, a];

  const [there] = columns(own, one, width, height);
  transpose(there, two, width, height);
  const [rows, free] = columns(two, one, height, width);
  for (let i = 0; i < spectrum.length; i++) {
    rows[0][i] *= spectrum[i];
    rows[1][i] *= spectrum[i];
  }
  const [again] = columns(back(rows), back(free), height, width);
  const spare = again[0] === one[0] || again[0] === one[1] ? two : one;
  transpose(back(again), spare, height, width);
  const [done] = columns(back(spare), back(own), width, height);
  if (back(done)[0] !== re) {
    re.set(back(done)[0]);
    im.set(back(done)[1]);
  }
}
