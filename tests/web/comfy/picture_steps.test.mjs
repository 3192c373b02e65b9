import assert from "node:assert/strict";
import test from "node:test";
import { isStep, round, stepOf } from "../../../web/comfy/picture_steps.mjs";

const size = (type, from, values, match) => stepOf(type, from, values, match)?.size;
const resize = (from, kind, values, match) =>
  size("ResizeImageMaskNode", from, {
    resize_type: kind,
    scale_method: "area",
    ...Object.fromEntries(Object.entries(values).map(([name, value]) => [`resize_type.${name}`, value])),
  }, match);

test("halves are rounded as Python rounds them", () => {
  assert.deepEqual([0.5, 1.5, 2.5, 2.4, 2.6, 7].map(round), [0, 2, 2, 2, 3, 7]);
});

test("the sizes that scaling gives", () => {
  assert.deepEqual(size("ImageScale", [300, 200], { width: 0, height: 99, crop: "disabled" }), [148, 99]);
  assert.deepEqual(size("ImageScale", [300, 200], { width: 0, height: 0, crop: "center" }), [300, 200]);
  assert.deepEqual(size("ImageScaleBy", [25, 35], { scale_by: 0.5 }), [12, 18]);
  assert.deepEqual(size("ImageScaleToMaxDimension", [200, 300], { largest_size: 100 }), [67, 100]);
  assert.deepEqual(size("ImageScaleToTotalPixels", [4000, 3000], { megapixels: 1 }), [1182, 887]);
  assert.deepEqual(size("ImageScaleToTotalPixels", [4000, 3000], { megapixels: 1, resolution_steps: 64 }), [1152, 896]);
  assert.deepEqual(size("FluxKontextImageScale", [4000, 3000], {}), [1184, 880]);
  assert.deepEqual(resize([300, 200], "scale longer dimension", { longer_size: 100 }), [100, 67]);
  assert.deepEqual(resize([300, 200], "scale shorter dimension", { shorter_size: 100 }), [150, 100]);
  assert.deepEqual(resize([300, 200], "scale width", { width: 100 }), [100, 67]);
  assert.deepEqual(resize([300, 200], "scale to multiple", { multiple: 64 }), [256, 192]);
  assert.deepEqual(resize([300, 200], "match size", { crop: "center" }, [64, 64]), [64, 64]);
});

test("what is cut out, and what is around it", () => {
  const centre = stepOf("ImageScale", [301, 200], { width: 64, height: 64, crop: "center" });
  assert.deepEqual(centre.from, [50, 0, 201, 200]);
  const crop = stepOf("ImageCrop", [100, 80], { x: 90, y: 200, width: 50, height: 50 });
  assert.deepEqual([crop.size, crop.from], [[10, 1], [90, 79, 10, 1]]);
  const pad = stepOf("ResizeAndPadImage", [300, 200], { target_width: 65, target_height: 65, padding_color: "black" });
  assert.deepEqual([pad.size, pad.to, pad.fill], [[65, 65], [0, 11, 65, 43], "black"]);
  const out = stepOf("ImagePadForOutpaint", [30, 20], { left: 8, top: 16, right: 0, bottom: 8 });
  assert.deepEqual([out.size, out.to], [[38, 44], [8, 16, 30, 20]]);
  assert.deepEqual(stepOf("ImageRotate", [30, 20], { rotation: "90 degrees" }).size, [20, 30]);
});

test("what a node would refuse, or a version does not say, is not known", () => {
  assert.equal(stepOf("ImageScaleBy", [3, 3], { scale_by: 0.01 }), null);
  assert.equal(stepOf("ImageScale", [30, 20], { width: undefined, height: 20 }), null);
  assert.equal(stepOf("ImageScale", [30, 20], { width: 16384, height: 16384 }), null);
  assert.equal(resize([300, 200], "match size", {}), undefined);
  assert.equal(resize([300, 200], "of another version", {}), undefined);
  assert.ok(!isStep("ImageInvert") && !isStep("toString"));
});
