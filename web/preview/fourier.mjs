// @ts-check
// The discrete Fourier transform along the rows of a complex lattice whose width is a power of two.

/** @type {Map<number, {swap: Uint16Array, cos: Float64Array, sin: Float64Array}>} */
const tables = new Map();

/** @param {number} size */
function tableOf(size) {
  let table = tables.get(size);
  if (!table) {
    const swap = new Uint16Array(size);
    for (let i = 1; i < size; i++) swap[i] = (swap[i >> 1] >> 1) | (i & 1 ? size >> 1 : 0);
    const angle = (/** @type {number} */ _, /** @type {number} */ i) => (-2 * Math.PI * i) / size;
    const angles = Float64Array.from({ length: size / 2 }, angle);
    table = { swap, cos: angles.map(Math.cos), sin: angles.map(Math.sin) };
    tables.set(size, table);
  }
  return table;
}

/** The least power of two that is not below n. @param {number} n */
export const powerOfTwo = (n) => 2 ** Math.ceil(Math.log2(n));

/**
 * Transforms one row in place (unscaled); the other direction is this one with re and im exchanged.
 * @param {Float64Array} re @param {Float64Array} im @param {number} start @param {number} size
 */
export function transformRow(re, im, start, size) {
  const { swap, cos, sin } = tableOf(size);
  for (let i = 0; i < size; i++) {
    const j = swap[i];
    if (j <= i) continue;
    const real = re[start + i];
    re[start + i] = re[start + j];
    re[start + j] = real;
    const imaginary = im[start + i];
    im[start + i] = im[start + j];
    im[start + j] = imaginary;
  }
  // the first two rounds turn by quarters only
  if (size >= 4) {
    for (let i = start; i < start + size; i += 4) {
      const sumRe = re[i] + re[i + 1];
      const sumIm = im[i] + im[i + 1];
      const restRe = re[i] - re[i + 1];
      const restIm = im[i] - im[i + 1];
      const otherRe = re[i + 2] + re[i + 3];
      const otherIm = im[i + 2] + im[i + 3];
      const turnedRe = im[i + 2] - im[i + 3];
      const turnedIm = re[i + 3] - re[i + 2];
      re[i] = sumRe + otherRe;
      im[i] = sumIm + otherIm;
      re[i + 1] = restRe + turnedRe;
      im[i + 1] = restIm + turnedIm;
      re[i + 2] = sumRe - otherRe;
      im[i + 2] = sumIm - otherIm;
      re[i + 3] = restRe - turnedRe;
      im[i + 3] = restIm - turnedIm;
    }
  }
  for (let half = size >= 4 ? 4 : 1; half < size; half *= 2) {
    const stride = size / (2 * half);
    for (let first = start; first < start + size; first += 2 * half) {
      for (let k = 0, t = 0; k < half; k++, t += stride) {
        const i = first + k;
        const j = i + half;
        const x = re[j] * cos[t] - im[j] * sin[t];
        const y = re[j] * sin[t] + im[j] * cos[t];
        re[j] = re[i] - x;
        im[j] = im[i] - y;
        re[i] += x;
        im[i] += y;
      }
    }
  }
}

/** @param {Float64Array} from @param {Float64Array} to @param {number} width @param {number} height of from */
function transpose(from, to, width, height) {
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) to[x * height + y] = from[y * width + x];
}

/** @type {[Float64Array, Float64Array]} */
let scratched = [new Float64Array(0), new Float64Array(0)];

/** @param {number} length */
function scratch(length) {
  if (scratched[0].length !== length) scratched = [new Float64Array(length), new Float64Array(length)];
  return scratched;
}

/**
 * Convolves a complex lattice in place with a real, even kernel.
 * @param {Float64Array} re @param {Float64Array} im row by row @param {Float64Array} spectrum of the kernel, column by
 * column @param {number} width @param {number} height @param {number} rows that are wanted, from the first on
 */
export function convolve(re, im, spectrum, width, height, rows = height) {
  const [wideRe, wideIm] = scratch(re.length);
  for (let y = 0; y < height; y++) {
    let i = y * width;
    const end = i + width;
    while (i < end && re[i] === 0 && im[i] === 0) i++;
    if (i < end) transformRow(re, im, y * width, width);
  }
  transpose(re, wideRe, width, height);
  transpose(im, wideIm, width, height);
  for (let x = 0; x < width; x++) {
    const start = x * height;
    transformRow(wideRe, wideIm, start, height);
    for (let i = start; i < start + height; i++) {
      wideRe[i] *= spectrum[i];
      wideIm[i] *= spectrum[i];
    }
    transformRow(wideIm, wideRe, start, height);
  }
  transpose(wideRe, re, height, width);
  transpose(wideIm, im, height, width);
  for (let y = 0; y < rows; y++) transformRow(im, re, y * width, width);
}
