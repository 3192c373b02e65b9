// @ts-check
// The latent warpage function, with the numbers of kernels/motion/lwf.py: drags stretch a sheet that is held at a circle.

/** @typedef {readonly [number, number]} Cell x, y as cell indices: a cell's centre is an integer */

/**
 * Centre x, y and radius, in cells, of the circle around the bounding box of mask's cells; null when it has none.
 * @param {Uint8Array} mask @param {number} width @param {number} height
 */
export function circumscribedCircle(mask, width, height) {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++) {
    const row = mask.subarray(y * width, (y + 1) * width);
    const first = row.indexOf(1);
    if (first < 0) continue;
    left = Math.min(left, first);
    right = Math.max(right, row.lastIndexOf(1));
    top = Math.min(top, y);
    bottom = y;
  }
  if (right < 0) return null;
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  // 1e-6 per axis as in the published distance, so that a mask of one cell has a circle too
  return { x, y, radius: Math.hypot(x - left + 1e-6, y - top + 1e-6) };
}

/**
 * A function that writes the displacement of a place x, y by the drags handles -> targets on a sheet that is held at a
 * circle into out[i], out[i + 1].
 * @param {readonly Cell[]} handles @param {readonly Cell[]} targets
 * @param {{x: number, y: number, radius: number}} circle
 * @returns {(x: number, y: number, out: Float64Array, i: number) => void}
 */
export function stretching(handles, targets, circle) {
  const drags = handles.map(([x, y], k) => {
    const [fromX, fromY] = [x - circle.x, y - circle.y];
    const power = circle.radius * circle.radius - (fromX * fromX + fromY * fromY);
    return { x, y, fromX, fromY, power, vectorX: targets[k][0] - x, vectorY: targets[k][1] - y };
  });
  return (x, y, out, i) => {
    let movedX = 0;
    let movedY = 0;
    let total = 0;
    for (let k = 0; k < drags.length; k++) {
      const drag = drags[k];
      const rayX = x - drag.x;
      const rayY = y - drag.y;
      // Math.hypot is ten times slower
      const distance = Math.sqrt(rayX * rayX + rayY * rayY);
      let ratio = 1;
      if (distance > 0) {
        const projected = (rayX * drag.fromX + rayY * drag.fromY) / distance;
        const chord = drag.power + projected * projected;
        const reach = Math.sqrt(Math.max(chord, 0)) - projected;
        // a ray from outside may miss the circle
        ratio = chord > 0 ? Math.abs(distance - reach) / Math.max(Math.abs(reach), 1e-12) : 0;
      }
      const weight = 1 / (distance + 1e-4);
      movedX += weight * ratio * drag.vectorX;
      movedY += weight * ratio * drag.vectorY;
      total += weight;
    }
    out[i] = movedX / total;
    out[i + 1] = movedY / total;
  };
}
