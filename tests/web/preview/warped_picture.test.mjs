import assert from "node:assert/strict";
import test from "node:test";
import { howOf } from "../../../web/preview/how.mjs";
import { Preview } from "../../../web/preview/warped_picture.mjs";

const HOWS = ["stretch", "rigid", "similarity", "affine", "nearest", "nearest-4"].flatMap((choice) =>
  ["held", "free"].map((border) => howOf({ displacement: choice, border }, { finds: false })),
);
const SIMILARITY = howOf({ displacement: "similarity", border: "held" }, { finds: false });
const FREE = howOf({ displacement: "similarity", border: "free" }, { finds: false });

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
    for (const how of HOWS) {
      for (const drags of [still, []]) {
        for (const mask of [null, box(width, height, 0.2, 0.2, 0.8, 0.8)]) {
          assert.deepEqual(preview.update(drags, mask, how), picture);
          assert.ok(!preview.opened.includes(1) && !preview.astray.length);
        }
      }
    }
  });

  test(`whatever is dragged, ${width} x ${height} pixels of one colour keep it where nothing opens up`, () => {
    const picture = new Uint8ClampedArray(4 * width * height).map((_, i) => [3, 127, 254, 255][i % 4]);
    const preview = new Preview(picture, width, height);
    const far = [{ handle: [0, 1], target: [1, 0] }, { handle: [0.9, 0.9], target: [0, 0.1] }, { handle: [0.5, 0.1], target: [0.5, 1] }];
    for (const how of HOWS) {
      for (const drags of [some, far, far.slice(0, 1)]) {
        const pixels = preview.update(drags, null, how);
        assert.ok(pixels.every((value, i) => value === picture[i] || preview.opened[i >> 2]), JSON.stringify(how));
      }
    }
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

test("pixels outside a held region are the picture's own, after every frame", () => {
  const [width, height] = [120, 90];
  const picture = noise(width, height);
  const preview = new Preview(picture, width, height);
  const first = box(width, height, 0.2, 0.2, 0.8, 0.8);
  const second = box(width, height, 0.35, 0.3, 0.9, 0.75);
  for (const mask of [first, second, null, first]) {
    const fresh = new Preview(picture, width, height).update(some, mask, SIMILARITY);
    const pixels = preview.update(some, mask, SIMILARITY);
    assert.deepEqual(pixels, fresh);
    const { outside, inside } = compare(pixels, picture, mask ?? new Uint8Array(width * height).fill(1));
    assert.equal(outside, 0);
    assert.ok(inside > 1000);
  }
  assert.deepEqual(preview.update(some, new Uint8Array(width * height), SIMILARITY), picture);
  assert.deepEqual(preview.astray, [0, 1]);
  preview.update(some, first, SIMILARITY);
  assert.deepEqual(preview.update([], first, SIMILARITY), picture);
});

test("where nothing is painted, only what is around the handles moves, if the node downstream says so", () => {
  const [width, height] = [200, 150];
  const picture = noise(width, height);
  const preview = new Preview(picture, width, height);
  const drag = [{ handle: [0.3, 0.5], target: [0.36, 0.5] }];
  preview.update(drag, null, howOf({ displacement: "rigid", border: "held" }, { finds: true }));
  const radius = 0.16 * height;
  preview.shown.forEach((value, i) => {
    const distance = Math.hypot((i % width) + 0.5 - 60, Math.floor(i / width) + 0.5 - 75);
    if (Math.abs(distance - radius) > 1) assert.equal(value, distance < radius ? 1 : 0);
  });
  // a painted region that is not connected is none
  const shown = preview.shown.slice();
  preview.update(drag, box(width, height, 0.2, 0.2, 0.8, 0.8), howOf({ displacement: "rigid", border: "held" }, { finds: true, mask: "none" }));
  assert.deepEqual(preview.shown, shown);
});

test("a region that is found grows in steps while an arrow is pulled, and is exact again when it rests", () => {
  const preview = new Preview(noise(200, 150), 200, 150);
  const how = howOf({ displacement: "rigid", border: "held" }, { finds: true });
  const shown = (x, pulling) => {
    preview.update([{ handle: [0.3, 0.5], target: [x, 0.5] }], null, how, 8, pulling);
    return preview.shown.reduce((a, b) => a + b);
  };
  const rest = [0.4, 0.402, 0.404].map((x) => shown(x, false));
  assert.ok(rest[0] < rest[1] && rest[1] < rest[2]);
  const pulled = [0.4, 0.402, 0.404].map((x) => shown(x, true));
  assert.ok(pulled[0] === pulled[2] && pulled[0] >= rest[2]);
  assert.equal(shown(0.402, false), rest[1]);
});

test("the picture that it was made for is not written, and the result is one array", () => {
  const picture = noise(50, 40);
  const copy = picture.slice();
  const preview = new Preview(picture, 50, 40);
  assert.equal(preview.update(some, null, SIMILARITY), preview.update([], null, SIMILARITY));
  preview.update(some, null, SIMILARITY);
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
    for (const how of HOWS) {
      for (const mask of [null, box(width, height, 0.15, 0.15, 0.85, 0.85)]) {
        for (const target of [[0.58, 0.5], [0.5, 0.38], [0.4, 0.62]]) {
          const pixels = preview.update([{ handle: [0.5, 0.5], target }], mask, how);
          const i = 4 * (Math.floor(target[1] * height) * width + Math.floor(target[0] * width));
          assert.ok(Math.hypot(pixels[i] / 255 - 0.5, pixels[i + 1] / 255 - 0.5) < 0.012, `${JSON.stringify(how)} ${target}: ${pixels.slice(i, i + 2)}`);
        }
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
  const pixels = new Preview(chart(512, 512), 512, 512).update(drags, null, SIMILARITY);
  for (const { handle, target } of drags) {
    const i = 4 * (Math.floor(target[1] * 512) * 512 + Math.floor(target[0] * 512));
    assert.ok(Math.hypot(pixels[i] / 255 - handle[0], pixels[i + 1] / 255 - handle[1]) < 0.012);
  }
});

test("between pixels the picture is blended, and not darkened", () => {
  const drags = [{ handle: [0.5, 0.5], target: [0.53, 0.5] }];
  const stripes = new Uint8ClampedArray(4 * 256 * 256).map((_, i) => (i % 4 === 3 || (i >> 5) % 2 ? 255 : 0));
  const pixels = new Preview(stripes, 256, 256).update(drags, null, SIMILARITY);
  const grey = pixels.filter((value, i) => i % 4 === 0 && value > 20 && value < 235).length;
  assert.ok(grey > 2000, `${grey} pixels`);
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const picture = noise(512, 512);
  assert.ok(Math.abs(mean(new Preview(picture, 512, 512).update(drags, null, SIMILARITY)) - mean(picture)) < 0.4);
});

test("the warp has no steps where the lattice has cells", () => {
  const pixels = new Preview(chart(512, 512), 512, 512).update([{ handle: [0.3, 0.4], target: [0.5, 0.5] }], null, SIMILARITY);
  for (let i = 0; i < 4 * 512 * 511; i++) {
    if (i % 2048 < 2044) assert.ok(Math.abs(pixels[i] - pixels[i + 4]) < 5, `column ${(i % 2048) >> 2}`);
    assert.ok(Math.abs(pixels[i] - pixels[i + 2048]) < 5, `row ${i >> 11}`);
  }
});

test("what moved off the picture is gone, and what it leaves opens up", () => {
  const preview = new Preview(chart(256, 256), 256, 256);
  const pixels = preview.update([{ handle: [0.1, 0.5], target: [0.4, 0.5] }], null, FREE);
  const row = Array.from({ length: 256 }, (_, x) => [preview.opened[128 * 256 + x], pixels[4 * (128 * 256 + x)]]);
  row.forEach(([open, red], x) => {
    const source = x - 0.3 * 256;
    if (Math.abs(source) > 1) assert.equal(open, source < 0 ? 1 : 0);
    if (source > 1) assert.ok(Math.abs(red - (255 * (source + 0.5)) / 256) <= 1, `${x}: ${red}`);
  });
});
