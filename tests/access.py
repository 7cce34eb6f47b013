"""What every page is asked, whoever shows it.

Axe's rules, in less time, and whether a keyboard reaches whatever scrolls.
"""

from importlib.util import find_spec
from pathlib import Path

# ms before a condition counts as never met; no verdict depends on how fast a machine is
PATIENCE = 300_000
PACKAGE = Path(
    find_spec("axe_playwright_python").origin
).parent  # which reads its own script in the encoding of the locale
AXE = (PACKAGE / "axe.min.js").read_text(encoding="utf-8")
# the rules whose verdict a theme can change
COLOURS = ["color-contrast", "link-in-text-block"]

# Most of axe's time goes into contrast, once for each piece of text. Pieces that agree in all that
# contrast depends on (colours, grounds below, size, weight, whether they are exempt; of a link, how
# it stands out from the text around it) have one verdict, so three of each kind are asked, and none
# of a kind that is known.
KINDS = """
  const grounds = new Map();
  function ground(node) {
    if (!node) return "";
    if (!grounds.has(node)) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(node);
      const plain = /^rgb\\(/.test(backgroundColor) && backgroundImage === "none";
      const below = plain && opacity === "1" ? "" : ground(node.parentElement);
      grounds.set(node, `${backgroundColor} ${backgroundImage} ${opacity}` + below);
    }
    return grounds.get(node);
  }
  const isField = (node) => node.matches("input, textarea, select, button, option");
  const isText = (part) => part.nodeType === 3 && part.data.trim();
  const hasText = (node) => isField(node) || [...node.childNodes].some(isText);
  function isExempt(node) {
    const label = node.closest("label");
    return Boolean(node.closest(":disabled, [aria-disabled=true]") || label?.control?.disabled);
  }
  function aroundLink(node) {
    const link = node.closest("a"), around = link?.parentElement;
    if (!around) return "";
    const own = getComputedStyle(link), theirs = getComputedStyle(around);
    return [
      own.color, own.textDecorationLine, own.borderBottom, own.fontWeight,
      theirs.color, theirs.fontWeight,
    ].join(" ");
  }
  const kinds = new Map();
  for (const node of document.body.querySelectorAll("*")) {
    if (!hasText(node)) continue;
    if (!node.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const { color, fontSize, fontWeight, textShadow, webkitTextFillColor } = getComputedStyle(node);
    const look = [color, webkitTextFillColor, fontSize, fontWeight, textShadow];
    const kind = [...look, isField(node), isExempt(node), ground(node), aroundLink(node)].join("|");
    if (!settled.has(kind)) kinds.set(kind, [...(kinds.get(kind) ?? []), node]);
  }
  const some = (all) => new Set([all[0], all[all.length >> 1], all.at(-1)]);
  const asked = [...kinds.values()].flatMap((all) => [...some(all)]);
"""
RUN = (
    "async ([colours, others, known]) => { const settled = new Set(known);"
    + KINDS
    + """
  const none = Object.fromEntries(colours.map((rule) => [rule, { enabled: false }]));
  const resultTypes = ["violations"];
  const runs = others ? [[document, { resultTypes, rules: none }]] : [];
  if (asked.length) runs.push([{ include: asked }, { resultTypes, runOnly: colours }]);
  const found = [];
  for (const [context, options] of runs) {
    found.push(...(await axe.run(context, options)).violations);
  }
  const elements = (nodes) => nodes.map(({ html }) => html.slice(0, 150));
  return [found.map(({ id, nodes }) => [id, elements(nodes)]), [...kinds.keys()]]; }"""
)

# Whatever scrolls has to have the focus, or something in it has: text that is hidden or moved out
# of sight needs none. In a group of radio buttons the arrow keys choose.
UNREACHED = """() => [...document.body.querySelectorAll("*")].filter((node) => {
    const { overflowX, overflowY } = getComputedStyle(node);
    const scrolls = (overflow) => overflow === "auto" || overflow === "scroll";
    const wide = scrolls(overflowX) && node.scrollWidth > node.clientWidth;
    const high = scrolls(overflowY) && node.scrollHeight > node.clientHeight;
    const stops = [node, ...node.querySelectorAll("*")]
      .filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility());
    const inner = stops.filter((one) => one === node || !one.matches("input[type=radio]"));
    return (wide || high) && node.checkVisibility() && !inner.length;
  }).map((node) => node.outerHTML.slice(0, 150))"""

# All that can stick out does: formulas of three times the size, code and tables set wide. What
# follows depends on no font.
NONE = {"light": [], "dark": []}
STRETCHED = """
math { font-size: 300% !important }
:is(pre, code, td, th) { letter-spacing: .3em !important }
"""


def laid_out(page) -> None:
    """Wait until every section of a page has its own height: until then it is a guess."""
    page.locator("html:not([data-laid])").wait_for(state="attached")


def frames(page) -> None:
    """Wait until the page has drawn what it was told, and what its observers then did."""
    page.evaluate(
        "async () => { for (let i = 0; i < 6; i++) await new Promise(requestAnimationFrame); }"
    )


def until(page, condition: str) -> None:
    """Wait until a condition (an expression in JavaScript) holds.

    It does what `wait_for_function` does, which needs the `eval` that our pages forbid.
    """
    look = (
        f"const look = () => {condition} ? done() : frames++ < 3000 ? "
        "requestAnimationFrame(look) : failed(`never: ${name}`); look();"
    )
    page.evaluate(
        f"name => new Promise((done, failed) => {{ let frames = 0; {look} }})",
        condition,
    )


def violations(
    page, colours_alone: bool = False, known: set[str] | None = None
) -> list[tuple[str, list[str]]]:
    """Rules of axe that the page breaks, with the elements that do.

    `colours_alone`: only what a theme can change.
    `known`: kinds of text that have their verdict already, on another page or at another width;
    those of this page are added.
    """
    known = set() if known is None else known
    frames(page)
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    found, kinds = page.evaluate(RUN, [COLOURS, not colours_alone, list(known)])
    known.update(kinds)
    return [tuple(one) for one in found]


ARRIVED = """() => Promise.all(document.getAnimations()
  .filter((one) => one instanceof CSSTransition)
  .map((one) => one.finished.catch(() => null))).then(() => null)"""


def violations_by_theme(page) -> dict[str, list]:
    """Rules of axe that the page breaks in each theme."""
    found = {}
    for theme in ("light", "dark"):
        page.evaluate(
            "theme => { document.documentElement.dataset.theme = theme; }",
            theme,
        )
        # colours that move to those of the theme are judged where they arrive
        page.evaluate(ARRIVED)
        found[theme] = violations(page, colours_alone=bool(found))
    return found


def stretch(page) -> None:
    """Set the page's formulas, code and tables so wide that whatever can scroll does."""
    style = """(css) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      document.adoptedStyleSheets.push(sheet); }"""
    page.evaluate(style, STRETCHED)
    frames(page)


def unreached(page) -> list[str]:
    """Elements that scroll and that the keyboard does not reach, however wide the text is set."""
    stretch(page)
    return page.evaluate(UNREACHED)


# em a letter: DejaVu Sans, in which budgets were set; Arial has 0.47, Liberation Mono 0.60
WIDE = 0.537
RUNS = """() => {
  const span = document.createElement("span");
  span.textContent = "The quick brown fox jumps over the lazy dog, 0123456789";
  Object.assign(span.style, { position: "absolute", whiteSpace: "nowrap", fontSize: "100px" });
  document.querySelector("main").append(span);
  const em = span.getBoundingClientRect().width / span.textContent.length / 100;
  span.remove();
  return em;
}"""


def room(page) -> float:
    """How much wider the page's font runs than DejaVu Sans, at least 1.

    A budget in screens may grow by that: no verdict depends on a machine's fonts.
    """
    return max(1.0, page.evaluate(RUNS) / WIDE)
