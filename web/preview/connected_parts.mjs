// @ts-check
// The connected parts of a region, as kernels/points/connected_parts.py finds them.

/** @typedef {{readonly left: number, readonly top: number, readonly width: number, readonly height: number,
 *  readonly region: Uint8Array}} Part its bounding box, and the part in it */

/**
 * Numbers of the parts of a region that are connected, also over corners, from 1 in reading order, 0 outside.
 * @param {Uint8Array} region @param {number} width @param {number} height
 * @returns {{labels: Uint32Array, parts: Part[]}}
 */
export function labelParts(region, width, height) {
  const labels = new Uint32Array(width * height);
  const open = new Int32Array(width * height);
  const parts = [];
  for (let start = 0; start < region.length; start++) {
    if (!region[start] || labels[start]) continue;
    const number = parts.length + 1;
    let [left, right, top, bottom] = [width, 0, height, 0];
    let count = 1;
    labels[start] = number;
    open[0] = start;
    while (count) {
      const i = open[--count];
      const x = i % width;
      const y = (i - x) / width;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
      for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row++) {
        for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column++) {
          const next = row * width + column;
          if (!region[next] || labels[next]) continue;
          labels[next] = number;
          open[count++] = next;
        }
      }
    }
    const box = { left, top, width: right - left + 1, height: bottom - top + 1 };
    const own = new Uint8Array(box.width * box.height);
    for (let i = 0, y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++, i++) own[i] = labels[y * width + x] === number ? 1 : 0;
    }
    parts.push({ ...box, region: own });
  }
  return { labels, parts };
}
