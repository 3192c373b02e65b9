// @ts-check
// Changes of all that is painted: grown, shrunk, smoothed, its holes filled; exactly as kernels/points/region_steps.py.

/** @typedef {"grow"|"shrink"|"smooth"|"fill"} Step */

/** The pixels (1) of region and those whose centres are within radius of one of theirs.
 * @param {Uint8Array} region @param {number} width @param {number} height @param {number} radius */
function grow(region, width, height, radius) {
  const far = height + width + Math.floor(radius) + 1;
  const away = new Int32Array(region.length);
  for (let x = 0; x < width; x++) {
    for (let i = x, row = far; i < region.length; i += width) away[i] = row = region[i] ? 0 : row + 1;
    for (let i = region.length - width + x, row = far; i >= 0; i -= width) {
      row = region[i] ? 0 : row + 1;
      if (row < away[i]) away[i] = row;
    }
  }
  const grown = new Uint8Array(region.length);
  const turns = new Int32Array(width + 1);
  for (let start = 0; start < region.length; start += width) {
    turns.fill(0);
    // the nearest pixel of each column reaches to both sides of it
    for (let x = 0; x < width; x++) {
      const rest = radius * radius - away[start + x] * away[start + x];
      if (rest < 0) continue;
      const half = Math.floor(Math.sqrt(rest));
      turns[Math.max(x - half, 0)]++;
      turns[Math.min(x + half + 1, width)]--;
    }
    for (let x = 0, count = 0; x < width; x++) {
      count += turns[x];
      if (count > 0) grown[start + x] = 1;
    }
  }
  return grown;
}

/** @param {Uint8Array} region */
const rest = (region) => region.map((value) => 1 - value);

/** What the border of the picture cuts off does not shrink there.
 * @param {Uint8Array} region @param {number} width @param {number} height @param {number} radius */
const shrink = (region, width, height, radius) => rest(grow(rest(region), width, height, radius));

/** Without what is narrower than two radii, and without gaps that are (opening, then closing, by a disc).
 * @param {Uint8Array} region @param {number} width @param {number} height @param {number} radius */
function smooth(region, width, height, radius) {
  const opened = grow(shrink(region, width, height, radius), width, height, radius);
  return shrink(grow(opened, width, height, radius), width, height, radius);
}

/** With the parts of the rest that do not reach the border of the picture by their sides.
 * @param {Uint8Array} region @param {number} width @param {number} height */
function fill(region, width, height) {
  const filled = new Uint8Array(region.length).fill(1);
  /** @type {number[]} */
  const open = [];
  const visit = (/** @type {number} */ i) => {
    if (region[i] || !filled[i]) return;
    filled[i] = 0;
    open.push(i);
  };
  for (let x = 0; x < width; x++) {
    visit(x);
    visit(region.length - 1 - x);
  }
  for (let y = 0; y < height; y++) {
    visit(y * width);
    visit(y * width + width - 1);
  }
  for (let i = open.pop(); i !== undefined; i = open.pop()) {
    const x = i % width;
    if (x > 0) visit(i - 1);
    if (x < width - 1) visit(i + 1);
    if (i >= width) visit(i - width);
    if (i < region.length - width) visit(i + width);
  }
  return filled;
}

const STEPS = { grow, shrink, smooth, fill };

/**
 * Changes levels (0..255, row by row) by a step: grow, shrink or smooth by radius pixels, or fill. Of a soft edge every
 * value for itself: what is above it is a region.
 * @param {Uint8Array} levels @param {number} width @param {number} height @param {Step} step @param {number} radius
 */
export function takeStep(levels, width, height, step, radius) {
  const before = levels.slice();
  levels.fill(0);
  for (const level of [...new Set(before)].sort((a, b) => a - b)) {
    if (!level) continue;
    const region = STEPS[step](before.map((value) => Number(value >= level)), width, height, radius);
    region.forEach((value, i) => value && (levels[i] = level));
  }
}
