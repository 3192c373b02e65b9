// @ts-check
// Asks ComfyUI for the texts in its language.

import { speak } from "../document/words.mjs";

const SETTING = "Comfy.Locale";

/** @param {import("./frontend.d.ts").App} app @param {import("./frontend.d.ts").Api} api */
export async function learnLanguage(app, api) {
  try {
    const language = String(app.extensionManager?.setting?.get(SETTING) ?? "en");
    if (language === "en") return;
    const answer = await api.fetchApi("/i18n");
    speak((await answer.json())[language]?.dragkit);
  } catch {
    // English, then
  }
}
