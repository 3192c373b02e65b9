// @ts-check

/**
 * @template {keyof HTMLElementTagNameMap} T @param {T} tag @param {Record<string, string>} [attributes]
 * @param {...(Node|string)} children @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
