// @ts-check
// Which of the graph's pictures is the result: a list over the picture, which must not move for it.

import { t } from "../document/words.mjs";
import { element } from "./element.mjs";

export class ResultChooser {
  element = element("select", { "data-command": "chooser", title: t("Which picture of the graph is the result"), "aria-label": t("Result") });

  /** @param {(id: string) => void} choose "" for that of the graph's end @param {() => void} leave gives the focus back */
  constructor(choose, leave) {
    this.element.addEventListener("change", () => {
      choose(this.element.value);
      leave();
    });
  }

  /** @param {import("./session.mjs").Session} session */
  update({ results: { options, chosen }, ui }) {
    this.element.hidden = options.length < 2 || ui.showing !== "result";
    const all = [["", t("The end: {name}", { name: options[0]?.name ?? "" })], ...options.map(({ id, name }) => [id, name])];
    const key = JSON.stringify(all);
    if (this.element.dataset.options !== key) {
      this.element.dataset.options = key;
      this.element.replaceChildren(...all.map(([value, text]) => element("option", { value }, text)));
    }
    this.element.value = chosen;
  }
}
