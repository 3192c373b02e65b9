// @ts-check
// Everything that has a button, without the buttons.

import { t } from "../document/words.mjs";
import { hull } from "./geometry.mjs";
import { EMPTY, addStroke, pinPairs, removePairs, toggle } from "../document/state.mjs";
import { MAX_STEPS, rasterise } from "../document/strokes.mjs";

/** @typedef {import("./session.mjs").Session} Session */
/** @typedef {import("./gestures.mjs").Gestures} Gestures */
/** @typedef {import("./gestures.mjs").ToolName} ToolName */
/** @typedef {import("../document/state.mjs").Document} Document */
/** @typedef {{readonly icon?: string, readonly text?: string, readonly label: string, readonly key?: string,
 *  run(): void, pressed?(): boolean, enabled?(): boolean, hidden?(): boolean}} Command icon and text of its button; key as
 *  the label names it */

// of the picture's smaller side, around handles and targets; and the most, for what a long arrow moves
const [HULL_MARGIN, MAX_HULL_MARGIN] = [0.06, 0.25];
export const SIZES = /** @type {const} */ ([0.005, 0.6]);
// how far the region grows, shrinks or is smoothed by one press, of the picture's smaller side
const REGION_STEP = 0.01;
// longer side of what is asked whether anything is left of a region
const TRIAL = 256;

const MOST =
  "The region was not changed: at most {steps} steps may grow, shrink, smooth or fill it; clear it to begin anew.";

/** @param {Session} session @param {Gestures} gestures @returns {Record<string, Command>} by name */
export function commands(session, gestures) {
  const { store, ui } = session;
  const change = (/** @type {(document: Document) => Document} */ action) => {
    gestures.cancel();
    store.show(action(store.document));
    store.commit();
  };
  const hasSelection = () => store.selection.size > 0;
  const arrows = () => store.document.pairs.filter((_, index) => store.selection.has(index));
  const hasArrows = () => arrows().length > 0;
  const all = (/** @type {"enabled"|"locked"} */ flag) => hasArrows() && arrows().every((pair) => pair[flag]);
  /** @param {ToolName} tool @param {string} label @param {string} key @returns {Command} */
  const tool = (tool, label, key) => ({
    icon: tool,
    label,
    key,
    pressed: () => ui.tool === tool,
    run: () => {
      gestures.cancel();
      ui.tool = tool;
      if (tool !== "drag" && tool !== "region") ui.maskShown = true;
      store.notify();
    },
  });
  const view = (/** @type {import("./session.mjs").Showing} */ showing, /** @type {string} */ label, /** @type {string} */ described, /** @type {string} */ key) => ({
    icon: showing,
    text: label,
    label: described,
    key,
    pressed: () => ui.showing === showing,
    // of several pictures another one may be there
    enabled: () => showing !== "result" || session.result !== null || session.results.options.length > 1,
    run: () => {
      ui.showing = showing;
      store.notify();
    },
  });
  /** @param {import("../document/strokes.mjs").Step} step @param {string} label @param {string} [key] @returns {Command} */
  const regionStep = (step, label, key) => ({
    icon: step,
    label,
    key,
    enabled: () => store.document.strokes.length > 0,
    run: () => {
      const size = step === "fill" ? {} : { size: REGION_STEP };
      const changed = addStroke(store.committed, { tool: step, ...size });
      const [width, height] = session.size.map((side) => Math.max(1, Math.round((side * TRIAL) / Math.max(...session.size))));
      if (changed === store.committed) {
        const filled = step === "fill" && store.committed.strokes.at(-1)?.tool === "fill";
        session.tell(filled ? t("The holes of the region are filled already.") : t(MOST, { steps: MAX_STEPS }));
      }
      // an empty region would let everything change
      else if (rasterise(changed.strokes, width, height).includes(1)) change(() => changed);
      else session.tell(t("The region was not changed: nothing of it would be left."));
    },
  });
  return {
    drag: tool("drag", t("Drag: pull on the picture to make an arrow, pull its ends or its middle to move it"), "V"),
    region: tool(
      "region",
      t("Region pair: pull an outline around what moves, then pull it to where it goes; its knobs turn and scale it"),
      "D",
    ),
    brush: tool("brush", t("Brush: paint where the picture may change"), "B"),
    erase: tool("erase", t("Eraser"), "E"),
    polygon: tool("polygon", t("Lasso: pull an outline, or click its corners and the first one again"), "L"),
    box: tool("box", t("Box"), "R"),
    hull: {
      icon: "hull",
      label: t("Paint the region around all points and region pairs"),
      key: "G",
      enabled: () => store.committed.pairs.length + store.committed.regions.length > 0,
      run: () =>
        change((document) => {
          const ends = document.pairs.flatMap(({ handle, target }) => (target ? [handle, target] : [handle]));
          const corners = document.regions.flatMap(({ handle, target }) => [...handle, ...target]);
          const margin = hullMargin(document, session.size);
          return addStroke(document, { tool: "polygon", points: hull([...ends, ...corners], session.size, margin) });
        }),
    },
    invert: { icon: "invert", label: t("Invert the region"), key: "I", run: () => change((document) => addStroke(document, { tool: "invert" })) },
    clear: {
      icon: "clear",
      label: t("Clear the region: everything may change"),
      enabled: () => store.document.strokes.length > 0,
      run: () => change((document) => ({ ...document, strokes: [] })),
    },
    mask: {
      icon: "mask",
      label: t("Show the region"),
      key: "H",
      pressed: () => ui.maskShown,
      run: () => {
        ui.maskShown = !ui.maskShown;
        store.notify();
      },
    },
    undo: { icon: "undo", label: t("Undo"), key: "Ctrl+Z", enabled: () => store.canUndo, run: () => void (gestures.cancel() || store.undo()) },
    redo: { icon: "redo", label: t("Redo"), key: "Ctrl+Y", enabled: () => store.canRedo, run: () => void (gestures.cancel() || store.redo()) },
    enabled: {
      icon: "enabled",
      label: t("Use the selected arrows (off keeps them without using them)"),
      key: "O",
      pressed: () => all("enabled"),
      enabled: hasArrows,
      run: () => change((document) => toggle(document, store.selection, "enabled")),
    },
    locked: {
      icon: "locked",
      label: t("Lock the selected arrows: they cannot be moved or deleted, and what lies below can be taken hold of"),
      key: "K",
      pressed: () => all("locked"),
      enabled: hasArrows,
      run: () => change((document) => toggle(document, store.selection, "locked")),
    },
    pin: {
      icon: "pin",
      label: t("Pin the selected arrows: what is under their handles holds still"),
      key: "U",
      enabled: () => arrows().some((pair) => !pair.locked),
      run: () => change((document) => pinPairs(document, store.selection)),
    },
    grow: regionStep("grow", t("Let the region grow"), "+"),
    shrink: regionStep("shrink", t("Let the region shrink"), "-"),
    smooth: regionStep("smooth", t("Smooth the region: thin parts and thin gaps go")),
    fill: regionStep("fill", t("Fill the holes of the region")),
    restart: {
      icon: "restart",
      label: t("Start over: without points, region and own picture"),
      enabled: () => {
        const { pairs, strokes, regions, picture } = store.document;
        return pairs.length + strokes.length + regions.length > 0 || picture !== null;
      },
      run: () => change(() => EMPTY),
    },
    remove: {
      icon: "remove",
      label: t("Delete the selected arrows and region pairs"),
      key: "Delete",
      enabled: hasSelection,
      run: () => change((document) => removePairs(document, store.selection)),
    },
    original: view("original", t("Original"), t("Show the original"), "1"),
    preview: view("preview", t("Preview"), t("Show the preview"), "2"),
    result: view("result", t("Result"), t("Show the last result"), "3"),
    release: {
      icon: "run",
      label: t("Run the graph whenever an arrow or a region pair is let go, and show the result"),
      pressed: () => ui.runOnRelease,
      run: () => {
        ui.runOnRelease = !ui.runOnRelease;
        // from here on P and its buttons decide
        if (ui.runOnRelease) ui.showing = "result";
        store.notify();
      },
    },
  };
}

/** Room for what the longest arrow moves: half its length. @param {Document} document @param {readonly [number, number]} size
 * @returns {number} of the smaller side */
function hullMargin({ pairs }, size) {
  const lengths = pairs.map(({ handle, target }) =>
    target ? Math.hypot((target[0] - handle[0]) * size[0], (target[1] - handle[1]) * size[1]) : 0,
  );
  return Math.min(Math.max(Math.max(0, ...lengths) / 2 / Math.min(...size), HULL_MARGIN), MAX_HULL_MARGIN);
}
