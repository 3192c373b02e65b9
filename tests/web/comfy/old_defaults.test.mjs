// Values that a workflow lacks since it was saved before they existed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { keepOldDefaults } from "../../../web/comfy/old_defaults.mjs";

const widgets = (...names) => names.map((name) => ({ name, value: "new" }));
const values = (node) => Object.fromEntries(node.widgets.map(({ name, value }) => [name, value]));

test("what a saved node lacks is what it then was", () => {
  const node = { comfyClass: "DragKitLatentWarpage", widgets: widgets("mode", "displacement", "border") };
  keepOldDefaults(node, { widgets_values: ["inverse"] });
  assert.deepEqual(values(node), { mode: "new", displacement: "stretch", border: "free" });
  const inversion = { comfyClass: "DragKitKVCacheInversion", widgets: widgets("blocks", "method") };
  keepOldDefaults(inversion, { widgets_values: ["decoder"] });
  assert.deepEqual(values(inversion), { blocks: "new", method: "next" });
  const flow = { comfyClass: "DragKitFlowGen", widgets: widgets("scale", "mode", "border") };
  keepOldDefaults(flow, { widgets_values: [0, "proportional"] });
  assert.deepEqual(values(flow), { scale: "new", mode: "new", border: "free" });
});

test("what it holds stays, by its place or by its name", () => {
  const node = { comfyClass: "DragKitLatentWarpage", widgets: widgets("mode", "displacement", "border") };
  keepOldDefaults(node, { widgets_values: ["inverse", "arap"] });
  assert.deepEqual(values(node), { mode: "new", displacement: "new", border: "free" });
  const named = { comfyClass: "DragKitDragWarp", widgets: widgets("displacement", "border") };
  keepOldDefaults(named, { widgets_values: ["arap"], widgets_values_named: { displacement: "arap", border: "held" } });
  assert.deepEqual(values(named), { displacement: "new", border: "new" });
});

test("other nodes and nodes without saved values are left alone", () => {
  for (const info of [{}, { widgets_values: null }, { widgets_values: { border: "held" } }]) {
    const node = { comfyClass: "DragKitDragWarp", widgets: widgets("border") };
    keepOldDefaults(node, info);
    assert.deepEqual(values(node), { border: "new" });
  }
  const other = { type: "SomeoneElses", widgets: widgets("border") };
  keepOldDefaults(other, { widgets_values: [] });
  assert.deepEqual(values(other), { border: "new" });
  keepOldDefaults({ type: "DragKitDragWarp" }, { widgets_values: [] });
});
