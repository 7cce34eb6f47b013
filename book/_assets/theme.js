// Before the page is drawn: the theme that the reader chose, or else the one of his system; and whether the page may be laid out bit
// by bit (`layOut` of site.js). Where an address names a place on it, what stands above that place has to be there. And whether
// something is kept of this reader (the keys of mtl/store.js), so that what will be said of it has its room.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
    const kept = ["v2", "v1"].some((one) => localStorage.getItem(`mtl-lessons:progress:${one}`));
    if (kept) document.documentElement.dataset.known = "";
  } catch {} // storage may be forbidden: then nothing was chosen
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  if (!location.hash) document.documentElement.dataset.laid = "later";
})();
