// Before the page is drawn: the theme that the reader chose, or else the one of his system; and whether the page may be laid out bit
// by bit (`layOut` of site.js). Where an address names a place on it, what stands above that place has to be there.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {} // storage may be forbidden: then nothing was chosen
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  if (!location.hash) document.documentElement.dataset.laid = "later";
})();
