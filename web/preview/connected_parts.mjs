// @ts-check
// The connected parts of a region, as kernels/points/connected_parts.py finds them.

/** @typedef {{readonly left: number, readonly top: number, readonly width: number, readonly height: number,
 *  readonly region: Uint8Array}} Part its bounding box, and the part in it */

/** Runs of 1 in the rows of a region: y, start and stop of each. @param {Uint8Array} region @param {number} width
 * @param {number} height */
function runsOf(region, width, height) {
  /** @type {number[]} */
  const runs = [];
  for (let y = 0, i = 0; y < height; y++) {
    const end = i + width;
    while (i < end) {
      while (i < end && !region[i]) i++;
      if (i === end) break;
      const start = i;
      while (i < end && region[i]) i++;
      runs.push(y, start - (end - width), i - (end - width));
    }
  }
  return runs;
}

/**
 * Numbers of the parts of a region that are connected, also over corners, from 1 in reading order, 0 outside.
 * @param {Uint8Array} region @param {number} width @param {number} height
 * @returns {{labels: Uint32Array, parts: Part[]}}
 */
export function labelParts(region, width, height) {
  const runs = runsOf(region, width, height);
  const count = runs.length / 3;
  // the first run of what each is connected to, as far as that is known
  const first = Int32Array.from({ length: count }, (_, k) => k);
  const root = (/** @type {number} */ k) => {
    while (first[k] !== k) k = first[k] = first[first[k]];
    return k;
  };
  for (let k = 0, above = 0; k < count; k++) {
    const [y, start, stop] = [runs[3 * k], runs[3 * k + 1], runs[3 * k + 2]];
    while (runs[3 * above] < y - 1 || (runs[3 * above] === y - 1 && runs[3 * above + 2] < start)) above++;
    for (let other = above; runs[3 * other] === y - 1 && runs[3 * other + 1] <= stop; other++) {
      const [one, two] = [root(k), root(other)];
      first[Math.max(one, two)] = Math.min(one, two);
    }
  }

  const labels = new Uint32Array(width * height);
  const numbers = new Uint32Array(count);
  /** @type {[number, number, number, number][]} left, top, right, bottom */
  const boxes = [];
  for (let k = 0; k < count; k++) {
    const [y, start, stop] = [runs[3 * k], runs[3 * k + 1], runs[3 * k + 2]];
    const own = root(k);
    if (own === k) numbers[k] = boxes.push([start, y, stop, y + 1]);
    const number = (numbers[k] = numbers[own]);
    const box = boxes[number - 1];
    box[0] = Math.min(box[0], start);
    box[2] = Math.max(box[2], stop);
    box[3] = y + 1;
    labels.fill(number, y * width + start, y * width + stop);
  }
  const parts = boxes.map(([left, top, right, bottom]) => ({
    left, top, width: right - left, height: bottom - top, region: new Uint8Array((right - left) * (bottom - top)),
  }));
  for (let k = 0; k < count; k++) {
    const { left, top, width: wide, region: own } = parts[numbers[k] - 1];
    const row = (runs[3 * k] - top) * wide - left;
    own.fill(1, row + runs[3 * k + 1], row + runs[3 * k + 2]);
  }
  return { labels, parts };
}
