import assert from "node:assert/strict";
import test from "node:test";
import { MARGIN, fit, hit, hull, inBox, segmentDistance, toCanvas, toPicture, zoomAt } from "../../web/geometry.mjs";

const near = (a, b, tolerance = 1e-9) => a.forEach((value, i) => assert.ok(Math.abs(value - b[i]) < tolerance, `${a} ${b}`));
const pair = (handle, target, flags = {}) => ({ handle, target, enabled: true, locked: false, ...flags });

test("the picture fills the canvas up to the margin, keeps its proportions and lies in the middle", () => {
  for (const [picture, canvas] of [[[512, 256], [300, 400]], [[10, 4000], [300, 400]], [[3, 3], [1000, 60]]]) {
    const view = fit(picture, canvas);
    near([view.width / view.height], [picture[0] / picture[1]]);
    near([view.x + view.width / 2, view.y + view.height / 2], [canvas[0] / 2, canvas[1] / 2]);
    near([Math.max(view.width / (canvas[0] - 2 * MARGIN), view.height / (canvas[1] - 2 * MARGIN))], [1]);
  }
});

test("canvas and picture are each other's inverse at every zoom", () => {
  for (const zoom of [1, 2.5, 32]) {
    const view = fit([640, 480], [350, 300], zoom, [0.3, 0.8]);
    for (const point of [[0, 0], [0.25, 0.9], [1, 1]]) near(toPicture(view, toCanvas(view, point)), point);
    near(toPicture(view, [175, 150]), [0.3, 0.8]);
  }
});

test("what is under the pointer stays there when it zooms", () => {
  const [picture, canvas, position] = [[640, 480], [350, 300], [200, 120]];
  let [zoom, centre] = [1, [0.5, 0.5]];
  const before = toPicture(fit(picture, canvas, zoom, centre), position);
  for (const factor of [1.5, 2, 0.7, 3]) {
    ({ zoom, centre } = zoomAt(picture, canvas, zoom, centre, position, factor));
    near(toPicture(fit(picture, canvas, zoom, centre), position), before);
  }
  assert.deepEqual(zoomAt(picture, canvas, 1.2, [0.9, 0.9], position, 0.1), { zoom: 1, centre: [0.5, 0.5] });
});

test("distances to a segment", () => {
  assert.equal(segmentDistance([5, 3], [0, 0], [10, 0]), 3);
  assert.equal(segmentDistance([13, 4], [0, 0], [10, 0]), 5);
  assert.equal(segmentDistance([3, 4], [0, 0], [0, 0]), 5);
});

test("ends are hit within reach at every zoom, before the line between them", () => {
  const pairs = [pair([0.2, 0.5], [0.8, 0.5])];
  for (const zoom of [1, 3, 20]) {
    const view = fit([500, 500], [400, 400], zoom);
    for (const reach of [4, 9, 30]) {
      for (const [part, point] of [["handle", [0.2, 0.5]], ["target", [0.8, 0.5]]]) {
        const [x, y] = toCanvas(view, point);
        assert.deepEqual(hit(pairs, view, [x, y + reach - 0.01], reach), { index: 0, part });
        assert.equal(hit(pairs, view, [x, y + reach + 0.01], reach), null);
      }
      const [x, y] = toCanvas(view, [0.5, 0.5]);
      assert.deepEqual(hit(pairs, view, [x, y - reach + 0.01], reach), { index: 0, part: "both" });
    }
  }
});

test("of what lies on top of each other, the nearer one; enabled before disabled, free before locked", () => {
  const view = fit([100, 100], [120, 120]);
  const at = toCanvas(view, [0.5, 0.5]);
  const here = (flags) => pair([0.5, 0.5], [0.9, 0.9], flags);
  assert.equal(hit([here({ locked: true }), here({ enabled: false }), here()], view, at, 9)?.index, 2);
  assert.equal(hit([here({ locked: true }), here({ enabled: false })], view, at, 9)?.index, 1);
  assert.equal(hit([here({ locked: true })], view, at, 9)?.index, 0);
  assert.equal(hit([pair([0.52, 0.5], null), pair([0.51, 0.5], null)], view, at, 9)?.index, 1);
  assert.equal(hit([pair([0.51, 0.5], null, { locked: true }), pair([0.1, 0.5], [0.9, 0.5])], view, at, 9)?.index, 1);
});

test("a box takes the ends that lie in it", () => {
  const view = { x: 0, y: 0, width: 100, height: 100 };
  const pairs = [pair([0.1, 0.1], [0.2, 0.2]), pair([0.3, 0.3], [0.9, 0.9]), pair([0.9, 0.1], [0.2, 0.3]), pair([0.4, 0.4], null)];
  const found = inBox(pairs, view, [50, 50], [5, 5]);
  assert.deepEqual([...found], [[0, "both"], [1, "handle"], [2, "target"], [3, "both"]]);
  assert.equal(inBox(pairs, view, [95, 95], [96, 96]).size, 0);
});

test("a hull is convex, holds all points with their margin and stays in the picture", () => {
  const points = [[0.1, 0.5], [0.4, 0.9], [0.7, 0.2], [0.5, 0.5]];
  const outline = hull(points, [800, 400], 0.1);
  const side = (a, b, p) => (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
  outline.forEach((a, i) => {
    const b = outline[(i + 1) % outline.length];
    for (const p of [...points, ...outline]) assert.ok(side(a, b, p) >= -1e-12);
    assert.ok(a.every((value) => value >= 0 && value <= 1));
  });
  // the margin is 40 pixels: less across than down in fractions
  near([Math.min(...outline.map(([x]) => x)), Math.min(...outline.map(([, y]) => y))], [0.05, 0.1]);
  assert.ok(hull([[0.5, 0.5]], [10, 10], 0.1).length >= 8);
});
