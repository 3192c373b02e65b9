// @ts-check
// A picture whose parts were moved: what arrives where, as kernels/warp says, and what opened up.

import { colourAt } from "./sampling.mjs";

/** @typedef {import("./displacements.mjs").Moved} Moved */
/** @typedef {{readonly x: number, readonly y: number, readonly width: number, readonly height: number}} Frame a part of a
 *  picture, in its pixels */

// neighbouring pixels that end up farther apart than this are torn
const TEAR = 3;
// squared length of a move that is none
const STILL = 1e-6;
// pixels: reach of a rounding error around an edge, so that triangles that share it leave no gap
const SLACK = 1e-6;

/** Draws moved content on a picture, what moved farthest in front. The picture may be larger than the grid that the motion
 * is known on, and only a part of it may be drawn. */
export class MovedPicture {
  /** @param {Uint32Array} source made by `sampled`, a part of the picture @param {Frame} from which part
   * @param {Frame} [to] the part that is drawn @param {readonly [number, number]} [scale] pixels per cell of the motion */
  constructor(source, from, to = from, scale = [1, 1]) {
    this.source = source;
    this.from = from;
    this.to = to;
    this.scale = scale;
    // squared length of the move that is seen in each pixel, -1 where nothing arrived
    this.front = new Float32Array(to.width * to.height);
  }

  /**
   * Draws on out, the part that is drawn. labels: the numbers of the parts, of what source holds; a motion that tears leaves
   * open what is stretched too far. After it, `front` is >= 0 wherever content of a part arrived.
   * @param {Uint32Array} out @param {readonly Moved[]} moved @param {Uint32Array} labels @param {boolean} tears
   */
  draw(out, moved, labels, tears) {
    this.front.fill(-1);
    for (const motion of moved) {
      if (motion.pieces) this.#pieces(out, motion, labels);
      else this.#squares(out, motion, labels, tears);
    }
  }

  /** Every pixel with its cell. @param {Uint32Array} out @param {Moved} motion @param {Uint32Array} labels */
  #pieces(out, { number, x: left, y: top, columns, rows, nodes }, labels) {
    const { front, from, to, scale } = this;
    for (let i = 0, y = from.y; y < from.y + from.height; y++) {
      const row = Math.floor((y + 0.5) / scale[1]) - top;
      for (let x = from.x; x < from.x + from.width; x++, i++) {
        if (labels[i] !== number) continue;
        const column = Math.floor((x + 0.5) / scale[0]) - left;
        if (row < 1 || column < 1 || row >= rows - 1 || column >= columns - 1) continue;
        const u = nodes[2 * (row * columns + column)] * scale[0];
        const v = nodes[2 * (row * columns + column) + 1] * scale[1];
        const toX = Math.floor(x + u + 0.5) - to.x;
        const toY = Math.floor(y + v + 0.5) - to.y;
        if (toX < 0 || toY < 0 || toX >= to.width || toY >= to.height) continue;
        const k = toY * to.width + toX;
        const length = u * u + v * v;
        if (length <= front[k]) continue;
        front[k] = length;
        out[k] = this.#colour(toX + to.x - u, toY + to.y - v);
      }
    }
  }

  /** @param {number} x @param {number} y of the picture */
  #colour(x, y) {
    const { source, from } = this;
    const fromX = Math.min(Math.max((x - from.x) * 256 + 0.5, 0), (from.width - 1) * 256) | 0;
    const fromY = Math.min(Math.max((y - from.y) * 256 + 0.5, 0), (from.height - 1) * 256) | 0;
    return colourAt(source, from.width, fromX, fromY);
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
   * @param {number} cellX @param {number} cellY @param {number} step in cells of the motion @param {Float64Array} flow
   * @param {number} i of the displacement of its first corner @param {number} below to that of the corner below */
  #square(out, labels, number, tears, cellX, cellY, step, flow, i, below) {
    const [sx, sy] = this.scale;
    // the middle of a cell is the middle of its pixels
    const left = (cellX + 0.5) * sx - 0.5;
    const top = (cellY + 0.5) * sy - 0.5;
    const right = left + step * sx;
    const bottom = top + step * sy;
    const au = flow[i] * sx;
    const av = flow[i + 1] * sy;
    const bu = flow[i + 2] * sx;
    const bv = flow[i + 3] * sy;
    const cu = flow[i + below] * sx;
    const cv = flow[i + below + 1] * sy;
    const du = flow[i + below + 2] * sx;
    const dv = flow[i + below + 3] * sy;
    if (au === 0 && av === 0 && bu === 0 && bv === 0 && cu === 0 && cv === 0 && du === 0 && dv === 0) {
      return this.#still(labels, number, left, top, right, bottom);
    }
    if (tears) {
      const [across, down] = [step * sx, step * sy];
      const [farX, farY] = [(TEAR * across) ** 2, (TEAR * down) ** 2];
      if ((across + bu - au) ** 2 + (bv - av) ** 2 > farX || (across + du - cu) ** 2 + (dv - cv) ** 2 > farX) return;
      if ((cu - au) ** 2 + (down + cv - av) ** 2 > farY || (du - bu) ** 2 + (down + dv - bv) ** 2 > farY) return;
    }
    this.#triangle(out, labels, number, left, top, au, av, right, top, bu, bv, left, bottom, cu, cv);
    this.#triangle(out, labels, number, right, bottom, du, dv, left, bottom, cu, cv, right, top, bu, bv);
  }

  /** What does not move is there. @param {Uint32Array} labels @param {number} number
   * @param {number} left @param {number} top @param {number} right @param {number} bottom */
  #still(labels, number, left, top, right, bottom) {
    const { front, from, to } = this;
    const lastX = Math.min(right, to.x + to.width - 1);
    const lastY = Math.min(bottom, to.y + to.height - 1);
    for (let y = Math.max(Math.ceil(top), to.y); y <= lastY; y++) {
      for (let x = Math.max(Math.ceil(left), to.x); x <= lastX; x++) {
        const i = (y - to.y) * to.width + x - to.x;
        if (labels[(y - from.y) * from.width + x - from.x] === number && front[i] < 0) front[i] = 0;
      }
    }
  }

  /** @param {Uint32Array} out @param {Uint32Array} labels @param {number} number
   * @param {number} ax @param {number} ay @param {number} au @param {number} av
   * @param {number} bx @param {number} by @param {number} bu @param {number} bv
   * @param {number} cx @param {number} cy @param {number} cu @param {number} cv */
  #triangle(out, labels, number, ax, ay, au, av, bx, by, bu, bv, cx, cy, cu, cv) {
    const { front, from } = this;
    const { x: toX, y: toY, width, height } = this.to;
    // its corners when moved
    const [x0, y0, x1, y1, x2, y2] = [ax + au, ay + av, bx + bu, by + bv, cx + cu, cy + cv];
    const first = Math.max(Math.ceil(Math.min(y0, y1, y2) - SLACK), toY);
    const last = Math.min(Math.floor(Math.max(y0, y1, y2) + SLACK), toY + height - 1);
    if (first > last || Math.max(x0, x1, x2) < toX || Math.min(x0, x1, x2) > toX + width) return;
    const area = (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0);
    if (!(Math.abs(area) > 1e-9)) return;
    // the way back, by a step to the right and one down
    const backXx = ((bx - ax) * (y2 - y0) - (cx - ax) * (y1 - y0)) / area;
    const backXy = ((cx - ax) * (x1 - x0) - (bx - ax) * (x2 - x0)) / area;
    const backYx = ((by - ay) * (y2 - y0) - (cy - ay) * (y1 - y0)) / area;
    const backYy = ((cy - ay) * (x1 - x0) - (by - ay) * (x2 - x0)) / area;
    for (let y = first; y <= last; y++) {
      // where the row enters and leaves
      let enters = Infinity;
      let leaves = -Infinity;
      for (let edge = 0; edge < 3; edge++) {
        const px = edge === 0 ? x0 : edge === 1 ? x1 : x2;
        const py = edge === 0 ? y0 : edge === 1 ? y1 : y2;
        const qx = edge === 0 ? x1 : edge === 1 ? x2 : x0;
        const qy = edge === 0 ? y1 : edge === 1 ? y2 : y0;
        if (Math.min(py, qy) > y + SLACK || Math.max(py, qy) < y - SLACK) continue;
        if (Math.abs(qy - py) < SLACK) {
          enters = Math.min(enters, px, qx);
          leaves = Math.max(leaves, px, qx);
          continue;
        }
        const at = px + Math.min(Math.max((y - py) / (qy - py), 0), 1) * (qx - px);
        enters = Math.min(enters, at);
        leaves = Math.max(leaves, at);
      }
      const start = Math.max(Math.ceil(enters - SLACK), toX);
      const end = Math.min(Math.floor(leaves + SLACK), toX + width - 1);
      let atX = ax + backXx * (start - x0) + backXy * (y - y0);
      let atY = ay + backYx * (start - x0) + backYy * (y - y0);
      for (let x = start, i = (y - toY) * width + start - toX; x <= end; x++, i++, atX += backXx, atY += backYx) {
        const column = Math.floor(atX + 0.5) - from.x;
        const row = Math.floor(atY + 0.5) - from.y;
        if (column < 0 || row < 0 || column >= from.width || row >= from.height || labels[row * from.width + column] !== number) continue;
        const length = (atX - x) * (atX - x) + (atY - y) * (atY - y);
        if (length <= front[i]) continue;
        front[i] = length;
        if (length > STILL) out[i] = this.#colour(atX, atY);
      }
    }
  }
}
