// @ts-check
// Displacement on the coarse grid of the preview: which cells move, and where the content of each comes from.

import { circumscribedCircle, lwf } from "./lwf.mjs";

/** @typedef {import("./lwf.mjs").Cell} Cell */

// cells on the longer side of the picture
export const GRID = 64;
// barycentric slack that keeps cells on a shared edge
const SLACK = 1e-9;

/** Width and height of the grid of a picture. @param {number} width @param {number} height @returns {[number, number]} */
export function gridSize(width, height) {
  const cell = Math.max(width, height) / GRID;
  return [Math.max(Math.round(width / cell), 1), Math.max(Math.round(height / cell), 1)];
}

/**
 * The cells (1) of which at least half is movable, as kernels/points/masks.py mask_to_grid; mask holds 0 or 1, row by row.
 * @param {Uint8Array} mask @param {number} width @param {number} height
 * @param {number} gridWidth @param {number} gridHeight
 */
export function cells(mask, width, height, gridWidth, gridHeight) {
  const grid = new Uint8Array(gridWidth * gridHeight);
  for (let y = 0; y < gridHeight; y++) {
    const top = Math.floor((y * height) / gridHeight);
    const bottom = Math.ceil(((y + 1) * height) / gridHeight);
    for (let x = 0; x < gridWidth; x++) {
      const left = Math.floor((x * width) / gridWidth);
      const right = Math.ceil(((x + 1) * width) / gridWidth);
      let sum = 0;
      for (let row = top; row < bottom; row++) {
        for (let i = row * width + left; i < row * width + right; i++) sum += mask[i];
      }
      grid[y * gridWidth + x] = 2 * sum >= (bottom - top) * (right - left) ? 1 : 0;
    }
  }
  return grid;
}

/**
 * The whole sheet's forward displacement: the formula in every cell inside the circle around mask. It fades out at the
 * circle, whereas lwf breaks off at the mask's edge, which would tear the sheet there.
 * @param {readonly Cell[]} handles @param {readonly Cell[]} targets
 * @param {Uint8Array} mask @param {number} width @param {number} height
 */
export function sheet(handles, targets, mask, width, height) {
  const circle = circumscribedCircle(mask, width, height);
  const inside = new Uint8Array(width * height);
  if (circle) {
    for (let i = 0; i < inside.length; i++) {
      const [x, y] = [(i % width) - circle.x, Math.floor(i / width) - circle.y];
      inside[i] = x * x + y * y < circle.radius * circle.radius ? 1 : 0;
    }
  }
  return lwf(handles, targets, mask, width, height, inside);
}

/**
 * Backward displacement (x, y interleaved; cells) of a forward one: the content of cell q comes from q + the result.
 *
 * The cells are the corners of triangles that flow moves, in a frame one cell outside the grid that stays: so the moved
 * triangles cover every cell, and within a triangle the inverse is exact. Where several cover a cell, the longest move is
 * in front. (The fixed point of s = q - flow(s) diverges wherever content is stretched to more than twice its size.)
 * @param {Float64Array} flow @param {number} width @param {number} height
 */
export function inverse(flow, width, height) {
  const back = new Float64Array(flow.length);
  const front = new Float64Array(width * height);

  /** @param {number} x @param {number} y index of a cell in flow, negative on the frame */
  const at = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? -1 : 2 * (y * width + x));

  /** @param {number} ax @param {number} ay @param {number} bx @param {number} by @param {number} cx @param {number} cy */
  function triangle(ax, ay, bx, by, cx, cy) {
    const [a, b, c] = [at(ax, ay), at(bx, by), at(cx, cy)];
    const [au, av] = a < 0 ? [0, 0] : [flow[a], flow[a + 1]];
    const [bu, bv] = b < 0 ? [0, 0] : [flow[b], flow[b + 1]];
    const [cu, cv] = c < 0 ? [0, 0] : [flow[c], flow[c + 1]];
    if (!(au || av || bu || bv || cu || cv)) return;
    const [x, y] = [ax + au, ay + av];
    const [abx, aby, acx, acy] = [bx + bu - x, by + bv - y, cx + cu - x, cy + cv - y];
    const area = abx * acy - aby * acx;
    if (area === 0) return;
    const left = Math.max(Math.ceil(x + Math.min(0, abx, acx) - SLACK), 0);
    const right = Math.min(Math.floor(x + Math.max(0, abx, acx) + SLACK), width - 1);
    const top = Math.max(Math.ceil(y + Math.min(0, aby, acy) - SLACK), 0);
    const bottom = Math.min(Math.floor(y + Math.max(0, aby, acy) + SLACK), height - 1);
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const [dx, dy] = [column - x, row - y];
        const toB = (dx * acy - dy * acx) / area;
        const toC = (abx * dy - aby * dx) / area;
        if (toB < -SLACK || toC < -SLACK || toB + toC > 1 + SLACK) continue;
        const u = au + toB * (bu - au) + toC * (cu - au);
        const v = av + toB * (bv - av) + toC * (cv - av);
        const i = row * width + column;
        if (u * u + v * v <= front[i]) continue;
        front[i] = u * u + v * v;
        back[2 * i] = -u;
        back[2 * i + 1] = -v;
      }
    }
  }

  for (let y = -1; y < height; y++) {
    for (let x = -1; x < width; x++) {
      triangle(x, y, x + 1, y, x, y + 1);
      triangle(x + 1, y + 1, x, y + 1, x + 1, y);
    }
  }
  return back;
}
