// @ts-check
// The points as text, to take along or to replace.

import { t } from "../document/words.mjs";
import { element } from "./element.mjs";

/** Opens the panel.
 * @param {HTMLElement} root where it lies @param {import("./view.mjs").Host} host knows the text
 * @param {() => void} leave gives the focus back */
export function textPanel(root, host, leave) {
  const area = element("textarea", { "aria-label": t("Points as text"), spellcheck: "false" });
  area.value = host.text();
  const message = element("span", { class: "dragkit-notice", role: "alert" });
  const panel = element("div", { class: "dragkit-panel", role: "dialog", "aria-label": t("Points as text") });
  const close = () => {
    panel.remove();
    leave();
  };
  const button = (/** @type {string} */ name, /** @type {string} */ text, /** @type {() => void} */ run) => {
    const made = element("button", { type: "button", "data-command": name }, text);
    made.addEventListener("click", run);
    return made;
  };
  const copy = () => {
    area.select();
    const tell = (/** @type {boolean} */ done) => {
      message.textContent = done ? t("Copied.") : t("The browser did not let this be copied; the text is selected: press Ctrl+C.");
    };
    // the clipboard interface exists in secure contexts only
    if (navigator.clipboard) void navigator.clipboard.writeText(area.value).then(() => tell(true), () => tell(document.execCommand("copy")));
    else tell(document.execCommand("copy"));
  };
  const apply = () => {
    const problem = host.importText(area.value);
    message.textContent = problem ?? "";
    if (!problem) close();
  };
  panel.append(
    t("DragKit's JSON, lines x,y -> x,y, lists, or coordinates of a KJNodes spline editor."),
    area,
    message,
    element("div", {}, button("apply", t("Use this text"), apply), button("copy", t("Copy"), copy), button("cancel", t("Close"), close)),
  );
  panel.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Escape") return;
    event.preventDefault();
    close();
  });
  root.append(panel);
  area.focus();
}
