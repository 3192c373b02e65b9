// @ts-check
// A picture whose parts were moved: what arrives where, as kernels/warp says, and what opened up.

import { colourAt } from "./sampling.mjs";

/** @typedef {import("./displacements.mjs").Moved} Moved */

// neighbouring pixels that end up farther apart than this are torn
const TEAR = 3;
// squared length of a move that is none
const STILL = 1e-6;
// pixels: reach of a rounding error around an edge, so that triangles that share it leave no gap
const SLACK = 1e-6;

/** Draws moved content on a picture, what moved farthest in front. */
export class MovedPicture {
  /** @param {Uint32Array} source made by `sampled` @param {number} width @param {number} height */
  constructor(source, width, height) {
    this.source = source;
    this.width = width;
    this.height = height;
    // squared length of the move that is seen in each pixel, -1 where nothing arrived
    this.front = new Float32Array(width * height);
  }

  /**
   * Draws on out, which holds the picture. labels: the numbers of the parts; a motion that tears leaves open what is
   * stretched too far. After it, `front` is >= 0 wherever content of a part arrived.
   * @param {Uint32Array} out @param {readonly Moved[]} moved @param {Uint32Array} labels @param {boolean} tears
   */
  draw(out, moved, labels, tears) {
    this.front.fill(-1);
    for (const motion of moved) {
      if (motion.pieces) this.#pieces(out, motion, labels);
      else this.#squares(out, motion, labels, tears);
    }
  }

  /** Every cell as it is. @param {Uint32Array} out @param {Moved} motion @param {Uint32Array} labels */
  #pieces(out, { number, x: left, y: top, columns, rows, nodes }, labels) {
    const { source, width, height, front } = this;
    for (let row = 1; row < rows - 1; row++) {
      for (let column = 1; column < columns - 1; column++) {
        const x = left + column;
        const y = top + row;
        if (labels[y * width + x] !== number) continue;
        const u = nodes[2 * (row * columns + column)];
        const v = nodes[2 * (row * columns + column) + 1];
        const toX = Math.floor(x + u + 0.5);
        const toY = Math.floor(y + v + 0.5);
        if (toX < 0 || toY < 0 || toX >= width || toY >= height) continue;
        const i = toY * width + toX;
        const length = u * u + v * v;
        if (length <= front[i]) continue;
        front[i] = length;
        out[i] = this.#colour(source, toX - u, toY - v);
      }
    }
  }

  /** @param {Uint32Array} source @param {number} x @param {number} y */
  #colour(source, x, y) {
    const fromX = Math.min(Math.max(x * 256 + 0.5, 0), (this.width - 1) << 8) | 0;
    const fromY = Math.min(Math.max(y * 256 + 0.5, 0), (this.height - 1) << 8) | 0;
    return colourAt(source, this.width, fromX, fromY);
  }

  /** @param {Uint32Array} out @param {Moved} motion @param {Uint32Array} labels @param {boolean} tears */
  #squares(out, motion, labels, tears) {
    const { number, x, y, step, columns, rows, nodes, fine } = motion;
    for (let row = 0; row + 1 < rows; row++) {
      for (let column = 0; column + 1 < columns; column++) {
        const i = row * columns + column;
        const [left, top] = [x + column * step, y + row * step];
        const cells = fine.get(i);
        if (!cells) {
          this.#square(out, labels, number, tears, left, top, step, nodes, 2 * i, 2 * columns);
          continue;
        }
        for (let v = 0; v < step; v++) {
          for (let u = 0; u < step; u++) {
            this.#square(out, labels, number, tears, left + u, top + v, 1, cells, 2 * (v * (step + 1) + u), 2 * (step + 1));
          }
        }
      }
    }
  }

  /** @param {Uint32Array} out @param {Uint32Array} labels @param {number} number @param {boolean} tears
   * @param {number} left @param {number} top @param {number} step @param {Float64Array} flow
   * @param {number} i of the displacement of its first corner @param {number} below to that of the corner below */
  #square(out, labels, number, tears, left, top, step, flow, i, below) {
    const au = flow[i];
    const av = flow[i + 1];
    const bu = flow[i + 2];
    const bv = flow[i + 3];
    const cu = flow[i + below];
    const cv = flow[i + below + 1];
    const du = flow[i + below + 2];
    const dv = flow[i + below + 3];
    if (au === 0 && av === 0 && bu === 0 && bv === 0 && cu === 0 && cv === 0 && du === 0 && dv === 0) {
      return this.#still(labels, number, left, top, step);
    }
    const right = left + step;
    const bottom = top + step;
    if (tears) {
      const far = (TEAR * step) ** 2;
      if ((step + bu - au) ** 2 + (bv - av) ** 2 > far || (step + du - cu) ** 2 + (dv - cv) ** 2 > far) return;
      if ((cu - au) ** 2 + (step + cv - av) ** 2 > far || (du - bu) ** 2 + (step + dv - bv) ** 2 > far) return;
    }
    this.#triangle(out, labels, number, left, top, au, av, right, top, bu, bv, left, bottom, cu, cv);
    this.#triangle(out, labels, number, right, bottom, du, dv, left, bottom, cu, cv, right, top, bu, bv);
  }

  /** What does not move is there. @param {Uint32Array} labels @param {number} number
   * @param {number} left @param {number} top @param {number} step */
  #still(labels, number, left, top, step) {
    const { width, height, front } = this;
    for (let y = Math.max(Math.ceil(top), 0); y <= Math.min(top + step, height - 1); y++) {
      for (let x = Math.max(Math.ceil(left), 0); x <= Math.min(left + step, width - 1); x++) {
        const i = y * width + x;
        if (labels[i] === number && front[i] < 0) front[i] = 0;
      }
    }
  }

  /** @param {Uint32Array} out @param {Uint32Array} labels @param {number} number
   * @param {number} ax @param {number} ay @param {number} au @param {number} av
   * @param {number} bx @param {number} by @param {number} bu @param {number} bv
   * @param {number} cx @param {number} cy @param {number} cu @param {number} cv */
  #triangle(out, labels, number, ax, ay, au, av, bx, by, bu, bv, cx, cy, cu, cv) {
    const { source, width, height, front } = this;
    // its corners when moved
    const [x0, y0, x1, y1, x2, y2] = [ax + au, ay + av, bx + bu, by + bv, cx + cu, cy + cv];
    const area = (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0);
    if (!(Math.abs(area) > 1e-9)) return;
    // the way back, by a step to the right and one down
    const backXx = ((bx - ax) * (y2 - y0) - (cx - ax) * (y1 - y0)) / area;
    const backXy = ((cx - ax) * (x1 - x0) - (bx - ax) * (x2 - x0)) / area;
    const backYx = ((by - ay) * (y2 - y0) - (cy - ay) * (y1 - y0)) / area;
    const backYy = ((cy - ay) * (x1 - x0) - (by - ay) * (x2 - x0)) / area;
    const first = Math.max(Math.ceil(Math.min(y0, y1, y2) - SLACK), 0);
    const last = Math.min(Math.floor(Math.max(y0, y1, y2) + SLACK), height - 1);
    for (let y = first; y <= last; y++) {
      // where the row enters and leaves
      let from = Infinity;
      let to = -Infinity;
      for (let edge = 0; edge < 3; edge++) {
        const px = edge === 0 ? x0 : edge === 1 ? x1 : x2;
        const py = edge === 0 ? y0 : edge === 1 ? y1 : y2;
        const qx = edge === 0 ? x1 : edge === 1 ? x2 : x0;
        const qy = edge === 0 ? y1 : edge === 1 ? y2 : y0;
        if (Math.min(py, qy) > y + SLACK || Math.max(py, qy) < y - SLACK) continue;
        if (Math.abs(qy - py) < SLACK) {
          from = Math.min(from, px, qx);
          to = Math.max(to, px, qx);
          continue;
        }
        const at = px + Math.min(Math.max((y - py) / (qy - py), 0), 1) * (qx - px);
        from = Math.min(from, at);
        to = Math.max(to, at);
      }
      const start = Math.max(Math.ceil(from - SLACK), 0);
      const end = Math.min(Math.floor(to + SLACK), width - 1);
      let atX = ax + backXx * (start - x0) + backXy * (y - y0);
      let atY = ay + backYx * (start - x0) + backYy * (y - y0);
      for (let x = start, i = y * width + start; x <= end; x++, i++, atX += backXx, atY += backYx) {
        const column = Math.floor(atX + 0.5);
        const row = Math.floor(atY + 0.5);
        if (column < 0 || row < 0 || column >= width || row >= height || labels[row * width + column] !== number) continue;
        const length = (atX - x) * (atX - x) + (atY - y) * (atY - y);
        if (length <= front[i]) continue;
        front[i] = length;
        if (length > STILL) out[i] = this.#colour(source, atX, atY);
      }
    }
  }
}
