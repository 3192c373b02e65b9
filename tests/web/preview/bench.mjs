// Times of the preview's frames in Node (no assertion): node tests/web/preview/bench.mjs

import { gridSize, inverse, sheet } from "../../../web/preview/displacement.mjs";
import { Preview } from "../../../web/preview/warped_picture.mjs";

/** @param {() => void} step */
function median(step) {
  const times = Array.from({ length: 220 }, () => {
    const start = performance.now();
    step();
    return performance.now() - start;
  });
  return times.slice(20).sort((a, b) => a - b)[100].toFixed(2);
}

const random = ((state) => () => (state = (state * 16807) % 2147483647) / 2147483647)(7);
for (const size of [512, 1024]) {
  const preview = new Preview(new Uint8ClampedArray(4 * size * size).map(() => 256 * random()), size, size);
  const [width, height] = gridSize(size, size);
  const whole = new Uint8Array(width * height).fill(1);
  for (const count of [1, 8, 20]) {
    const drags = Array.from({ length: count }, () => {
      const [x, y] = [0.15 + 0.7 * random(), 0.15 + 0.7 * random()];
      return { handle: [x, y], target: [x + 0.16 * (random() - 0.5), y + 0.16 * (random() - 0.5)] };
    });
    const points = (name) => drags.map((drag) => [drag[name][0] * width - 0.5, drag[name][1] * height - 0.5]);
    const [handles, targets] = [points("handle"), points("target")];
    const flow = sheet(handles, targets, whole, width, height);
    const formula = median(() => sheet(handles, targets, whole, width, height));
    const inverted = median(() => inverse(flow, width, height));
    const frame = median(() => preview.update(drags, null));
    console.log(`${size} x ${size}, ${count} drags: formula ${formula}, inverse ${inverted}, whole frame ${frame} ms`);
  }
}
