// @ts-check
// Everything that can be done with a button or a key, without the buttons.

import { t } from "../document/words.mjs";
import { hull } from "./geometry.mjs";
import { outlineRegion } from "./regions.mjs";
import { EMPTY, addPair, addStroke, moveParts, pinPairs, removePairs, toggle, turnPair } from "../document/state.mjs";
import { MAX_STEPS, rasterise } from "../document/strokes.mjs";

/** @typedef {import("./session.mjs").Session} Session */
/** @typedef {import("./gestures.mjs").Gestures} Gestures */
/** @typedef {import("./gestures.mjs").ToolName} ToolName */
/** @typedef {import("../document/state.mjs").Document} Document */
/** @typedef {import("../document/state.mjs").Part} Part */
/** @typedef {{readonly icon?: string, readonly text?: string, readonly label: string, readonly key?: string,
 *  run(): void, pressed?(): boolean, enabled?(): boolean, hidden?(): boolean}} Command icon and text of its button; key as
 *  the label names it */
/** @typedef {{readonly key: string, readonly shiftKey: boolean, readonly ctrlKey: boolean, readonly metaKey: boolean,
 *  readonly altKey: boolean}} Key */

// of the picture's smaller side, around handles and targets; and the most, for what a long arrow moves
const [HULL_MARGIN, MAX_HULL_MARGIN] = [0.06, 0.25];
const SIZE_STEP = 1.25;
export const SIZES = /** @type {const} */ ([0.005, 0.6]);
// how far the region grows, shrinks or is smoothed by one press, of the picture's smaller side
const REGION_STEP = 0.01;
// longer side of what is asked whether anything is left of a region
const TRIAL = 256;
// degrees and factor of one key
const [TURN_STEP, SCALE_STEP] = [5, 1.05];

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
        const most = `The region was not changed: at most ${MAX_STEPS} steps may grow, shrink, smooth or fill it; clear it to begin anew.`;
        session.tell(store.committed.strokes.at(-1)?.tool === "fill" && step === "fill" ? t("The holes of the region are filled already.") : most);
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

/** Turns and scales the one selected arrow: by degrees, and by a factor. @param {Session} session
 * @param {Gestures} gestures @param {number} degrees @param {number} factor */
function turnSelected({ store }, gestures, degrees, factor) {
  const [index, ...more] = store.selection.keys();
  const pair = store.document.pairs[index];
  if (!pair?.target || pair.locked || more.length) return;
  gestures.cancel();
  const { turn = 0, scale = 1 } = store.document.pairs[index];
  store.show(turnPair(store.document, index, turn + degrees, scale * factor));
  store.commit("turn");
}

/** @param {Session} session @param {number} factor */
function resizeBrush({ ui, store }, factor) {
  ui.size = Math.min(Math.max(ui.size * factor, SIZES[0]), SIZES[1]);
  store.notify();
}

/** @param {Session} session @param {Gestures} gestures @param {number} dx @param {number} dy in pixels of the picture */
function nudge({ store, size }, gestures, dx, dy) {
  if (!store.selection.size) return;
  gestures.cancel();
  store.show(moveParts(store.document, store.selection, dx / size[0], dy / size[1]));
  store.commit("nudge");
}

/** What the tool is about: regions or arrows, by the index of a selection. @param {Session} session */
function selectable({ store, ui }) {
  const { pairs, regions } = store.document;
  return ui.tool === "region" ? regions.map((_, index) => ~index) : pairs.map((_, index) => index);
}

/** Selects what is `step` after the selected one. @param {Session} session @param {number} step */
function selectNext(session, step) {
  const { store, ui } = session;
  const indices = selectable(session);
  const count = indices.length;
  if (!count) return;
  const [current] = store.selection.keys();
  const place = indices.indexOf(current);
  const next = indices[place < 0 ? (step > 0 ? 0 : count - 1) : (place + step + count) % count];
  const part = ui.tool === "region" ? "target" : "both";
  store.select(new Map([[next, (place >= 0 && store.selection.get(current)) || part]]));
}

/** Makes an arrow or a region in the middle of the picture. @param {Session} session */
function addInMiddle({ store, ui }) {
  const { document } = store;
  const [low, high] = [0.4, 0.6];
  if (ui.tool === "region") {
    const added = outlineRegion(document, [[low, low], [high, low], [high, high], [low, high]]);
    store.show(added, new Map([[~document.regions.length, "target"]]));
  } else store.show(addPair(document, [0.5, 0.5], [0.5, 0.5]), new Map([[document.pairs.length, "target"]]));
  store.commit();
}

/** Takes the next part of what is selected: handle, target, the whole arrow. @param {Session} session */
function selectPart({ store }) {
  /** @type {Record<Part, Part>} */
  const next = { both: "handle", handle: "target", target: "both" };
  store.select(new Map([...store.selection].map(([index, part]) => [index, next[part]])));
}

/**
 * @param {Session} session @param {Gestures} gestures @param {Record<string, Command>} known @param {Key} key
 * @returns {boolean} whether the key meant something here
 */
export function pressKey(session, gestures, known, key) {
  const { store, ui } = session;
  const run = (/** @type {string} */ name) => (known[name].enabled?.() ?? true) && known[name].run();
  const name = key.key.length === 1 ? key.key.toLowerCase() : key.key;
  if ((key.ctrlKey || key.metaKey) && !key.altKey) {
    if (name === "z") run(key.shiftKey ? "redo" : "undo");
    else if (name === "y") run("redo");
    else if (name === "a") store.select(new Map(selectable(session).map((index) => [index, "both"])));
    else return false;
    return true;
  }
  // many keyboards have the brackets behind AltGr, which counts as Ctrl and Alt, or Alt alone
  if (name === "[" || name === "]") {
    resizeBrush(session, name === "[" ? 1 / SIZE_STEP : SIZE_STEP);
    return true;
  }
  if (key.altKey) return false;
  const step = key.shiftKey ? 10 : 1;
  const letter = Object.keys(known).find((command) => known[command].key?.toLowerCase() === name);
  if (letter) run(letter);
  else if (name === "ArrowLeft") nudge(session, gestures, -step, 0);
  else if (name === "ArrowRight") nudge(session, gestures, step, 0);
  else if (name === "ArrowUp") nudge(session, gestures, 0, -step);
  else if (name === "ArrowDown") nudge(session, gestures, 0, step);
  else if (name === "Delete" || name === "Backspace") run("remove");
  else if (name === "," || name === ".") selectNext(session, name === "." ? 1 : -1);
  else if (name === "x") selectPart(session);
  else if (name === "t") turnSelected(session, gestures, key.shiftKey ? -TURN_STEP : TURN_STEP, 1);
  else if (name === "s") turnSelected(session, gestures, 0, key.shiftKey ? 1 / SCALE_STEP : SCALE_STEP);
  // as with the brackets, some keyboards have the plus on the key of the equals sign
  else if (name === "=") run("grow");
  else if (name === "n") {
    gestures.cancel();
    addInMiddle(session);
  } else if (name === "p") {
    const order = /** @type {const} */ (["original", "preview", "result"]).filter((view) => known[view].enabled?.() ?? true);
    known[order[(order.indexOf(ui.showing) + 1) % order.length]].run();
  } else if (name === "Enter") return gestures.finish();
  else if (name === "Escape") {
    if (gestures.cancel()) return true;
    if (!store.selection.size) return false;
    store.select(new Map());
  } else return false;
  return true;
}
