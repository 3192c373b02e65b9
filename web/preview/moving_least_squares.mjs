// @ts-check
// Moving least squares (Schaefer, McPhail, Warren, SIGGRAPH 2006), with the numbers of kernels/motion/mls.py.

/** @typedef {import("./lwf.mjs").Cell} Cell */
/** @typedef {"rigid"|"similarity"|"affine"} MovingLeastSquares */

export const MOVING_LEAST_SQUARES = /** @type {const} */ (["rigid", "similarity", "affine"]);

const EPSILON = 1e-4;
const SPREAD = 1e-4;

/**
 * A function that writes the displacement of a place x, y by the drags handles -> targets into out[i], out[i + 1].
 * @param {MovingLeastSquares} choice @param {readonly Cell[]} handles @param {readonly Cell[]} targets
 * @returns {(x: number, y: number, out: Float64Array, i: number) => void}
 */
export function movingLeastSquares(choice, handles, targets) {
  const count = handles.length;
  const drags = new Float64Array(4 * count);
  handles.forEach(([x, y], k) => drags.set([x, y, targets[k][0] - x, targets[k][1] - y], 4 * k));
  const [rigid, affine] = [choice === "rigid", choice === "affine"];

  return (x, y, out, i) => {
    // moments of the offsets from the place to the handles, and of the drags with them
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
    for (let k = 0; k < 4 * count; k += 4) {
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
    const norm = xx + yy + 1e-9;
    let a = (norm + byXx + byYy) / norm;
    let b = (byYx - byXy) / norm;
    if (rigid) {
      const length = Math.sqrt(a * a + b * b);
      a = length > 1e-6 ? a / length : 1;
      b = length > 1e-6 ? b / length : 0;
    }
    let ax = a;
    let ay = -b;
    let bx = b;
    let by = a;
    if (affine) {
      const damping = SPREAD * (xx + yy) + 1e-9;
      const determinant = (xx + damping) * (yy + damping) - xy * xy;
      const rightXx = xx + byXx - a * xx + b * xy;
      const rightXy = xy + byXy - a * xy + b * yy;
      const rightYx = xy + byYx - b * xx - a * xy;
      const rightYy = yy + byYy - b * xy - a * yy;
      ax += ((yy + damping) * rightXx - xy * rightXy) / determinant;
      ay += ((xx + damping) * rightXy - xy * rightXx) / determinant;
      bx += ((yy + damping) * rightYx - xy * rightYy) / determinant;
      by += ((xx + damping) * rightYy - xy * rightYx) / determinant;
    }
    out[i] = byX - ((ax - 1) * atX + ay * atY);
    out[i + 1] = byY - (bx * atX + (by - 1) * atY);
  };
}
