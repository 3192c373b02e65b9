// @ts-check
// A picture whose parts were moved: what arrives where, as kernels/warp says, and what opened up.

import { colourAt } from "./sampling.mjs";

/** @typedef {import("./moved_region.mjs").Moved} Moved */
/** @typedef {import("./on_nodes.mjs").Grid} Grid */
/** @typedef {{readonly x: number, readonly y: number, readonly width: number, readonly height: number}} Frame a part of a
 *  picture */
/** @typedef {"longest"|"shortest"|"first"|"last"} Front what is seen where content meets: the longest or the shortest move,
 *  or the first or last part in reading order */

// neighbouring pixels that end up farther apart than this are torn
export const TEAR = 3;
// of a pixel, in fixed point
const ONE = 1 << 16;
// squared length of a move that is none, in fixed point
const STILL = 1e-6 * ONE * ONE;
// pixels by which all edges are off, so that none lies on the centres of pixels, where rounding would decide
const OFF = 1e-6;
// what a square of a grid holds of its part: nothing, some, all of its pixels
export const [NOTHING, SOME, ALL] = /** @type {const} */ ([0, 1, 2]);

/** Squared distance of two of a list of places. @param {Float64Array} places @param {number} i @param {number} j */
function apart(places, i, j) {
  const x = places[2 * j] - places[2 * i];
  const y = places[2 * j + 1] - places[2 * i + 1];
  return x * x + y * y;
}

/** Draws moved content on a picture. */
export class MovedPicture {
  // of the grid that is drawn
  #left = 0;
  #top = 0;
  #stepX = 1;
  #stepY = 1;
  #columns = 0;
  /** places of its nodes after the move, x and y interleaved */ #ends = new Float64Array(0);
  #number = 0;
  #layer = 0;
  #sign = 1;
  /** @type {Uint32Array} */ #labels = new Uint32Array(0);
  /** @type {Uint32Array} */ #out = new Uint32Array(0);

  /** @param {Uint32Array} source made by `sampled`, a part of the picture @param {Frame} from which part
   * @param {Frame} [to] the part that is drawn @param {readonly [number, number]} [scale] pixels per cell of the motion */
  constructor(source, from, to = from, scale = [1, 1]) {
    this.source = source;
    this.from = from;
    this.to = to;
    this.scale = scale;
    /** what arrived in each pixel: 0 nothing, else the layer of its part, later ones in front */
    this.arrived = new Uint16Array(to.width * to.height);
    /** squared length of the move that is seen there, in fixed point; negative where the shortest is in front */
    this.rank = new Float32Array(to.width * to.height);
    /** rows of the part that is drawn, in which anything arrived: the first, and the one after the last */
    this.rows = [0, 0];
  }

  /** Whether moved content is seen in pixel i. @param {number} i */
  moved(i) {
    return this.arrived[i] > 0 && Math.abs(this.rank[i]) > STILL;
  }

  /**
   * Draws on out, the part that is drawn. labels: the numbers of the parts, of what source holds; a motion that tears leaves
   * open what is stretched too far. After it, `arrived` is above 0 wherever content of a part is.
   * @param {Uint32Array} out @param {readonly Moved[]} moved @param {Uint32Array} labels @param {boolean} tears
   * @param {Front} front
   */
  draw(out, moved, labels, tears, front = "longest") {
    this.arrived.fill(0, this.rows[0] * this.to.width, this.rows[1] * this.to.width);
    this.rows = [this.to.height, 0];
    this.#labels = labels;
    this.#out = out;
    this.#sign = front === "shortest" ? -1 : 1;
    const inOrder = front === "first" ? -1 : front === "last" ? 1 : 0;
    let order = NaN;
    this.#layer = inOrder ? 0 : 1;
    for (const motion of inOrder ? [...moved].sort((a, b) => inOrder * (a.order - b.order)) : moved) {
      if (inOrder && motion.order !== order) this.#layer++;
      order = motion.order;
      this.#number = motion.number;
      if (motion.pieces) this.#pieces(motion, motion.pieces);
      else {
        this.#grid(motion, motion.nodes, motion.squares, tears, motion.fine.size ? motion.fine : null);
        motion.fine.forEach((nodes, i) => this.#grid(this.#inSquare(motion, i), nodes, null, tears, null));
      }
    }
  }

  /** The grid of single cells in a square. @param {Moved} motion @param {number} i @returns {Grid} */
  #inSquare({ x, y, step, columns, unit }, i) {
    const parts = Math.round(step / unit);
    return { x: x + (i % columns) * step, y: y + Math.floor(i / columns) * step, step: unit, columns: parts + 1, rows: parts + 1 };
  }

  /** Where the nodes of a grid end. @param {Grid} grid @param {Float64Array} nodes */
  #move({ x, y, step, columns, rows }, nodes) {
    if (this.#ends.length < nodes.length) this.#ends = new Float64Array(nodes.length);
    const ends = this.#ends;
    const [scaleX, scaleY] = this.scale;
    // the middle of a cell is the middle of its pixels
    const left = (x + 0.5) * scaleX - 0.5;
    const top = (y + 0.5) * scaleY - 0.5;
    const stepX = step * scaleX;
    const stepY = step * scaleY;
    this.#left = left;
    this.#top = top;
    this.#stepX = stepX;
    this.#stepY = stepY;
    this.#columns = columns;
    for (let i = 0, row = 0; row < rows; row++) {
      const atY = top + row * stepY - OFF;
      for (let column = 0; column < columns; column++, i += 2) {
        ends[i] = left + column * stepX + nodes[i] * scaleX - OFF;
        ends[i + 1] = atY + nodes[i + 1] * scaleY;
      }
    }
  }

  /** @param {Grid} grid @param {Float64Array} nodes @param {Uint8Array|null} squares @param {boolean} tears
   * @param {Map<number, Float64Array>|null} skipped squares */
  #grid(grid, nodes, squares, tears, skipped) {
    this.#move(grid, nodes);
    const { columns, rows } = grid;
    const ends = this.#ends;
    // what the squares hold was found for cells
    const known = this.scale[0] === 1 && this.scale[1] === 1 ? squares : null;
    const farX = (TEAR * this.#stepX) ** 2;
    const farY = (TEAR * this.#stepY) ** 2;
    for (let row = 0; row + 1 < rows; row++) {
      for (let column = 0, i = row * columns; column + 1 < columns; column++, i++) {
        const holds = known === null ? SOME : known[i];
        if (holds === NOTHING || (skipped !== null && skipped.has(i))) continue;
        const below = i + columns;
        if (tears) {
          if (apart(ends, i, i + 1) > farX || apart(ends, below, below + 1) > farX) continue;
          if (apart(ends, i, below) > farY || apart(ends, i + 1, below + 1) > farY) continue;
        }
        this.#triangle(row, column, 0, holds);
        this.#triangle(row, column, 1, holds);
      }
    }
  }

  /**
   * One half of a square: the corners above left, or below right, and the two between.
   * @param {number} row @param {number} column @param {number} half 0 or 1 @param {number} holds
   */
  #triangle(row, column, half, holds) {
    const { source, arrived, rank, from, to } = this;
    const ends = this.#ends;
    const columns = this.#columns;
    const out = this.#out;
    const labels = this.#labels;
    const number = this.#number;
    const layer = this.#layer;
    const sign = this.#sign;
    const fromX = from.x;
    const fromY = from.y;
    const toX = to.x;
    const toY = to.y;
    const wide = to.width;
    const first = row * columns + column;
    // a: the right angle; b, c: the other corners
    const a = 2 * (half ? first + columns + 1 : first);
    const b = 2 * (half ? first + columns : first + 1);
    const c = 2 * (half ? first + 1 : first + columns);
    const ax = ends[a];
    const ay = ends[a + 1];
    const bx = ends[b];
    const by = ends[b + 1];
    const cx = ends[c];
    const cy = ends[c + 1];
    const start = Math.max(Math.ceil(Math.min(ay, by, cy)), toY);
    const end = Math.min(Math.ceil(Math.max(ay, by, cy)), toY + to.height);
    if (start >= end || Math.max(ax, bx, cx) < toX || Math.min(ax, bx, cx) > toX + wide) return;
    const { rows } = this;
    if (start - toY < rows[0]) rows[0] = start - toY;
    if (end - toY > rows[1]) rows[1] = end - toY;
    const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
    if (!(Math.abs(area) > 1e-9)) return;
    // the way back in fixed point, by a step to the right and one down
    const across = ((half ? -ONE : ONE) * this.#stepX) / area;
    const down = ((half ? -ONE : ONE) * this.#stepY) / area;
    const xByX = (cy - ay) * across;
    const xByY = (ax - cx) * across;
    const yByX = (ay - by) * down;
    const yByY = (bx - ax) * down;
    const ownX = (this.#left + (column + half) * this.#stepX) * ONE + 0.5;
    const ownY = (this.#top + (row + half) * this.#stepY) * ONE + 0.5;
    const stepX = xByX | 0;
    const stepY = yByX | 0;
    const checked = holds !== ALL;
    const width = from.width;
    const right = width - 1;
    const bottom = from.height - 1;
    const leastX = fromX << 16;
    const leastY = fromY << 16;
    const lastX = (fromX + right) << 16;
    const lastY = (fromY + bottom) << 16;

    for (let y = start; y < end; y++) {
      // where the row enters and leaves; an edge that two triangles share is computed from the same end in both
      let enters = Infinity;
      let leaves = -Infinity;
      if (ay < y !== by < y) {
        const x = ay < by ? ax + ((y - ay) / (by - ay)) * (bx - ax) : bx + ((y - by) / (ay - by)) * (ax - bx);
        enters = x;
        leaves = x;
      }
      if (by < y !== cy < y) {
        const x = by < cy ? bx + ((y - by) / (cy - by)) * (cx - bx) : cx + ((y - cy) / (by - cy)) * (bx - cx);
        if (x < enters) enters = x;
        if (x > leaves) leaves = x;
      }
      if (cy < y !== ay < y) {
        const x = cy < ay ? cx + ((y - cy) / (ay - cy)) * (ax - cx) : ax + ((y - ay) / (cy - ay)) * (cx - ax);
        if (x < enters) enters = x;
        if (x > leaves) leaves = x;
      }
      const left = Math.max(Math.ceil(enters), toX);
      const stop = Math.min(Math.ceil(leaves), toX + wide);
      if (!(left < stop)) continue;
      let atX = Math.floor(ownX + xByX * (left - ax) + xByY * (y - ay)) | 0;
      let atY = Math.floor(ownY + yByX * (left - ax) + yByY * (y - ay)) | 0;
      const placeY = y << 16;
      for (let x = left, i = (y - toY) * wide + left - toX; x < stop; x++, i++, atX = (atX + stepX) | 0, atY = (atY + stepY) | 0) {
        if (checked) {
          const pixelX = ((atX + 0x8000) >> 16) - fromX;
          const pixelY = ((atY + 0x8000) >> 16) - fromY;
          if (pixelX < 0 || pixelY < 0 || pixelX > right || pixelY > bottom || labels[pixelY * width + pixelX] !== number) continue;
        }
        const moveX = (atX - (x << 16)) | 0;
        const moveY = (atY - placeY) | 0;
        const length = sign * (moveX * moveX + moveY * moveY);
        if (arrived[i] === layer && length <= rank[i]) continue;
        arrived[i] = layer;
        rank[i] = length;
        const sourceX = (atX < leastX ? leastX : atX > lastX ? lastX : atX) - leastX;
        const sourceY = (atY < leastY ? leastY : atY > lastY ? lastY : atY) - leastY;
        // what does not move stays as it is, to the bit
        if (length <= STILL && length >= -STILL) out[i] = source[((sourceY + 0x8000) >> 16) * width + ((sourceX + 0x8000) >> 16)];
        else out[i] = colourAt(source, width, (sourceX + 128) >> 8, (sourceY + 128) >> 8);
      }
    }
  }

  /** Every pixel with its cell. @param {Moved} motion @param {NonNullable<Moved["pieces"]>} pieces */
  #pieces({ number, x: left, y: top, step, columns, rows, nodes }, { chosen, motion }) {
    const { from, scale } = this;
    const [scaleX, scaleY] = scale;
    const labels = this.#labels;
    const one = new Float64Array(2);
    // pixels between two nodes
    const span = (/** @type {number} */ node, /** @type {number} */ first, /** @type {number} */ count, /** @type {number} */ by) => [
      Math.max(Math.ceil((node + 0.5) * by - 0.5), first),
      Math.min(Math.ceil((node + step + 0.5) * by - 0.5), first + count),
    ];
    for (let row = 0; row + 1 < rows; row++) {
      const [y0, y1] = span(top + row * step, from.y, from.height, scaleY);
      for (let column = 0; column + 1 < columns; column++) {
        const i = row * columns + column;
        const whole = chosen[i] === chosen[i + 1] && chosen[i] === chosen[i + columns] && chosen[i] === chosen[i + columns + 1];
        one[0] = nodes[2 * i];
        one[1] = nodes[2 * i + 1];
        const [x0, x1] = span(left + column * step, from.x, from.width, scaleX);
        for (let y = y0; y < y1; y++) {
          for (let x = x0; x < x1; x++) {
            if (labels[(y - from.y) * from.width + x - from.x] !== number) continue;
            if (!whole) motion((x + 0.5) / scaleX - 0.5, (y + 0.5) / scaleY - 0.5, one, 0);
            this.#piece(x, y, one[0] * scaleX, one[1] * scaleY);
          }
        }
      }
    }
  }

  /** @param {number} x @param {number} y @param {number} u @param {number} v */
  #piece(x, y, u, v) {
    const { source, from, to, arrived, rank } = this;
    const atX = Math.floor(x + u + 0.5);
    const atY = Math.floor(y + v + 0.5);
    if (atX < to.x || atY < to.y || atX >= to.x + to.width || atY >= to.y + to.height) return;
    const { rows } = this;
    rows[0] = Math.min(rows[0], atY - to.y);
    rows[1] = Math.max(rows[1], atY - to.y + 1);
    const i = (atY - to.y) * to.width + atX - to.x;
    const length = this.#sign * (u * u + v * v) * ONE * ONE;
    if (arrived[i] === this.#layer && length <= rank[i]) return;
    arrived[i] = this.#layer;
    rank[i] = length;
    const sourceX = Math.min(Math.max((atX - u - from.x) * 256 + 0.5, 0), (from.width - 1) << 8) | 0;
    const sourceY = Math.min(Math.max((atY - v - from.y) * 256 + 0.5, 0), (from.height - 1) << 8) | 0;
    this.#out[i] = colourAt(source, from.width, sourceX, sourceY);
  }
}
