// @ts-check
// The second line of the toolbar: what the chosen tool offers. It always takes the same room, so that the picture stays.

import { t } from "../document/words.mjs";
import { SIZES } from "./commands.mjs";
import { element } from "./element.mjs";
import { turnPair } from "../document/state.mjs";

/** @typedef {import("./session.mjs").Session} Session */
/** @typedef {import("./session.mjs").Ui} Ui */
/** @typedef {{readonly input: HTMLInputElement, shown(): boolean, enabled?(): boolean, value(): number}} Field */

const BUTTONS = { takes: ["enabled", "locked", "pin", "remove"], paints: ["invert", "grow", "shrink", "smooth", "fill", "clear"] };
const takes = (/** @type {Ui} */ { tool }) => tool === "drag" || tool === "region";
const brushes = (/** @type {Ui} */ { tool }) => tool === "brush" || tool === "erase";
const [LEAST, MOST] = SIZES;

export class Options {
  /** @type {Field[]} */ #fields = [];

  /**
   * @param {Session} session @param {import("./gestures.mjs").Gestures} gestures
   * @param {(name: string) => HTMLButtonElement} button makes the one of a command @param {() => void} leave gives the focus
   * back to the picture
   */
  constructor(session, gestures, button, leave) {
    this.session = session;
    this.gestures = gestures;
    this.leave = leave;
    const group = (/** @type {string[]} */ names) =>
      element("span", { class: "dragkit-group", role: "group" }, ...names.map(button));
    this.takes = group(BUTTONS.takes);
    this.paints = group(BUTTONS.paints);
    const { ui, store } = session;
    const pairOf = () => store.document.pairs[[...store.selection.keys()][0] ?? -1];
    const side = () => Math.min(...session.size);
    const turned = () => this.#turned().length > 0;
    const size = (/** @type {number} */ value) => {
      ui.size = Math.min(Math.max(value, LEAST), MOST);
      store.notify();
    };
    const inDrag = () => ui.tool === "drag";
    this.element = element(
      "div",
      { class: "dragkit-bar dragkit-options", role: "toolbar", "aria-label": t("Options of the tool") },
      this.takes,
      this.#number("turn", t("Turn what is around the selected handles: degrees, clockwise (T, Shift+T)"), "-180", "180", "1", "°", {
        shown: inDrag, enabled: turned, value: () => pairOf()?.turn ?? 0,
      }, (value) => this.#turn(value, null)),
      this.#number("scale", t("Scale what is around the selected handles: a factor (S, Shift+S)"), "0.25", "4", "0.01", "×", {
        shown: inDrag, enabled: turned, value: () => pairOf()?.scale ?? 1,
      }, (value) => this.#turn(null, value)),
      this.paints,
      this.#range({
        shown: () => brushes(ui), value: () => Math.log(ui.size / LEAST) / Math.log(MOST / LEAST),
      }, (value) => size(LEAST * (MOST / LEAST) ** value)),
      this.#number("size", t("Diameter of brush and eraser in pixels of the picture ([ and ])"), "1", "20000", "1", "px", {
        shown: () => brushes(ui), value: () => Math.round(ui.size * side()),
      }, (value) => size(value / side())),
      this.#number("hardness", t("Hardness of brush and eraser in percent; below 100 the edge is soft"), "0", "100", "5", "%", {
        shown: () => brushes(ui), value: () => Math.round(ui.hardness * 100),
      }, (value) => {
        ui.hardness = Math.min(Math.max(value / 100, 0), 1);
        store.notify();
      }),
    );
  }

  update() {
    const { ui } = this.session;
    this.takes.hidden = !takes(ui);
    this.paints.hidden = takes(ui);
    for (const { input, shown, enabled, value } of this.#fields) {
      const place = /** @type {HTMLElement} */ (input.parentElement ?? input);
      place.hidden = !shown();
      input.disabled = !(enabled?.() ?? true);
      if (document.activeElement !== input || input.type === "range") input.value = String(value());
    }
  }

  /** The selected arrows that may turn, by index. */
  #turned() {
    const { pairs } = this.session.store.document;
    return [...this.session.store.selection.keys()].filter((index) => pairs[index]?.target && !pairs[index].locked);
  }

  /** @param {number|null} turn @param {number|null} scale null: as it is */
  #turn(turn, scale) {
    const { store } = this.session;
    this.gestures.cancel();
    let { document } = store;
    for (const index of this.#turned()) {
      const pair = document.pairs[index];
      document = turnPair(document, index, turn ?? pair.turn ?? 0, scale ?? pair.scale ?? 1);
    }
    store.show(document);
    store.commit();
  }

  /** @param {Omit<Field, "input">} field @param {(value: number) => void} set */
  #range(field, set) {
    const attributes = { type: "range", min: "0", max: "1", step: "0.01", title: t("Size of brush and eraser ([ and ])"), "aria-label": t("Brush size") };
    const input = element("input", attributes);
    input.addEventListener("input", () => set(Number(input.value)));
    this.#fields.push({ input, ...field });
    return element("label", {}, input);
  }

  /** @param {string} name @param {string} title @param {string} min @param {string} max @param {string} step
   * @param {string} unit @param {Omit<Field, "input">} field @param {(value: number) => void} set */
  #number(name, title, min, max, step, unit, field, set) {
    const input = element("input", { type: "number", min, max, step, title, "aria-label": title, "data-field": name });
    input.addEventListener("change", () => {
      if (Number.isFinite(input.valueAsNumber)) set(Math.min(Math.max(input.valueAsNumber, Number(min)), Number(max)));
      input.value = String(field.value());
    });
    input.addEventListener("keydown", (event) => {
      // neither the editor's keys nor the graph's
      event.stopPropagation();
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      this.leave();
    });
    this.#fields.push({ input, ...field });
    return element("label", {}, input, unit);
  }
}
