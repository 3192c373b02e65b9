import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { cover, rasterise, simplify, simplifyPath } from "../../../web/document/strokes.mjs";

const golden = JSON.parse(readFileSync(new URL("../../golden/strokes.json", import.meta.url), "utf8"));
for (const { name, width, height, strokes, rows, levels } of golden) {
  test(`golden mask: ${name}`, () => {
    const mask = rasterise(strokes, width, height);
    const found = Array.from({ length: height }, (_, y) =>
      Array.from(mask.subarray(y * width, (y + 1) * width), (v) => ".#"[v]).join(""),
    );
    assert.deepEqual(found, rows);
    if (!levels) return;
    const soft = Buffer.from(cover(strokes, width, height)).toString("hex");
    assert.deepEqual(soft.match(new RegExp(`.{${2 * width}}`, "g")), levels);
  });
}

test("a path keeps its ends and what leaves the tolerance", () => {
  const path = [[0, 0], [0.1, 0.001], [0.2, 0], [0.3, 0.2], [0.4, 0]];
  assert.deepEqual(simplifyPath(path, 0.01), [[0, 0], [0.2, 0], [0.3, 0.2], [0.4, 0]]);
  assert.equal(simplifyPath(path, 1, 3).length, 3);
});

test("how far a path may leave is measured in the picture, not in fractions", () => {
  const path = [[0, 0.5], [0.5, 0.503], [1, 0.5]];
  assert.equal(simplifyPath(path, 0.01, 1, [1, 1]).length, 2);
  assert.equal(simplifyPath(path, 0.01, 1, [1, 10]).length, 3);
  const wave = Array.from({ length: 8000 }, (_, i) => [i / 8000, 0.5 + 0.0015 * Math.sin(i / 100)]);
  const [wide] = simplify([{ tool: "brush", points: wave, size: 0.1 }], 20_000, [1000, 100]);
  const [tall] = simplify([{ tool: "brush", points: wave, size: 0.1 }], 20_000, [100, 1000]);
  assert.ok(wide.points.length < tall.points.length / 3, `${wide.points.length} ${tall.points.length}`);
});

/** Random numbers in 0..1, always the same. */
function generator(seed) {
  return () => (seed = (seed * 48271) % 2147483647) / 2147483647;
}

function strokesOf(count, length, seed, tools = ["brush"]) {
  const random = generator(seed);
  return Array.from({ length: count }, (_, i) => {
    let [x, y] = [random(), random()];
    const points = Array.from({ length }, () => {
      x = Math.min(Math.max(x + (random() - 0.5) / 50, 0), 1);
      y = Math.min(Math.max(y + (random() - 0.5) / 50, 0), 1);
      return [x, y];
    });
    const tool = tools[i % tools.length];
    if (tool === "invert") return { tool };
    return tool === "polygon" ? { tool, points } : { tool, points, size: 0.002 + random() / 40 };
  });
}

/** What part of the picture is painted in `a` but not in `b`, when `a` has lost `margin` pixels at its borders. */
function lost(a, b, width, height, margin) {
  let count = 0;
  for (let y = margin; y < height - margin; y++) {
    for (let x = margin; x < width - margin; x++) {
      if (b[y * width + x]) continue;
      let inner = 1;
      for (let v = -margin; v <= margin; v++) for (let u = -margin; u <= margin; u++) inner &= a[(y + v) * width + x + u];
      count += inner;
    }
  }
  return count / (width * height);
}

const area = (mask) => mask.reduce((sum, value) => sum + value, 0) / mask.length;

const crowds = {
  "900 dabs": [strokesOf(900, 1, 1), 0.001],
  "1500 dabs on a path": [strokesOf(1, 1500, 6)[0].points.map((point) => ({ tool: "brush", points: [point], size: 0.07 })), 0.02],
  "1001 short dabs": [Array.from({ length: 1001 }, (_, i) => ({ tool: "brush", points: [[(i % 100) / 100, 0]], size: 0.1 })), 0.01],
  "10,001 points in few characters": [[{ tool: "brush", points: Array.from({ length: 10_001 }, (_, i) => [i % 2, 0]), size: 1 }], 0.001],
  "1000 long strokes": [strokesOf(1000, 60, 2), 0.15],
  "mixed tools": [strokesOf(1200, 12, 3, ["brush", "erase", "polygon", "brush", "invert"]), 0.3],
  "300 long strokes": [strokesOf(300, 60, 4), 0.15],
};
for (const [name, [strokes, growth]] of Object.entries(crowds)) {
  for (const size of [[512, 512], [600, 200], [3, 2000]]) {
    test(`${name} end below every limit and stay painted, ${size}`, () => {
      const short = simplify(strokes, 50_000, size);
      assert.ok(JSON.stringify(short).length <= 50_000);
      assert.ok(short.length <= 1000 && short.reduce((sum, { points = [] }) => sum + points.length, 0) <= 10_000);
      for (const small of [5000, 100]) assert.ok(JSON.stringify(simplify(strokes, small, size)).length <= small);
      const [width, height] = size;
      if (width < 100) return;
      const [before, after] = [rasterise(strokes, width, height), rasterise(short, width, height)];
      assert.ok(area(before) > 0.02);
      const part = lost(before, after, width, height, 3);
      assert.ok(part < 0.001, `lost ${part}`);
      if (width === 512) assert.ok(area(after) < area(before) + growth, `${area(before)} ${area(after)}`);
    });
  }
}

test("strokes that all are needed keep their kind, and short ones stay the same object", () => {
  const points = Array.from({ length: 9000 }, (_, i) => [0.5 + 0.4 * Math.cos(i / 1400), 0.5 + 0.4 * Math.sin(i / 1400)]);
  const strokes = [{ tool: "brush", points, size: 0.1 }, { tool: "invert" }, { tool: "polygon", points }];
  const short = simplify(strokes);
  assert.ok(JSON.stringify(short).length <= 50_000);
  assert.deepEqual(short.map((s) => s.tool), ["brush", "invert", "polygon"]);
  const [a, b] = [rasterise(strokes, 256, 256), rasterise(short, 256, 256)];
  assert.ok(a.reduce((n, v, i) => n + (v ^ b[i]), 0) < 0.02 * 256 * 256);
  const few = strokes.slice(1, 2);
  assert.equal(simplify(few), few);
});

test("nothing is too thin to be kept, and an empty region stays empty", () => {
  const noise = strokesOf(1100, 60, 5).map((stroke) => ({ ...stroke, size: 0.0001 }));
  const all = [[0, 0], [1, 1]];
  const hairs = [
    { tool: "box", points: [[0.3001, 0.2], [0.3002, 0.8]] },
    { tool: "polygon", points: [[0.7, 0.2], [0.7001, 0.2], [0.7001, 0.8]] },
  ];
  const cleared = [...noise, { tool: "box", points: all }, { tool: "invert" }];
  const mask = rasterise(simplify([...cleared, ...hairs]), 256, 256);
  for (const x of [76, 179]) for (let y = 52; y < 204; y++) assert.ok(mask[y * 256 + x], `${x} ${y}`);
  assert.ok(area(mask) < 0.1);
  assert.deepEqual(simplify(cleared), []);
});
