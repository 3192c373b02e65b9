// @ts-check
// Motions of a latent's cells as they look in its picture, with the numbers of kernels/warp/relocate.py where they are whole.

/** @typedef {import("./moved_region.mjs").Moved} Moved */
/** @typedef {import("./moved_region.mjs").MovedRegion} MovedRegion */

// pixels of a picture a side of a cell, of the latents that Latent Warpage moves
export const CELL = 8;

/** Where cells of a size (pixels) lie on a picture: whole ones around its centre. */
export class LatentCells {
  /** @param {number} width @param {number} height @param {number} size may be broken: of a picture that was made smaller */
  constructor(width, height, size) {
    this.width = width;
    this.height = height;
    this.size = size;
    const [columns, rows] = [width, height].map((side) => Math.max(Math.floor(side / size + 1e-6), 1));
    this.columns = columns;
    this.rows = rows;
    // margins are whole pixels of the picture that it was
    const pixel = size / CELL;
    const margin = (/** @type {number} */ side, /** @type {number} */ cells) => pixel * Math.max(Math.floor((side - cells * size) / pixel / 2 + 1e-6), 0);
    this.left = margin(width, columns);
    this.top = margin(height, rows);
    const at = (/** @type {number} */ side, /** @type {number} */ start, /** @type {number} */ count) =>
      Int32Array.from({ length: side }, (_, x) => {
        const cell = Math.floor((x + 0.5 - start) / size);
        return cell >= 0 && cell < count ? cell : -1;
      });
    this.columnOf = at(width, this.left, columns);
    this.rowOf = at(height, this.top, rows);
  }

  /** The cells (1) of which at least half is painted. @param {Uint8Array} mask */
  covered(mask) {
    const { width, columns, rows } = this;
    const [sum, area] = [new Uint32Array(columns * rows), new Uint32Array(columns * rows)];
    mask.forEach((inside, i) => {
      const [column, row] = [this.columnOf[i % width], this.rowOf[Math.floor(i / width)]];
      if (column < 0 || row < 0) return;
      area[row * columns + column]++;
      sum[row * columns + column] += inside;
    });
    return Uint8Array.from(sum, (painted, i) => (area[i] && 2 * painted >= area[i] ? 1 : 0));
  }

  /** What is known of each cell, for each pixel; 0 beside them. @template {Uint8Array|Uint32Array} T
   * @param {T} values @param {T} out */
  enlarged(values, out) {
    const { width, height, columns } = this;
    for (let i = 0, y = 0; y < height; y++) {
      const row = this.rowOf[y];
      for (let x = 0; x < width; x++, i++) out[i] = row < 0 || this.columnOf[x] < 0 ? 0 : values[row * columns + this.columnOf[x]];
    }
    return out;
  }

  /** A motion of cells as one of pixels. @param {Moved} moved @returns {import("./on_nodes.mjs").OnNodes & {order: number, number: number}} */
  scaled(moved) {
    const { size, left, top } = this;
    const pixel = (/** @type {number} */ cell) => (cell + 0.5) * size - 0.5;
    const larger = (/** @type {Float64Array} */ nodes) => nodes.map((value) => value * size);
    const { pieces } = moved;
    return {
      ...moved,
      x: pixel(moved.x) + left,
      y: pixel(moved.y) + top,
      step: moved.step * size,
      unit: moved.unit * size,
      nodes: larger(moved.nodes),
      fine: new Map([...moved.fine].map(([i, nodes]) => [i, larger(nodes)])),
      pieces: pieces && {
        ...pieces,
        motion: (x, y, out, i) => {
          pieces.motion(Math.round((x - left + 0.5) / size - 0.5), Math.round((y - top + 0.5) / size - 0.5), out, i);
          out[i] *= size;
          out[i + 1] *= size;
        },
      },
    };
  }

  /**
   * Which cell comes to each cell when whole cells move, the first in reading order that goes there; -1 for none.
   * @param {Uint8Array} region of cells @param {(x: number, y: number) => readonly [number, number]} displacement
   */
  relocated(region, displacement) {
    const { columns, rows } = this;
    const from = new Int32Array(region.length).fill(-1);
    const filled = new Uint8Array(region.length);
    const even = (/** @type {number} */ value) => {
      const near = Math.round(value);
      return near - value === 0.5 && near % 2 ? near - 1 : near;
    };
    region.forEach((inside, i) => {
      if (!inside) return;
      const [x, y] = [i % columns, Math.floor(i / columns)];
      const [u, v] = displacement(x, y);
      const to = Math.min(Math.max(even(y + v), 0), rows - 1) * columns + Math.min(Math.max(even(x + u), 0), columns - 1);
      if (filled[to]) return;
      filled[to] = 1;
      from[to] = i;
    });
    return from;
  }

  /**
   * Draws cells where they are now, and marks in arrived which pixels have one.
   * @param {Int32Array} from what `relocated` says @param {Uint32Array} source @param {Uint32Array} out
   * @param {Uint16Array} arrived
   */
  placed(from, source, out, arrived) {
    const { width, height, columns, size } = this;
    for (let i = 0, y = 0; y < height; y++) {
      const row = this.rowOf[y];
      for (let x = 0; x < width; x++, i++) {
        const column = this.columnOf[x];
        const cell = row < 0 || column < 0 ? -1 : from[row * columns + column];
        arrived[i] = 0;
        if (cell < 0) continue;
        const [dx, dy] = [(cell % columns) - column, Math.floor(cell / columns) - row];
        const [fromX, fromY] = [x + Math.round(dx * size), y + Math.round(dy * size)];
        out[i] = source[Math.min(Math.max(fromY, 0), height - 1) * width + Math.min(Math.max(fromX, 0), width - 1)];
        arrived[i] = 1;
      }
    }
  }
}
