import { commands } from "../../web/editor/commands.mjs";
import { Gestures } from "../../web/editor/gestures.mjs";
import { pressKey } from "../../web/editor/keys.mjs";
import { EMPTY, addPair } from "../../web/document/state.mjs";
import { Store } from "../../web/document/store.mjs";

const VIEW = { x: 0, y: 0, width: 1000, height: 1000 };

/** @template T @param {T} value @returns {T} which nothing in it can be changed of */
export function frozen(value) {
  if (typeof value === "object" && value) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

/** An editor without elements, on a picture of 1000 x 1000 pixels that is shown at its size. */
export function editor(document = EMPTY) {
  const store = new Store();
  store.load(frozen(document));
  const ui = { tool: "drag", size: 0.1, hardness: 1, showing: "preview", maskShown: true, runOnRelease: false };
  const session = { store, ui, size: [1000, 1000], result: null, results: { options: [] }, notice: "", tell: (notice) => void (session.notice = notice) };
  const gestures = new Gestures(store, ui);
  const known = commands(session, gestures);
  const press = ([x, y], keys) => ({
    position: [x, y], point: [x / 1000, y / 1000], view: VIEW, reach: 9, shift: false, alt: false, ...keys,
  });
  const pull = (path, keys) => {
    gestures.down(press(path[0], keys));
    for (const at of path.slice(1)) gestures.move(press(at, keys));
    gestures.up(press(path.at(-1), keys));
  };
  const key = (name, keys) =>
    pressKey(session, gestures, known, { key: name, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...keys });
  const places = () => store.document.pairs.map(({ handle, target }) => [handle, target]);
  return { store, ui, session, gestures, known, press, pull, key, places };
}

export const two = addPair(addPair(EMPTY, [0.1, 0.1], [0.3, 0.1]), [0.5, 0.5], [0.7, 0.5]);
