import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { GRID, cells, gridSize, inverse, sheet } from "../../../web/preview/displacement.mjs";
import { lwf } from "../../../web/preview/lwf.mjs";
import { Preview } from "../../../web/preview/warped_picture.mjs";

const maskOf = (rows) => Uint8Array.from(rows.join(""), (c) => (c === "#" ? 1 : 0));
const golden = JSON.parse(readFileSync(new URL("../../golden/lwf_js.json", import.meta.url), "utf8"));
for (const { name, width, height, handles, targets, mask, flow } of golden.lwf) {
  test(`golden displacement: ${name}`, () => {
    const found = lwf(handles, targets, maskOf(mask), width, height);
    assert.equal(found.length, flow.length);
    found.forEach((value, i) => assert.ok(Math.abs(value - flow[i]) < 1e-5, `${i}: ${value}, not ${flow[i]}`));
  });
}
for (const { name, width, height, mask, cells: rows } of golden.cells) {
  test(`golden cells: ${name}`, () => {
    assert.deepEqual(cells(maskOf(mask), width, height, rows[0].length, rows.length), maskOf(rows));
  });
}

test("the grid has 64 cells on the longer side and at least one on the other", () => {
  assert.deepEqual(gridSize(512, 384), [GRID, 48]);
  assert.deepEqual(gridSize(300, 451), [43, GRID]);
  assert.deepEqual(gridSize(2000, 3), [GRID, 1]);
});

const whole = new Uint8Array(GRID * GRID).fill(1);
const middle = whole.map((_, i) => (i % GRID >= 16 && i % GRID < 48 && i >= 16 * GRID && i < 48 * GRID ? 1 : 0));
const single = {
  "a gentle drag": [[32.3, 31.6], [36.1, 33], whole],
  "a strong drag": [[32, 32], [52, 40], whole],
  "a drag almost to the circle": [[32, 32], [50, 32.5], middle],
  // the sheet behind it is stretched sixfold
  "a pull away from the circle": [[18, 32], [32, 32], middle],
};
for (const [name, [handle, target, mask]] of Object.entries(single)) {
  test(`the inverse of one drag is the drag back: ${name}`, () => {
    const back = inverse(sheet([handle], [target], mask, GRID, GRID), GRID, GRID);
    const expected = sheet([target], [handle], mask, GRID, GRID);
    for (let i = 0; i < GRID * GRID; i++) {
      // content from beyond the grid is the border's
      const from = [(i % GRID) + expected[2 * i], Math.floor(i / GRID) + expected[2 * i + 1]];
      if (Math.min(...from) < 0 || Math.max(...from) > GRID - 1) continue;
      const error = Math.hypot(back[2 * i] - expected[2 * i], back[2 * i + 1] - expected[2 * i + 1]);
      // the sheet has a crease at the handle, which straight triangles cut short
      assert.ok(error < 0.5, `cell ${i % GRID}, ${Math.floor(i / GRID)} is off by ${error}`);
    }
  });
}

test("what moves passes in front, whatever the order of the cells", () => {
  for (const sign of [1, -1]) {
    const flow = new Float64Array(2 * 30 * 9);
    const at = (x, y) => 2 * (y * 30 + (sign > 0 ? x : 29 - x));
    for (let y = 0; y < 9; y++) for (let x = 4; x < 7; x++) flow[at(x, y)] = 8 * sign;
    const back = inverse(flow, 30, 9);
    for (let y = 0; y < 9; y++) for (let x = 12; x < 15; x++) assert.equal(back[at(x, y)], -8 * sign);
    for (let y = 0; y < 9; y++) for (let x = 20; x < 30; x++) assert.equal(back[at(x, y)], 0);
  }
});

const random = ((state) => () => (state = (state * 16807) % 2147483647) / 2147483647)(5);
const noise = (width, height) => new Uint8ClampedArray(4 * width * height).map(() => 256 * random());
const box = (width, height, left, top, right, bottom) =>
  Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [(i % width) / width, Math.floor(i / width) / height];
    return x >= left && x < right && y >= top && y < bottom ? 1 : 0;
  });
const some = [
  { handle: [0.4, 0.5], target: [0.6, 0.45] },
  { handle: [0.7, 0.7], target: [0.6, 0.7] },
];

for (const [width, height] of [[96, 64], [301, 187], [40, 75], [70, 1], [1, 1]]) {
  test(`drags of length zero leave ${width} x ${height} pixels as they are`, () => {
    const picture = noise(width, height);
    const preview = new Preview(picture, width, height);
    const still = some.map(({ handle }) => ({ handle, target: handle }));
    for (const drags of [still, []]) {
      for (const mask of [null, box(width, height, 0.2, 0.2, 0.8, 0.8)]) {
        assert.deepEqual(preview.update(drags, mask), picture);
      }
    }
  });

  test(`whatever is dragged, ${width} x ${height} pixels of one colour keep it`, () => {
    const picture = new Uint8ClampedArray(4 * width * height).map((_, i) => [3, 127, 254, 255][i % 4]);
    const preview = new Preview(picture, width, height);
    const far = [{ handle: [0, 1], target: [1, 0] }, { handle: [0.9, 0.9], target: [0, 0.1] }, { handle: [0.5, 0.1], target: [0.5, 1] }];
    for (const drags of [some, far, far.slice(0, 1)]) assert.deepEqual(preview.update(drags, null), picture);
  });
}

/** Largest distance from the mask's outside to the picture, and how many pixels inside it changed. */
function compare(pixels, picture, mask) {
  let [outside, inside] = [0, 0];
  pixels.forEach((value, i) => {
    if (!mask[i >> 2]) outside = Math.max(outside, Math.abs(value - picture[i]));
    else if (value !== picture[i]) inside++;
  });
  return { outside, inside };
}

test("pixels outside the mask are the picture's own, after every frame", () => {
  const [width, height] = [120, 90];
  const picture = noise(width, height);
  const preview = new Preview(picture, width, height);
  const first = box(width, height, 0.2, 0.2, 0.8, 0.8);
  const second = box(width, height, 0.35, 0.3, 0.9, 0.75);
  for (const mask of [first, second, null, first]) {
    const fresh = new Preview(picture, width, height).update(some, mask);
    const pixels = preview.update(some, mask);
    assert.deepEqual(pixels, fresh);
    const { outside, inside } = compare(pixels, picture, mask ?? new Uint8Array(width * height).fill(1));
    assert.equal(outside, 0);
    assert.ok(inside > 1000);
  }
  assert.deepEqual(preview.update(some, new Uint8Array(width * height)), picture);
  preview.update(some, first);
  assert.deepEqual(preview.update([], first), picture);
});

test("the picture that it was made for is not written, and the result is one array", () => {
  const picture = noise(50, 40);
  const copy = picture.slice();
  const preview = new Preview(picture, 50, 40);
  assert.equal(preview.update(some, null), preview.update([], null));
  preview.update(some, null);
  assert.deepEqual(picture, copy);
});

/** A picture whose red and green are x and y, in 1/255 of its size. */
function chart(width, height) {
  return Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => {
    const [x, y] = [(i >> 2) % width, Math.floor((i >> 2) / width)];
    return [(255 * (x + 0.5)) / width, (255 * (y + 0.5)) / height, 0, 255][i % 4];
  });
}

for (const [width, height] of [[512, 512], [300, 200], [150, 256]]) {
  test(`the content of the handle arrives at the target in ${width} x ${height} pixels`, () => {
    const preview = new Preview(chart(width, height), width, height);
    for (const mask of [null, box(width, height, 0.15, 0.15, 0.85, 0.85)]) {
      for (const target of [[0.58, 0.5], [0.5, 0.38], [0.4, 0.62]]) {
        const pixels = preview.update([{ handle: [0.5, 0.5], target }], mask);
        const i = 4 * (Math.floor(target[1] * height) * width + Math.floor(target[0] * width));
        assert.ok(Math.hypot(pixels[i] / 255 - 0.5, pixels[i + 1] / 255 - 0.5) < 0.01, `${target}: ${pixels.slice(i, i + 2)}`);
      }
    }
  });
}

test("each of several handles arrives at its target", () => {
  const drags = [
    { handle: [0.3, 0.3], target: [0.36, 0.34] },
    { handle: [0.7, 0.35], target: [0.66, 0.3] },
    { handle: [0.5, 0.7], target: [0.5, 0.7] },
  ];
  const pixels = new Preview(chart(512, 512), 512, 512).update(drags, null);
  for (const { handle, target } of drags) {
    const i = 4 * (Math.floor(target[1] * 512) * 512 + Math.floor(target[0] * 512));
    assert.ok(Math.hypot(pixels[i] / 255 - handle[0], pixels[i + 1] / 255 - handle[1]) < 0.012);
  }
});

test("between pixels the picture is blended, and not darkened", () => {
  const drags = [{ handle: [0.5, 0.5], target: [0.53, 0.5] }];
  const stripes = new Uint8ClampedArray(4 * 256 * 256).map((_, i) => (i % 4 === 3 || (i >> 5) % 2 ? 255 : 0));
  const pixels = new Preview(stripes, 256, 256).update(drags, null);
  const grey = pixels.filter((value, i) => i % 4 === 0 && value > 20 && value < 235).length;
  assert.ok(grey > 2000, `${grey} pixels`);
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const picture = noise(512, 512);
  assert.ok(Math.abs(mean(new Preview(picture, 512, 512).update(drags, null)) - mean(picture)) < 0.4);
});

test("the warp has no steps where the coarse grid has cells", () => {
  const pixels = new Preview(chart(512, 512), 512, 512).update([{ handle: [0.3, 0.4], target: [0.6, 0.6] }], null);
  for (let i = 0; i < 4 * 512 * 511; i++) {
    if (i % 2048 < 2044) assert.ok(Math.abs(pixels[i] - pixels[i + 4]) < 5, `column ${(i % 2048) >> 2}`);
    assert.ok(Math.abs(pixels[i] - pixels[i + 2048]) < 5, `row ${i >> 11}`);
  }
});

test("a drag and the same drag turned by half a turn make the same picture, turned", () => {
  // four times as steep as the chart, so that a tenth of a cell is a visible difference
  const steep = (size) =>
    Uint8ClampedArray.from({ length: 4 * size * size }, (_, i) => {
      const place = [(i >> 2) % size, Math.floor((i >> 2) / size)][i % 4] ?? 0;
      return i % 4 === 3 ? 255 : 127.5 + 4 * 255 * ((place + 0.5) / size - 0.5);
    });
  const turn = ([x, y]) => [1 - x, 1 - y];
  const drag = { handle: [0.4, 0.45], target: [0.65, 0.6] };
  const turned = { handle: turn(drag.handle), target: turn(drag.target) };
  const one = new Preview(steep(256), 256, 256).update([drag], null);
  const other = new Preview(steep(256), 256, 256).update([turned], null);
  for (let i = 0; i < 256 * 256; i++) {
    const k = 256 * 256 - 1 - i;
    for (const channel of [0, 1]) {
      const sum = one[4 * i + channel] + other[4 * k + channel];
      assert.ok(Math.abs(sum - 255) <= 3, `pixel ${i % 256}, ${i >> 8}: ${sum}`);
    }
  }
});

test("what is pulled off the picture's border is filled with the border", () => {
  const pixels = new Preview(chart(256, 256), 256, 256).update([{ handle: [0.1, 0.5], target: [0.4, 0.5] }], null);
  const red = Array.from({ length: 256 }, (_, x) => pixels[4 * (128 * 256 + x)]);
  assert.ok(red[40] <= 1, `${red[40]}`);
  red.forEach((value, x) => assert.ok(x === 0 || value >= red[x - 1], `falls at ${x}: ${red}`));
});

test("cells that all move to one point leave numbers", () => {
  const flow = Float64Array.from({ length: 2 * 8 * 8 }, (_, i) => 3 - [(i >> 1) % 8, i >> 4][i % 2]);
  assert.ok(inverse(flow, 8, 8).every(Number.isFinite));
});

test("a mask of one cell, whose circle is no wider than rounding, hardly moves for a handle elsewhere", () => {
  const mask = new Uint8Array(3000);
  mask[2999] = 1;
  for (let k = 0; k < 400; k++) {
    const flow = lwf([[20 * random(), 3 * random()]], [[5, 5]], mask, 1000, 3);
    assert.ok(flow.every((value) => Math.abs(value) < 1e-3));
  }
});
