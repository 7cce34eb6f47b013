/* Text in the fragment of an address: it is never sent to a host, and never run by itself. */

const CODE = /^#code=([\w-]+)$/;

export function linkTo(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  const code = btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `${location.origin}${location.pathname}#code=${code}`;
}

/* The text that came with the address: undefined where there is none, null where it cannot be read. */
export function textOf(fragment, largest) {
  if (!fragment.startsWith("#code=")) return undefined;
  try {
    const code = CODE.exec(fragment)[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(code), (sign) => sign.charCodeAt(0));
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.length <= largest ? text : null;
  } catch {
    return null;
  }
}
