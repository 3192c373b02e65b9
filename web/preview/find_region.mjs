// @ts-check
// The region that Drag Warp moves where nobody has painted one, as kernels/points/find_region.py finds it.

/** @typedef {import("./lwf.mjs").Cell} Cell */

// radius in lengths of the drag, and its least and most in parts of the shorter side
const RADIUS = { free: [0.5, 0.08, 0.2], held: [2, 0.16, 0.4] };

// of the shorter side: by how much radii grow at once while an arrow is pulled
const STEP = 1 / 32;

/**
 * A disc (1) around each handle. While pulling, radii are rounded up to steps, so that what is solved for a region serves
 * many frames.
 * @param {readonly Cell[]} handles @param {readonly Cell[]} targets @param {number} width @param {number} height
 * @param {"free"|"held"} border @param {boolean} [pulling]
 */
export function findRegion(handles, targets, width, height, border, pulling = false) {
  const [length, smallest, largest] = RADIUS[border];
  const side = Math.min(width, height);
  const region = new Uint8Array(width * height);
  handles.forEach(([x, y], k) => {
    const way = length * Math.hypot(targets[k][0] - x, targets[k][1] - y);
    const exact = Math.max(Math.min(Math.max(way, smallest * side), largest * side), 0.75);
    const radius = pulling ? Math.min(Math.ceil(exact / (STEP * side)) * STEP, largest) * side : exact;
    for (let row = Math.max(Math.ceil(y - radius), 0); row <= Math.min(y + radius, height - 1); row++) {
      const half = Math.sqrt(Math.max(radius * radius - (row - y) ** 2, 0));
      const [left, right] = [Math.max(Math.ceil(x - half), 0), Math.min(Math.floor(x + half), width - 1)];
      if (right >= left) region.fill(1, row * width + left, row * width + right + 1);
    }
  });
  return region;
}
