// Before the page is drawn: the theme that the reader chose, or else the one of his system.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {} // storage may be forbidden: then nothing was chosen
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
