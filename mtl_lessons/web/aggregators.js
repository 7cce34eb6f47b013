/* The steps of aggregators in closed form, for two tasks; for any number see aggregators.py.
   Vectors are [x, y]. */

export const dot = (v, w) => v[0] * w[0] + v[1] * w[1];
export const size = (v) => Math.hypot(...v);
export const mix = (p, v, q = 0, w = v) => [p * v[0] + q * w[0], p * v[1] + q * w[1]];
export const unit = (v) => mix(1 / (size(v) || 1), v);
export const turned = ([x, y]) => [-y, x];
const mean = (a, b) => mix(0.5, a, 0.5, b);

export const AGGREGATORS = {
  mean,
  pcgrad: unconflicting,
  upgrad: unconflicting,
  mgda: shortest,
  cagrad: averse,
  imtlg: impartial,
  nash: impartial,
};

/* The mean of both, each without what it has against the other. */
function unconflicting(a, b) {
  const against = Math.min(dot(a, b), 0);
  const left = (g, other) => (against ? mix(1, g, -against / dot(other, other), other) : g);
  return mean(left(a, b), left(b, a));
}

/* The shortest w a + (1 - w) b. */
function shortest(a, b) {
  const apart = mix(1, b, -1, a);
  const w = Math.min(Math.max(dot(apart, b) / (dot(apart, apart) || 1), 0), 1);
  return mix(w, a, 1 - w, b);
}

/* Equal shares of the unit gradients, coefficients that sum to 1. */
function impartial(a, b) {
  const [m, n] = [size(a), size(b)];
  return m && n ? mix(n / (m + n), a, m / (m + n), b) : mix(1, a, 1, b);
}

/* The g with the smallest g · middle + radius |g| on the way from b to a: where that is flat,
   or an end. */
function averse(a, b, c = 0.5) {
  const middle = mean(a, b);
  const radius = c * size(middle);
  const apart = mix(1, a, -1, b);
  const along = unit(apart);
  const slope = dot(along, middle);
  const height = Math.abs(dot(turned(along), b));
  const flat = -dot(along, b) - (height * slope) / Math.sqrt(radius ** 2 - slope ** 2);
  const far = Math.abs(slope) < radius ? flat : slope > 0 ? 0 : Infinity;
  const g = mix(1, b, Math.min(Math.max(far, 0), size(apart)), along);
  return mix(1 / (1 + c), middle, radius / (1 + c), unit(g));
}

/* ---- numbers as they are printed ---- */

export const rounded = (x) => Math.round(100 * x) / 100;
export const decimal = (x) => `${rounded(x) < 0 ? "−" : ""}${Math.abs(rounded(x)).toFixed(2)}`;
export const pair = (v) => `(${decimal(v[0])}, ${decimal(v[1])})`;
