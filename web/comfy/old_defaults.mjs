// @ts-check
// Workflows that were saved before an input had its default of today keep their pictures.

/** What a node did before it had the input, by kind and name. @type {Record<string, Record<string, unknown>>} */
const BEFORE = {
  DragKitDragWarp: { border: "free" },
  DragKitFlowGen: { border: "free" },
  DragKitKVCacheInversion: { method: "next" },
  DragKitLatentWarpage: { displacement: "stretch", border: "free" },
};

/**
 * Gives the inputs of a node that a saved one lacks what they then were; values are saved in the order of the widgets.
 * @param {{comfyClass?: string, type?: string, widgets?: {name: string, value?: unknown}[]}} node
 * @param {{widgets_values?: unknown, widgets_values_named?: Record<string, unknown>}} info
 */
export function keepOldDefaults(node, { widgets_values: saved, widgets_values_named: named = {} }) {
  if (!Array.isArray(saved)) return;
  const before = BEFORE[node.comfyClass ?? node.type ?? ""] ?? {};
  (node.widgets ?? []).forEach((widget, i) => {
    if (i >= saved.length && widget.name in before && !(widget.name in named)) widget.value = before[widget.name];
  });
}
