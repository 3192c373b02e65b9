// @ts-check
// Registers the point editor, and the values of old workflows, with ComfyUI's frontend.

// @ts-expect-error served by ComfyUI
import { api } from "../../scripts/api.js";
// @ts-expect-error served by ComfyUI
import { app } from "../../scripts/app.js";
import { takeFiles } from "./comfy/dropped_files.mjs";
import { learnLanguage } from "./comfy/language.mjs";
import { NodeEditor, forgetSessions } from "./comfy/node_editor.mjs";
import { PromotedEditors } from "./comfy/promoted.mjs";
import { keepOldDefaults } from "./comfy/old_defaults.mjs";

const SIZE = [360, 480];

/**
 * Calls ours after what is there already. @template {Record<string, any>} T @param {T} object @param {keyof T & string} name
 * @param {(...values: any[]) => unknown} ours
 */
function chain(object, name, ours) {
  const before = object[name];
  object[name] = /** @type {any} */ (
    function (/** @type {any[]} */ ...values) {
      const result = before?.apply(object, values);
      return ours(...values) ?? result;
    }
  );
}

app.registerExtension({
  name: "dragkit.points",
  /** @param {unknown} _ @param {any} definition of a kind of node; without this script its points are a text field */
  beforeRegisterNodeDef(_, definition) {
    if (definition.name !== "DragKitDragPoints") return;
    const { points } = definition.input.required;
    points[1] = { ...points[1], widgetType: "DRAGKIT_POINTS" };
  },
  // before the first editor is made
  init: () => learnLanguage(app, api),
  setup: () => api.addEventListener("graphCleared", forgetSessions),
  getCustomWidgets() {
    return {
      /** @param {import("./comfy/frontend.d.ts").ComfyNode} node @param {string} name @param {[string, {default?: string}]} input */
      DRAGKIT_POINTS(node, name, [, { default: text = "" } = {}]) {
        const editor = new NodeEditor(node, app, api);
        const widget = editor.mount(name);
        editor.value = text;
        chain(node, "onExecuted", (message) => editor.executed(message));
        chain(node, "onConfigure", (info) => editor.repair(info));
        chain(node, "onConnectionsChange", () => void setTimeout(() => editor.refresh()));
        chain(node, "onAdded", () => editor.start());
        chain(node, "onRemoved", () => editor.destroy());
        takeFiles(node, (file) => void editor.picture.upload(file));
        return { widget };
      },
    };
  },
  /** @param {import("./comfy/frontend.d.ts").ComfyNode} node */
  nodeCreated(node) {
    chain(node, "onConfigure", (info) => keepOldDefaults(node, info));
    if (node.subgraph) {
      const promoted = new PromotedEditors(/** @type {import("./comfy/frontend.d.ts").SubgraphHost} */ (node), app, api);
      chain(node, "onAdded", () => promoted.show());
      chain(node, "onConfigure", () => promoted.show());
      chain(node, "onRemoved", () => promoted.destroy());
      promoted.show();
    }
    if (node.type !== "DragKitDragPoints" && /** @type {any} */ (node).comfyClass !== "DragKitDragPoints") return;
    node.setSize([Math.max(node.size[0], SIZE[0]), Math.max(node.size[1], SIZE[1])]);
  },
});
