// @ts-check
// What a node's editor shows beneath its points: the picture of the node, its mask, and the last result.

import { packAddress } from "./demo_photographs.mjs";
import { downstream, fileReference, inputIndex, isConnected, origin, rootGraph, shownFile } from "./sources.mjs";

/** @typedef {import("./sources.mjs").FileReference} FileReference */
/** @typedef {FileReference & {readonly width?: number, readonly height?: number}} PictureFile width, height: of the
 *  picture that the file is a smaller copy of */

// these show points or motion, not the edited picture
const NO_RESULTS = ["DragKitDragPointsPreview", "DragKitFlowPreview"];

export class NodePicture {
  /** @type {string|null} what the picture that is shown was loaded for */ #shown = null;
  /** @type {{source: string, picture: PictureFile}|null} the IMAGE of the last run and what was connected then */
  #ran = null;

  /** @param {import("../editor/session.mjs").Session} session @param {() => import("./node_editor.mjs").Spot} spot
   * @param {import("./frontend.d.ts").App} app @param {import("./frontend.d.ts").Api} api
   * @param {() => void} sizeKnown called when a picture is there */
  constructor(session, spot, app, api, sizeKnown) {
    this.session = session;
    this.spot = spot;
    this.app = app;
    this.api = api;
    this.sizeKnown = sizeKnown;
  }

  /** Whether a run gives the node this input: a link may end at a subgraph to which nothing is connected.
   * @param {"image"|"mask"} name */
  given(name) {
    const { node, place } = this.spot();
    return isConnected(node, name) && origin(rootGraph(this.app), node, inputIndex(node, name), place) !== null;
  }

  /** Shows the picture that belongs to the node now. */
  refresh() {
    if (!this.given("mask") && this.session.inputMask) this.#setMask(null);
    const { key, file } = this.#source();
    const ran = this.#ran?.source === key ? this.#ran.picture : null;
    const picture = ran ?? file;
    const shown = `${key} ${ran ? JSON.stringify(ran) : ""}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (!picture) return this.session.setPicture(null);
    void this.#load(picture).then((image) => {
      if (this.#shown !== shown) return;
      if (!image) return this.session.tell(`The picture ${picture.filename} cannot be shown.`);
      const label = file ? file.filename : "connected IMAGE";
      const { naturalWidth, naturalHeight } = image;
      this.session.setPicture({ image, width: picture.width ?? naturalWidth, height: picture.height ?? naturalHeight, label });
      this.sizeKnown();
    });
  }

  /** What the node gives in `ui` after a run, null for nothing that comes from the cache. @param {Record<string, any>|null} message */
  executed(message) {
    const [picture] = message?.dragkit_picture ?? [];
    const [mask] = message?.dragkit_mask ?? [];
    const [notice] = message?.dragkit_notice ?? [];
    if (notice) this.session.tell(`The points: ${notice}.`);
    this.#ran = picture ? { source: this.#source().key, picture } : null;
    if (mask) void this.#load(mask).then((image) => image && this.#setMask(image));
    else this.#setMask(null);
  }

  /** What any node showed after a run.
   * @param {{node: string, display_node?: string, output?: {images?: FileReference[]}}} detail */
  result({ node, display_node, output }) {
    const [first] = output?.images ?? [];
    if (!first) return;
    const { node: start, place } = this.spot();
    const made = downstream(rootGraph(this.app), start, place).get(String(display_node ?? node));
    if (!made || NO_RESULTS.includes(made.type ?? "")) return;
    void this.#load(first).then((image) => {
      if (!image) return;
      this.session.setResult({ image, width: image.naturalWidth, height: image.naturalHeight, label: "last result" });
      if (this.session.ui.runOnRelease) this.session.ui.showing = "result";
      this.session.store.notify();
    });
  }

  /** Makes a file the node's own picture. @param {File} file */
  async upload(file) {
    const { session } = this;
    if (this.given("image")) return session.tell("An IMAGE is connected; disconnect it to use another picture.");
    const body = new FormData();
    body.append("image", file);
    body.append("subfolder", "dragkit");
    const answer = await this.api.fetchApi("/upload/image", { method: "POST", body });
    if (!answer.ok) return session.tell(`The picture could not be uploaded: ${answer.statusText || answer.status}.`);
    const { name, subfolder } = await answer.json();
    session.store.show({ ...session.store.committed, picture: subfolder ? `${subfolder}/${name}` : name });
    session.store.commit();
  }

  /** @param {CanvasImageSource|null} mask */
  #setMask(mask) {
    this.session.inputMask = mask;
    this.session.store.notify();
  }

  /** Where the picture comes from: a key that changes with it, and its file if one is known before a run.
   * @returns {{key: string, file: PictureFile|null}} */
  #source() {
    if (!this.given("image")) {
      const { picture } = this.session.store.document;
      return { key: `own:${picture}`, file: picture ? fileReference(picture) : null };
    }
    const root = rootGraph(this.app);
    const { node, place } = this.spot();
    const found = origin(root, node, inputIndex(node, "image"), place);
    const file = found && shownFile(root, found);
    return { key: file ? `file:${JSON.stringify(file)}` : `node:${found?.node.id}:${found?.slot}`, file };
  }

  /** @param {FileReference} file @returns {Promise<HTMLImageElement|null>} */
  async #load({ filename, subfolder, type }) {
    const image = new Image();
    image.src = packAddress({ filename, subfolder, type }) ?? this.api.apiURL(`/view?${new URLSearchParams({ filename, subfolder, type })}${this.app.getRandParam()}`);
    return image.decode().then(
      () => image,
      () => null,
    );
  }
}
