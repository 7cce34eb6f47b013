/* The view of `front` (explorables/front.py), and of whatever else Python draws in layers, where
   all positions of three dials would be too many drawings: on a ground for each position of the
   first dial lie a mark for the first two, and extras for the first and the third. */

export function layers({ dials, given: { marks, grounds, extras } }, [first, second, third]) {
  const mark = marks[first * dials[1].values.length + second];
  const extra = extras[first * dials[2].values.length + third];
  const lines = [...mark.lines, ...extra.lines].map((line) => `<span>${line}</span>`);
  const layered = grounds[first] + extra.drawing + mark.drawing;
  return {
    words: `<strong>${mark.point}.</strong> ${lines.join(" ")}`,
    drawing: `${mark.open}${layered}</svg>${extra.below}`,
  };
}

/* A drawing on a ground that is the same at all positions with one of the first dial. */
export function grounded({ given: { grounds, cells } }, [first], at) {
  const { words, open, drawing } = cells[at];
  return { words, drawing: `${open}${grounds[first]}${drawing}</svg>` };
}

/* The positions of the dials when the mark is dragged to (x, y): the second dial, at the nearest of the
   places `spots` that it has at a position of the first. */
export function pickLayer({ given: { spots } }, [first, , third], _, x, y) {
  const far = spots[first].map((spot) => Math.hypot(spot[0] - x, spot[1] - y));
  return [first, far.indexOf(Math.min(...far)), third];
}
