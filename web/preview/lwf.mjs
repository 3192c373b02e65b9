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
 * Forward displacement (x, y interleaved; cells) of the drags handles -> targets on the cells of mask (1 = movable), row
 * by row. The circle comes from mask; the formula is evaluated in the cells of `where`, which lie inside it, else zero.
 * @param {readonly Cell[]} handles @param {readonly Cell[]} targets
 * @param {Uint8Array} mask @param {number} width @param {number} height @param {Uint8Array} [where]
 */
export function lwf(handles, targets, mask, width, height, where = mask) {
  const flow = new Float64Array(2 * width * height);
  const circle = circumscribedCircle(mask, width, height);
  if (!handles.length || !circle) return flow;
  const drags = handles.map(([x, y], k) => {
    const [fromX, fromY] = [x - circle.x, y - circle.y];
    const power = circle.radius * circle.radius - (fromX * fromX + fromY * fromY);
    return { x, y, fromX, fromY, power, vectorX: targets[k][0] - x, vectorY: targets[k][1] - y };
  });
  for (let i = 0, y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (!where[i]) continue;
      let [movedX, movedY, total] = [0, 0, 0];
      for (const drag of drags) {
        const rayX = x - drag.x;
        const rayY = y - drag.y;
        // Math.hypot is ten times slower
        const distance = Math.sqrt(rayX * rayX + rayY * rayY);
        let ratio = 1;
        if (distance > 0) {
          const projected = (rayX * drag.fromX + rayY * drag.fromY) / distance;
          // the ray goes to a cell inside the circle and so meets it, but for rounding
          const reach = Math.sqrt(Math.max(drag.power + projected * projected, 0)) - projected;
          ratio = Math.abs(distance - reach) / Math.max(Math.abs(reach), 1e-12);
        }
        const weight = 1 / (distance + 1e-4);
        movedX += weight * ratio * drag.vectorX;
        movedY += weight * ratio * drag.vectorY;
        total += weight;
      }
      flow[2 * i] = movedX / total;
      flow[2 * i + 1] = movedY / total;
    }
  }
  return flow;
}
