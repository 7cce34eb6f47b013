/* Small parts that every module here uses. */

export const isRecord = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

export function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}
