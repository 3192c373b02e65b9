// Times of the preview's frames in Node (no assertion): node tests/web/preview/bench.mjs

import { MovedRegion } from "../../../web/preview/moved_region.mjs";
import { howOf } from "../../../web/preview/how.mjs";
import { Preview } from "../../../web/preview/warped_picture.mjs";

const random = ((state) => () => (state = (state * 16807) % 2147483647) / 2147483647)(7);

/** Median of the milliseconds of processor time that a step takes while the first drag is pulled on.
 * @param {(way: number) => void} step */
function median(step) {
  const times = Array.from({ length: 120 }, (_, i) => {
    const start = process.cpuUsage();
    step((i % 40) / 40);
    return process.cpuUsage(start).user / 1000;
  });
  return times.slice(20).sort((a, b) => a - b)[50].toFixed(1);
}

for (const size of [256, 512]) {
  const preview = new Preview(new Uint8ClampedArray(4 * size * size).map(() => 256 * random()), size, size);
  const painted = Uint8Array.from({ length: size * size }, (_, i) =>
    Math.hypot((i % size) - size / 2, Math.floor(i / size) - size / 2) < 0.47 * size ? 1 : 0,
  );
  const region = new MovedRegion(painted, size, size);
  for (const count of [1, 8, 20]) {
    const drags = Array.from({ length: count }, () => {
      const [x, y] = [0.25 + 0.5 * random(), 0.25 + 0.5 * random()];
      return { handle: [x, y], target: [x + 0.12 * (random() - 0.5), y + 0.12 * (random() - 0.5)] };
    });
    const pulled = (/** @type {number} */ way) =>
      drags.map(({ handle, target }, k) => ({ handle, target: k ? target : [handle[0] + 0.1 * way, handle[1] + 0.05 * way] }));
    for (const [choice, border] of [["stretch", "free"], ["rigid", "held"], ["similarity", "free"], ["nearest", "free"], ["nearest-4", "held"]]) {
      const cells = (end, way) => pulled(way).map((drag) => drag[end].map((value) => value * size - 0.5));
      const motion = median((way) => region.displace(cells("handle", way), cells("target", way), choice, border));
      const frame = median((way) => preview.update(pulled(way), painted, howOf({ displacement: choice, border }, { finds: false })));
      console.log(`${size} x ${size}, ${count} drags, ${choice} ${border}: motion ${motion}, whole frame ${frame} ms`);
    }
  }
}
