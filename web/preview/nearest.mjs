// @ts-check
// Displacements by the nearest handles, with the numbers of kernels/motion/nearest.py.

/** @typedef {import("./lwf.mjs").Cell} Cell */

const NEIGHBOURS = 4;
const EPSILON = 1e-6;

/** Index of the handle that is nearest to a place. @param {readonly Cell[]} handles @param {number} x @param {number} y */
export function nearestHandle(handles, x, y) {
  let [best, least] = [0, Infinity];
  for (let k = 0; k < handles.length; k++) {
    const dx = handles[k][0] - x;
    const dy = handles[k][1] - y;
    const distance = dx * dx + dy * dy;
    if (distance < least) [best, least] = [k, distance];
  }
  return best;
}

/**
 * Writes the drag of the nearest handle into out[i], out[i + 1].
 * @param {readonly Cell[]} handles @param {readonly Cell[]} targets
 * @returns {(x: number, y: number, out: Float64Array, i: number) => void}
 */
export function nearest(handles, targets) {
  return (x, y, out, i) => {
    const k = nearestHandle(handles, x, y);
    out[i] = targets[k][0] - handles[k][0];
    out[i + 1] = targets[k][1] - handles[k][1];
  };
}

/**
 * Writes the mean of the four nearest drags, weighted by 1 / distance.
 * @param {readonly Cell[]} handles @param {readonly Cell[]} targets
 * @returns {(x: number, y: number, out: Float64Array, i: number) => void}
 */
export function nearest4(handles, targets) {
  const count = Math.min(NEIGHBOURS, handles.length);
  const index = new Int32Array(count);
  const distances = new Float64Array(count);
  return (x, y, out, i) => {
    distances.fill(Infinity);
    for (let k = 0; k < handles.length; k++) {
      const distance = (handles[k][0] - x) ** 2 + (handles[k][1] - y) ** 2;
      let place = count;
      for (; place > 0 && distance < distances[place - 1]; place--) {
        if (place === count) continue;
        distances[place] = distances[place - 1];
        index[place] = index[place - 1];
      }
      if (place === count) continue;
      distances[place] = distance;
      index[place] = k;
    }
    let [movedX, movedY, total] = [0, 0, 0];
    for (let n = 0; n < count; n++) {
      const k = index[n];
      const weight = 1 / (Math.sqrt(distances[n]) + EPSILON);
      movedX += weight * (targets[k][0] - handles[k][0]);
      movedY += weight * (targets[k][1] - handles[k][1]);
      total += weight;
    }
    out[i] = movedX / total;
    out[i + 1] = movedY / total;
  };
}
