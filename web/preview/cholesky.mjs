// @ts-check
// Cholesky's factor of a full matrix, and what it solves; arap.mjs has that of a banded one.

/** Of n values from a and from b on; four sums at once, since each addition waits for the last of its own.
 * @param {Float64Array} matrix @param {number} a @param {number} b @param {number} n */
export function product(matrix, a, b, n) {
  let [one, two, three, four] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < n; k += 4) {
    one += matrix[a + k] * matrix[b + k];
    two += matrix[a + k + 1] * matrix[b + k + 1];
    three += matrix[a + k + 2] * matrix[b + k + 2];
    four += matrix[a + k + 3] * matrix[b + k + 3];
  }
  for (; k < n; k++) one += matrix[a + k] * matrix[b + k];
  return one + two + (three + four);
}

/**
 * Cholesky factor of a positive definite matrix, in its lower triangle, in place; row by row, two rows at once.
 * @param {Float64Array} matrix @param {number} n
 */
export function factorise(matrix, n) {
  const one = (/** @type {number} */ i, /** @type {number} */ j) => {
    const rest = matrix[i * n + j] - product(matrix, i * n, j * n, j);
    matrix[i * n + j] = j < i ? rest / matrix[j * n + j] : Math.sqrt(Math.max(rest, 1e-300));
  };
  let i = 0;
  for (; i + 1 < n; i += 2) {
    const [row, next] = [i * n, (i + 1) * n];
    for (let j = 0; j < i; j += 2) {
      // rows i, i + 1 and j, j + 1: i is even, so that both are there
      const [first, second] = [j * n, (j + 1) * n];
      let [a, b, c, d] = [matrix[row + j], matrix[row + j + 1], matrix[next + j], matrix[next + j + 1]];
      for (let k = 0; k < j; k++) {
        const own = matrix[row + k];
        const other = matrix[next + k];
        const above = matrix[first + k];
        const below = matrix[second + k];
        a -= own * above;
        b -= own * below;
        c -= other * above;
        d -= other * below;
      }
      const scale = matrix[first + j];
      const slant = matrix[second + j];
      const across = matrix[second + j + 1];
      a /= scale;
      c /= scale;
      matrix[row + j] = a;
      matrix[next + j] = c;
      matrix[row + j + 1] = (b - a * slant) / across;
      matrix[next + j + 1] = (d - c * slant) / across;
    }
    one(i, i);
    one(i + 1, i);
    one(i + 1, i + 1);
  }
  for (let j = 0; i < n && j <= i; j++) one(i, j);
}

/** Solves L y = x in place. @param {Float64Array} factor @param {number} n @param {Float64Array} x */
export function forward(factor, n, x) {
  for (let i = 0, row = 0; i < n; i++, row += n) {
    let sum = x[i];
    for (let k = 0; k < i; k++) sum -= factor[row + k] * x[k];
    x[i] = sum / factor[row + i];
  }
}

/** The same for four at once. @param {Float64Array} factor @param {number} n @param {readonly Float64Array[]} four */
export function forwardFour(factor, n, [w, x, y, z]) {
  for (let i = 0, row = 0; i < n; i++, row += n) {
    let [a, b, c, d] = [w[i], x[i], y[i], z[i]];
    for (let k = 0; k < i; k++) {
      const value = factor[row + k];
      a -= value * w[k];
      b -= value * x[k];
      c -= value * y[k];
      d -= value * z[k];
    }
    const scale = 1 / factor[row + i];
    w[i] = a * scale;
    x[i] = b * scale;
    y[i] = c * scale;
    z[i] = d * scale;
  }
}

/** Solves L^T y = x in place. @param {Float64Array} factor @param {number} n @param {Float64Array} x */
export function backward(factor, n, x) {
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n;
    const value = (x[i] /= factor[row + i]);
    for (let k = 0; k < i; k++) x[k] -= factor[row + k] * value;
  }
}
