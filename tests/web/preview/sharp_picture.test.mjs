import assert from "node:assert/strict";
import test from "node:test";
import { howOf } from "../../../web/preview/how.mjs";
import { sharpPicture } from "../../../web/preview/sharp_picture.mjs";
import { Preview } from "../../../web/preview/warped_picture.mjs";

const HOWS = [["similarity", "held"], ["rigid", "free"], ["nearest", "free"], ["nearest-4", "held"], ["stretch", "held"]].map(([choice, border]) => howOf(choice, border, false, true));
const DRAGS = [{ handle: [0.4, 0.5], target: [0.5, 0.45] }, { handle: [0.6, 0.6], target: [0.62, 0.7] }];
const region = (width, height) => Uint8Array.from({ length: width * height }, (_, i) => {
  const [x, y] = [((i % width) + 0.5) / width, (Math.floor(i / width) + 0.5) / height];
  return Math.hypot(x - 0.5, y - 0.55) < 0.3 ? 1 : 0;
});
/** Red and green are x and y; blue are stripes of two pixels. */
const chart = (width, height) => Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => {
  const [x, y] = [(i >> 2) % width, Math.floor((i >> 2) / width)];
  return [(255 * (x + 0.5)) / width, (255 * (y + 0.5)) / height, (x >> 1) % 2 ? 255 : 0, 255][i % 4];
});
const reader = (picture, width) => (from) => {
  const part = new Uint8ClampedArray(4 * from.width * from.height);
  for (let y = 0; y < from.height; y++) {
    const start = 4 * ((from.y + y) * width + from.x);
    part.set(picture.subarray(start, start + 4 * from.width), 4 * y * from.width);
  }
  return part;
};
const whole = (width, height) => ({ x: 0, y: 0, width, height });

for (const how of HOWS) {
  test(`at the size of the motion it is the preview's own: ${how.displacement} ${how.border}`, () => {
    const [width, height] = [120, 90];
    const picture = chart(width, height);
    const preview = new Preview(picture, width, height);
    const pixels = preview.update(DRAGS, region(width, height), how);
    const sharp = sharpPicture(preview.motion, [width, height], whole(width, height), reader(picture, width));
    let drawn = 0;
    for (let i = 0; i < width * height; i++) {
      const own = sharp.slice(4 * i, 4 * i + 4);
      if (own[3]) drawn++;
      assert.deepEqual(own[3] ? own : picture.slice(4 * i, 4 * i + 4), pixels.slice(4 * i, 4 * i + 4), `pixel ${i}`);
    }
    assert.ok(drawn > 500);
  });

  test(`a larger picture is moved as the small one, with its own pixels, and a part is a part of it: ${how.displacement} ${how.border}`, () => {
    const [width, height] = [120, 90];
    const [across, down] = [6 * width, 6 * height];
    const preview = new Preview(chart(width, height), width, height);
    const coarse = preview.update(DRAGS, region(width, height), how).slice();
    const large = chart(across, down);
    const sharp = sharpPicture(preview.motion, [across, down], whole(across, down), reader(large, across));
    const errors = [];
    let striped = 0;
    for (let y = 3; y < down - 3; y++) {
      for (let x = 3; x < across - 3; x++) {
        const i = 4 * (y * across + x);
        if (!sharp[i + 3]) continue;
        const k = Math.floor(y / 6) * width + Math.floor(x / 6);
        if (preview.opened[k] || !preview.shown[k]) continue;
        errors.push(Math.max(Math.abs(sharp[i] - coarse[4 * k]), Math.abs(sharp[i + 1] - coarse[4 * k + 1])));
        if (Math.abs(sharp[i + 2] - sharp[i - 6]) > 200) striped++;
      }
    }
    errors.sort((a, b) => a - b);
    assert.ok(errors.length > 20000 && errors[Math.floor(0.97 * errors.length)] <= 4, `${errors.length} ${errors[Math.floor(0.97 * errors.length)]}`);
    // the stripes of two pixels, which the small picture cannot have
    assert.ok(striped > 0.2 * errors.length, `${striped} of ${errors.length}`);
    const frame = { x: 211, y: 157, width: 190, height: 133 };
    const part = sharpPicture(preview.motion, [across, down], frame, reader(large, across));
    assert.deepEqual(part, reader(sharp, across)(frame));
  });
}
