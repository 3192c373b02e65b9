// @ts-check
// The editor's elements: toolbar, canvas, status line, text panel, and the events that reach them.

import { t } from "../document/words.mjs";
import { commands } from "./commands.mjs";
import { element } from "./element.mjs";
import { Gestures } from "./gestures.mjs";
import { icon } from "./icons.mjs";
import { pressKey } from "./keys.mjs";
import { Options } from "./options.mjs";
import { ResultChooser } from "./result_chooser.mjs";
import { Stage } from "./stage.mjs";
import { firstStep, hint, selected, status } from "./status.mjs";
import { STYLE } from "./style.mjs";
import { textPanel } from "./text_panel.mjs";

/** @typedef {import("./session.mjs").Session} Session */
/** @typedef {{
 *   text(): string, importText(text: string): string|null,
 *   upload(file: File): void, canUpload(): boolean, runToHere(): void,
 *   chooseResult(id: string): void, forward(event: Event): void, graphScale(): number, large?: () => void, close?: () => void,
 * }} Host what an editor needs of its surroundings. text, importText: the value, and replacing it (a sentence if that
 *   text cannot be read); chooseResult: makes a node's picture the result, "" for that of the graph's end; forward: gives an
 *   event to the graph; graphScale: screen pixels per canvas pixel; large or close: opens or closes the large view */

const BAR = [
  ["drag", "region", "brush", "erase", "polygon", "box"],
  ["hull", "mask"],
  ["undo", "redo", "restart"],
  ["original", "preview", "result", "release"],
];
const HELP =
  "Drag point editor. N: new arrow in the middle, comma and full stop: previous and next arrow, X: handle, target or " +
  "both, arrow keys: move by a pixel, with Shift by ten, T and S: turn and scale, with Shift back, U: pin, Delete, " +
  "O: on or off, K: lock, V B E L R: tools, Escape: leave. D: region pairs, to which all these keys then apply.";

export class Editor {
  #life = new AbortController();
  /** @type {{button: HTMLButtonElement, command: import("./commands.mjs").Command}[]} */ #buttons = [];

  /** Gives the focus back to where the keys are heard. */
  #leave = () => this.keys.focus({ preventScroll: true });

  /** @param {Session} session @param {Host} host */
  constructor(session, host) {
    this.session = session;
    this.host = host;
    this.gestures = new Gestures(session.store, session.ui);
    this.commands = commands(session, this.gestures);
    this.keys = element("input", { class: "dragkit-keys", readonly: "", "aria-label": t(HELP) });
    this.stage = new Stage(session, this.gestures, host, this.keys, this.#life.signal);
    this.said = element("span", { class: "dragkit-said" });
    this.chosen = element("span", { class: "dragkit-chosen" });
    this.statusLine = element("div", { class: "dragkit-status", role: "status" }, this.said, this.chosen);
    this.first = element("div", { class: "dragkit-first" });
    this.notice = element("div", { class: "dragkit-notice", role: "alert" });
    this.empty = this.#emptyHint();
    this.results = new ResultChooser((id) => this.host.chooseResult(id), this.#leave);
    this.stage.element.append(this.keys, this.first, this.empty, this.results.element, this.notice);
    this.options = new Options(session, this.gestures, (name) => this.#button(name, this.commands[name]), this.#leave);
    this.root = element(
      "div",
      { class: "dragkit", "data-capture-wheel": "true", role: "group", "aria-label": t("Drag points") },
      element("style", {}, STYLE),
      this.#toolbar(),
      this.options.element,
      this.stage.element,
      this.statusLine,
    );
    this.#listen();
    const unsubscribe = session.store.subscribe(() => this.#update());
    this.#life.signal.addEventListener("abort", unsubscribe);
    this.#update();
  }

  /** Ends everything that this editor listens to; may be called twice. */
  destroy() {
    this.#life.abort();
  }

  /** @param {string} name @param {import("./commands.mjs").Command} command */
  #button(name, command) {
    const title = command.key ? `${command.label} (${command.key})` : command.label;
    const button = element("button", { type: "button", title, "aria-label": command.label, "data-command": name });
    if (command.icon) button.innerHTML = icon(command.icon);
    // the style shows the one in a narrow editor, the other in a wide one
    if (command.text) button.append(element("span", {}, command.text));
    button.addEventListener("click", () => {
      // first: a command may give the focus to what it opens
      this.#leave();
      command.run();
    });
    this.#buttons.push({ button, command });
    return button;
  }

  #toolbar() {
    const groups = BAR.map((group) => group.map((name) => this.#button(name, this.commands[name])));
    const { large, close } = this.host;
    const openOrClose = large ?? close;
    const own = () => !this.host.canUpload() || this.session.store.document.picture === null;
    const removePicture = () => {
      const { store } = this.session;
      this.gestures.cancel();
      store.show({ ...store.document, picture: null });
      store.commit();
    };
    groups.push([
      this.#button("picture", { icon: "picture", label: t("Replace the picture by another file"), hidden: own, run: () => this.file?.click() }),
      this.#button("unpicture", { icon: "unpicture", label: t("Remove the picture"), hidden: own, run: removePicture }),
      this.#button("text", { icon: "text", label: t("Export or import the points as text"), run: () => textPanel(this.root, this.host, this.#leave) }),
      ...(openOrClose
        ? [
            this.#button("large", {
              icon: large ? "large" : "close",
              label: large ? t("Large view") : t("Close the large view"),
              key: large ? "F" : "Esc",
              run: openOrClose,
            }),
          ]
        : []),
    ]);
    const children = groups.map((group) => element("span", { class: "dragkit-group", role: "group" }, ...group));
    return element("div", { class: "dragkit-bar", role: "toolbar", "aria-label": t("Drag point tools") }, ...children);
  }

  #emptyHint() {
    const file = (this.file = element("input", { type: "file", accept: "image/*", hidden: "" }));
    file.addEventListener("change", () => {
      const [chosen] = file.files ?? [];
      if (chosen) this.host.upload(chosen);
      file.value = "";
    });
    const choose = element("button", { type: "button", "data-command": "choose" }, t("Choose a picture"));
    choose.addEventListener("click", () => file.click());
    const run = element("button", { type: "button", "data-command": "run" }, t("Run to here"));
    run.addEventListener("click", () => this.host.runToHere());
    this.hint = element("span");
    this.choose = choose;
    this.run = run;
    return element("div", { class: "dragkit-empty" }, this.hint, choose, run, file);
  }

  #update() {
    const { session } = this;
    for (const { button, command } of this.#buttons) {
      if (command.pressed) button.setAttribute("aria-pressed", String(command.pressed()));
      button.disabled = !(command.enabled?.() ?? true);
      button.hidden = command.hidden?.() ?? false;
    }
    this.options.update();
    const first = firstStep(session, this.gestures.current !== null);
    this.first.hidden = !first;
    if (first && this.first.textContent !== first) this.first.textContent = first;
    const known = hint(session, this.host.canUpload());
    this.empty.hidden = known === null;
    if (this.hint && this.hint.textContent !== (known?.text ?? "")) this.hint.textContent = known?.text ?? "";
    if (this.choose) this.choose.hidden = !known?.choose;
    if (this.run) this.run.hidden = !known?.run;
    this.results.update(session);
    const chosen = selected(session);
    const said = chosen ? `${status(session)} · ` : status(session);
    if (this.said.textContent !== said) this.said.textContent = said;
    if (this.chosen.textContent !== chosen) this.chosen.textContent = chosen;
    const { problem } = session;
    this.notice.textContent = problem
      ? t("The points cannot be read: {problem}. They are kept as they are (see the text) until you draw something.", { problem })
      : session.linked
        ? `${t("The points come from the connected text; what is drawn here is not used.")} ${session.notice}`.trim()
        : session.notice;
    this.stage.redraw();
  }

  #listen() {
    const { signal } = this.#life;
    const { root } = this;
    // keeps the focus in the hidden input: ComfyUI leaves keys alone only while an input has it
    root.addEventListener(
      "mousedown",
      (event) => {
        const { target } = event;
        const takes = [HTMLTextAreaElement, HTMLInputElement, HTMLSelectElement].some((kind) => target instanceof kind);
        if (!takes) event.preventDefault();
      },
      { signal },
    );
    for (const name of /** @type {const} */ (["pointerdown", "pointermove", "pointerup", "dblclick", "contextmenu"])) {
      // the graph must not take a press for its own; the middle button pans it
      const keep = (/** @type {MouseEvent} */ event) => event.button === 1 || event.buttons & 4 || event.stopPropagation();
      root.addEventListener(name, keep, { signal });
    }
    root.addEventListener("keydown", (event) => this.#key(event), { signal });
    root.addEventListener("paste", (event) => this.#paste(event), { signal });
    root.addEventListener("dragover", (event) => this.#over(event), { signal });
    root.addEventListener("drop", (event) => this.#drop(event), { signal });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { target } = event;
    const onButton = target instanceof HTMLButtonElement && (event.key === "Enter" || event.key === " ");
    if (onButton || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || event.key === "Tab") return;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (plain && event.key.toLowerCase() === "f" && this.host.large) this.host.large();
    else if (plain && event.key === "0") this.stage.resetZoom();
    else if (event.key === "Escape" && this.host.close) this.gestures.cancel() || this.host.close();
    else if (!pressKey(this.session, this.gestures, this.commands, event)) {
      if (event.key !== "Escape") return;
      this.keys.blur();
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {ClipboardEvent} event */
  #paste(event) {
    if (event.target instanceof HTMLTextAreaElement || !event.clipboardData) return;
    event.preventDefault();
    event.stopPropagation();
    const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
    if (file) return this.host.upload(file);
    const text = event.clipboardData.getData("text/plain");
    const problem = text.trim() ? this.host.importText(text) : null;
    if (problem) this.session.tell(problem);
  }

  /** @param {DragEvent} event */
  #over(event) {
    if (![...(event.dataTransfer?.items ?? [])].some(({ kind }) => kind === "file")) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {DragEvent} event */
  #drop(event) {
    const file = [...(event.dataTransfer?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    event.stopPropagation();
    this.host.upload(file);
  }
}
