// @ts-check
// Asks ComfyUI for the texts in its language.

import { speak } from "../document/words.mjs";

const SETTING = "Comfy.Locale";

/** @param {import("./frontend.d.ts").App} app @param {import("./frontend.d.ts").Api} api */
export async function learnLanguage(app, api) {
  const language = app.extensionManager?.setting?.get?.(SETTING) ?? app.ui?.settings?.getSettingValue?.(SETTING);
  if (!language || language === "en") return;
  try {
    const answer = await api.fetchApi("/i18n");
    speak((await answer.json())[language]?.dragkit);
  } catch {
    // English, then
  }
}
