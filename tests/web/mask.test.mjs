import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { rasterise, simplify, simplifyPath } from "../../web/mask.mjs";

const golden = JSON.parse(readFileSync(new URL("../golden/strokes.json", import.meta.url), "utf8"));
for (const { name, width, height, strokes, rows } of golden) {
  test(`golden mask: ${name}`, () => {
    const mask = rasterise(strokes, width, height);
    const found = Array.from({ length: height }, (_, y) =>
      Array.from(mask.subarray(y * width, (y + 1) * width), (v) => ".#"[v]).join(""),
    );
    assert.deepEqual(found, rows);
  });
}

test("a path keeps its ends and what leaves the tolerance", () => {
  const path = [[0, 0], [0.1, 0.001], [0.2, 0], [0.3, 0.2], [0.4, 0]];
  assert.deepEqual(simplifyPath(path, 0.01), [[0, 0], [0.2, 0], [0.3, 0.2], [0.4, 0]]);
  assert.equal(simplifyPath(path, 1, 3).length, 3);
});

test("long strokes shrink below the limit and none is lost", () => {
  const points = Array.from({ length: 9000 }, (_, i) => [0.5 + 0.4 * Math.cos(i / 1400), 0.5 + 0.4 * Math.sin(i / 1400)]);
  const strokes = [{ tool: "brush", points, size: 0.1 }, { tool: "invert" }, { tool: "polygon", points }];
  const short = simplify(strokes);
  assert.ok(JSON.stringify(short).length <= 50_000);
  assert.deepEqual(short.map((s) => s.tool), ["brush", "invert", "polygon"]);
  const [a, b] = [rasterise(strokes.slice(0, 1), 256, 256), rasterise(short.slice(0, 1), 256, 256)];
  assert.ok(a.reduce((n, v, i) => n + (v ^ b[i]), 0) < 0.02 * 256 * 256);
  assert.equal(simplify(strokes.slice(1, 2)).length, 1);
});
