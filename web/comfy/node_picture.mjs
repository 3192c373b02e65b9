// @ts-check
// What a node's editor shows beneath its points: the picture of the node, its mask, and the last result.

import { t } from "../document/words.mjs";
import { packAddress } from "./demo_photographs.mjs";
import { fileOf, made, recipeOf } from "./followed_picture.mjs";
import { runsOf, unchanged } from "./runs.mjs";
import { fileReference, inputIndex, isConnected, origin, placeOf, idAt, rootGraph } from "./sources.mjs";

/** @typedef {import("./sources.mjs").FileReference} FileReference */
/** @typedef {import("./followed_picture.mjs").Recipe} Recipe */

// files that stay loaded while what follows them is changed
const KEPT = 4;

export class NodePicture {
  /** @type {string|null} what the picture that is shown was loaded for */ #shown = null;
  /** @type {Map<string, Promise<HTMLImageElement|null>>} */ #files = new Map();
  /** @type {{key: string, width: number, height: number}|null} size that a picture has which was made here */ #found = null;
  #run = "";

  /** @param {import("../editor/session.mjs").Session} session @param {() => import("./node_editor.mjs").Spot} spot
   * @param {import("./frontend.d.ts").App} app @param {import("./frontend.d.ts").Api} api
   * @param {import("./runs.mjs").Remembered} runs @param {() => void} sizeKnown called when a picture is there */
  constructor(session, spot, app, api, runs, sizeKnown) {
    this.session = session;
    this.runs = runs;
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
    const { session } = this;
    if (!this.given("mask") && session.inputMask) this.#setMask(null);
    const { key, recipe } = this.#source();
    const { ran } = this.runs;
    const own = ran?.key === key ? ran : null;
    if (recipe) {
      // what a run got is right, should it be of another size than what was found here
      const found = this.#found?.key === key ? this.#found : null;
      const other = own && found && (own.width !== found.width || own.height !== found.height);
      if (other) this.#show(`${key} ${JSON.stringify(own.file)}`, own.file, own);
      else this.#show(key, recipe, null);
      return session.setOutdated(false);
    }
    const connected = this.given("image");
    if (own) this.#show(`${key} ${JSON.stringify(own.file)}`, own.file, own);
    else if (this.#shown !== key) {
      this.#shown = key;
      if (connected) session.store.notify();
      else session.setPicture(null);
    }
    session.setOutdated(Boolean(connected && session.picture && !(own && this.#isCurrent(own))));
  }

  /** @param {import("./runs.mjs").Made} ran */
  #isCurrent({ prompt }) {
    const root = rootGraph(this.app);
    const { node, place = placeOf(root, node) } = this.spot();
    return !prompt || unchanged(prompt, root, node, place, ["image"]);
  }

  /** @param {string} shown what it is for @param {FileReference|Recipe} from @param {{width?: number, height?: number}|null} size
   * of the picture that the file is a smaller copy of */
  #show(shown, from, size) {
    if (shown === this.#shown) return;
    this.#shown = shown;
    const recipe = "filename" in from ? { file: from } : from;
    const { filename } = fileOf(recipe);
    const load = (/** @type {FileReference} */ file) => this.#load(file);
    void made(recipe, size ? (file) => this.load(file) : load).then((picture) => {
      if (this.#shown !== shown) return;
      if (!picture) {
        if (this.session.picture && this.given("image")) this.session.setOutdated(true);
        return this.session.tell("file" in recipe ? t("The picture {filename} cannot be shown.", { filename }) : t("The picture {filename} cannot be shown as the nodes behind it are set.", { filename }));
      }
      const label = size ? "connected IMAGE" : "file" in recipe ? filename : `${filename} as connected`;
      const { image, width, height } = picture;
      if (!size) this.#found = { key: shown, width, height };
      this.session.setPicture({ image, width: size?.width ?? width, height: size?.height ?? height, label });
      this.sizeKnown();
    });
  }

  /** A run begins. @param {{prompt_id?: string}} detail */
  started({ prompt_id: run = "" }) {
    this.#run = run;
  }

  /** What the node gives in `ui` after a run, null for nothing that comes from the cache. @param {Record<string, any>|null} message */
  executed(message) {
    const [picture] = message?.dragkit_picture ?? [];
    const [mask] = message?.dragkit_mask ?? [];
    const [notice] = message?.dragkit_notice ?? [];
    if (notice) this.session.tell(t("The points: {notice}.", { notice }));
    // a file may have been written anew
    this.#files.clear();
    this.runs.ran = null;
    if (picture) {
      const { width, height, ...file } = picture;
      /** @type {import("./runs.mjs").Made} */
      const ran = { file, width, height, key: this.#source().key, run: this.#run, prompt: null };
      this.runs.ran = ran;
      void runsOf(this.api).prompt(ran.run).then((prompt) => {
        ran.prompt = prompt;
        this.refresh();
      });
    }
    if (mask) void this.load(mask).then((image) => image && this.#setMask(image));
    else this.#setMask(null);
  }

  /** Makes a file the node's own picture. @param {File} file */
  async upload(file) {
    const { session } = this;
    if (this.given("image")) return session.tell(t("An IMAGE is connected; disconnect it to use another picture."));
    const body = new FormData();
    body.append("image", file);
    body.append("subfolder", "dragkit");
    const answer = await this.api.fetchApi("/upload/image", { method: "POST", body });
    if (!answer.ok) return session.tell(t("The picture could not be uploaded: {why}.", { why: answer.statusText || answer.status }));
    const { name, subfolder } = await answer.json();
    session.store.show({ ...session.store.committed, picture: subfolder ? `${subfolder}/${name}` : name });
    session.store.commit();
  }

  /** @param {CanvasImageSource|null} mask */
  #setMask(mask) {
    this.session.inputMask = mask;
    this.session.store.notify();
  }

  /** Where the picture comes from: a key that changes with it, and how it is made if that is known without a run.
   * @returns {{key: string, recipe: Recipe|null}} */
  #source() {
    if (!this.given("image")) {
      const { picture } = this.session.store.document;
      const file = picture ? fileReference(picture) : null;
      return { key: `own:${picture}`, recipe: file && { file } };
    }
    const root = rootGraph(this.app);
    const { node, place } = this.spot();
    const slot = inputIndex(node, "image");
    const recipe = recipeOf(root, node, slot, place);
    if (recipe) return { key: JSON.stringify(recipe), recipe };
    const found = origin(root, node, slot, place);
    return { key: found ? `node:${idAt(found.place, found.node.id)}:${found.slot}` : "nothing", recipe: null };
  }

  /** A file of the graph, which what follows it may be asked for often. @param {FileReference} file */
  #load(file) {
    const key = JSON.stringify(file);
    const loaded = this.#files.get(key) ?? this.load(file);
    this.#files.delete(key);
    this.#files.set(key, loaded);
    if (this.#files.size > KEPT) this.#files.delete(this.#files.keys().next().value ?? key);
    return loaded;
  }

  /** @param {FileReference} file @returns {Promise<HTMLImageElement|null>} */
  async load({ filename, subfolder, type }) {
    const image = new Image();
    const view = `/view?${new URLSearchParams({ filename, subfolder, type })}${this.app.getRandParam()}`;
    image.src = packAddress({ filename, subfolder, type }) ?? this.api.apiURL(view);
    return image.decode().then(
      () => image,
      () => null,
    );
  }
}
