// @ts-check
// The editor's steps in ComfyUI's history, so that there is one: what is undone in the editor is a step back there, too.

/**
 * Keeps a change of the editor in the history of the workflow: a new step, or, where undo or redo in the editor led to the
 * state beside the present one, the step to it.
 * @param {any} tracker ComfyUI's change tracker of the open workflow, if there is one @param {() => unknown} state of the graph
 * @param {boolean} stepped whether it was undo or redo
 */
export function keepInHistory(tracker, state, stepped) {
  if (!tracker) return;
  const { undoQueue, redoQueue, activeState } = tracker;
  const equal = tracker.constructor?.graphEqual;
  if (stepped && equal && activeState && Array.isArray(undoQueue) && Array.isArray(redoQueue)) {
    const now = structuredClone(state());
    for (const [from, to] of [[undoQueue, redoQueue], [redoQueue, undoQueue]]) {
      if (!from.length || !equal(from.at(-1), now)) continue;
      to.push(activeState);
      tracker.activeState = from.pop();
      tracker.updateModified?.(activeState);
      return;
    }
  }
  (tracker.captureCanvasState ?? tracker.checkState)?.call(tracker);
}
