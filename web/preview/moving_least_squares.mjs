// @ts-check
// Moving least squares (Schaefer, McPhail, Warren, SIGGRAPH 2006), with the numbers of kernels/motion/mls.py.

/** @typedef {import("./lwf.mjs").Cell} Cell */
/** @typedef {"rigid"|"similarity"|"affine"} MovingLeastSquares */

export const MOVING_LEAST_SQUARES = /** @type {const} */ (["rigid", "similarity", "affine"]);

const EPSILON = 1e-4;
const SPREAD = 1e-4;

/** @param {readonly Cell[]} handles @param {readonly Cell[]} targets x, y and drag of each handle */
function dragsOf(handles, targets) {
  const drags = new Float64Array(4 * handles.length);
  handles.forEach(([x, y], k) => drags.set([x, y, targets[k][0] - x, targets[k][1] - y], 4 * k));
  return drags;
}

/**
 * A function that writes the displacement of a place x, y by the drags handles -> targets into out[i], out[i + 1].
 * @param {MovingLeastSquares} choice @param {readonly Cell[]} handles @param {readonly Cell[]} targets
 * @param {import("./turns.mjs").Turns|null} [turns] at the handles
 * @returns {(x: number, y: number, out: Float64Array, i: number) => void}
 */
export function movingLeastSquares(choice, handles, targets, turns = null) {
  const drags = dragsOf(handles, targets);
  const rings = turns ? turns.moments : null;
  return choice === "affine" ? affine(drags, rings) : similar(drags, choice === "rigid", rings);
}

/** Sums of the rings at a place, each times its handle's weight there. @param {Float64Array} drags @param {Float64Array} rings
 * @param {number} x @param {number} y @param {Float64Array} sums */
function sumRings(drags, rings, x, y, sums) {
  sums.fill(0);
  for (let k = 0, r = 0; r < rings.length; k += 4, r += 3) {
    if (rings[r] === 0) continue;
    const dx = drags[k] - x;
    const dy = drags[k + 1] - y;
    const weight = 1 / (dx * dx + dy * dy + EPSILON);
    sums[0] += weight * rings[r];
    sums[1] += weight * rings[r + 1];
    sums[2] += weight * rings[r + 2];
  }
}

/** @param {Float64Array} drags @param {boolean} rigid @param {Float64Array|null} rings
 * @returns {(x: number, y: number, out: Float64Array, i: number) => void} */
function similar(drags, rigid, rings) {
  const end = drags.length;
  const ring = new Float64Array(3);
  return (x, y, out, i) => {
    // means of the offsets from the place to the handles, of the drags, and of their products
    let total = 0;
    let atX = 0;
    let atY = 0;
    let byX = 0;
    let byY = 0;
    let along = 0;
    let across = 0;
    for (let k = 0; k < end; k += 4) {
      const dx = drags[k] - x;
      const dy = drags[k + 1] - y;
      const vx = drags[k + 2];
      const vy = drags[k + 3];
      const weight = 1 / (dx * dx + dy * dy + EPSILON);
      const wx = weight * dx;
      const wy = weight * dy;
      total += weight;
      atX += wx;
      atY += wy;
      byX += weight * vx;
      byY += weight * vy;
      along += wx * vx + wy * vy;
      across += wx * vy - wy * vx;
    }
    const one = 1 / total;
    atX *= one;
    atY *= one;
    byX *= one;
    byY *= one;
    // a weight times its squared distance is 1 but for EPSILON
    if (rings !== null) sumRings(drags, rings, x, y, ring);
    const norm = (end / 4 - EPSILON * total) * one - atX * atX - atY * atY + 1e-9;
    const whole = norm + ring[0] * one;
    let a = (norm + along * one - byX * atX - byY * atY + ring[1] * one) / whole;
    let b = (across * one - byY * atX + byX * atY + ring[2] * one) / whole;
    if (rigid) {
      const length = Math.sqrt(a * a + b * b);
      a = length > 1e-6 ? a / length : 1;
      b = length > 1e-6 ? b / length : 0;
    }
    out[i] = byX - ((a - 1) * atX - b * atY);
    out[i + 1] = byY - (b * atX + (a - 1) * atY);
  };
}

/** @param {Float64Array} drags @param {Float64Array|null} rings
 * @returns {(x: number, y: number, out: Float64Array, i: number) => void} */
function affine(drags, rings) {
  const end = drags.length;
  const ring = new Float64Array(3);
  return (x, y, out, i) => {
    let total = 0;
    let atX = 0;
    let atY = 0;
    let byX = 0;
    let byY = 0;
    let xx = 0;
    let xy = 0;
    let yy = 0;
    let byXx = 0;
    let byXy = 0;
    let byYx = 0;
    let byYy = 0;
    for (let k = 0; k < end; k += 4) {
      const dx = drags[k] - x;
      const dy = drags[k + 1] - y;
      const vx = drags[k + 2];
      const vy = drags[k + 3];
      const weight = 1 / (dx * dx + dy * dy + EPSILON);
      const wx = weight * dx;
      const wy = weight * dy;
      total += weight;
      atX += wx;
      atY += wy;
      byX += weight * vx;
      byY += weight * vy;
      xx += wx * dx;
      xy += wx * dy;
      yy += wy * dy;
      byXx += wx * vx;
      byXy += wy * vx;
      byYx += wx * vy;
      byYy += wy * vy;
    }
    const one = 1 / total;
    atX *= one;
    atY *= one;
    byX *= one;
    byY *= one;
    xx = xx * one - atX * atX;
    xy = xy * one - atX * atY;
    yy = yy * one - atY * atY;
    byXx = byXx * one - byX * atX;
    byXy = byXy * one - byX * atY;
    byYx = byYx * one - byY * atX;
    byYy = byYy * one - byY * atY;
    if (rings !== null) sumRings(drags, rings, x, y, ring);
    const norm = xx + yy + 1e-9;
    const whole = norm + ring[0] * one;
    const a = (norm + byXx + byYy + ring[1] * one) / whole;
    const b = (byYx - byXy + ring[2] * one) / whole;
    const damping = SPREAD * (xx + yy) + 1e-9 + (ring[0] * one) / 2;
    const determinant = (xx + damping) * (yy + damping) - xy * xy;
    const rightXx = xx + byXx - a * xx + b * xy;
    const rightXy = xy + byXy - a * xy + b * yy;
    const rightYx = xy + byYx - b * xx - a * xy;
    const rightYy = yy + byYy - b * xy - a * yy;
    const ax = a + ((yy + damping) * rightXx - xy * rightXy) / determinant;
    const ay = -b + ((xx + damping) * rightXy - xy * rightXx) / determinant;
    const bx = b + ((yy + damping) * rightYx - xy * rightYy) / determinant;
    const by = a + ((xx + damping) * rightYy - xy * rightYx) / determinant;
    out[i] = byX - ((ax - 1) * atX + ay * atY);
    out[i + 1] = byY - (bx * atX + (by - 1) * atY);
  };
}
