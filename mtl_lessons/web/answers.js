/* Reading a number that somebody typed, and judging it, as quiz/answers.py does:
   tests/readings.json holds both to the same readings. */

const SPACES = "[\\t\\n\\r \\u00a0\\u2000-\\u200b\\u202f\\u205f\\u2060\\u3000\\ufeff]";
// Characters, and what they are read as; first those of East Asian keyboards: "５％".
const ALIKE = [
  [/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0)],
  [/[⁰¹²³⁴-⁹⁺⁻]+/g, (raised) => `^${[...raised].map((sign) => RAISED[sign]).join("")}`],
  [/[\u2010-\u2014\u2212]/g, "-"],
  [/[×✕·⋅*]/g, "x"],
  [/[\u2044\u2215]/g, "/"],
  [/[’_]/g, "'"],
  [/[½⅓⅔¼¾⅕⅙⅛⅒]/g, (part) => ` ${FRACTIONS[part]}`],
];
const RAISED = Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"].map((sign, i) => [sign, "0123456789+-"[i]]));
const FRACTIONS = {
  "½": "1/2",
  "⅓": "1/3",
  "⅔": "2/3",
  "¼": "1/4",
  "¾": "3/4",
  "⅕": "1/5",
  "⅙": "1/6",
  "⅛": "1/8",
  "⅒": "1/10",
};

const MIXED = new RegExp(`[0-9]${SPACES}+[0-9]+${SPACES}*/`); // "1 1/2"
const POWER = "(?:10(?:\\^|xx)[({]?([-+]?[0-9]+)[)}]?)";
const SCALED = new RegExp(`^([-+]?)([0-9.,']+)(?:e([-+]?[0-9]+)|x${POWER})?$`);
const POWER_ALONE = new RegExp(`^([-+]?)${POWER}$`);
const DECIMAL = /^([0-9]+\.?[0-9]*|\.[0-9]+)$/;
// Numbers by thousands, each with the mark of its groups.
const GROUPED = [
  [/^[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?$/, ","],
  [/^([1-9][0-9]{0,2}(\.[0-9]{3})+,[0-9]+|[1-9][0-9]{0,2}(\.[0-9]{3}){2,})$/, "."],
  [/^[1-9][0-9]{0,2}('[0-9]{3})+([.,][0-9]+)?$/, "'"],
];

/* The numbers that `text` may mean: none if it cannot be read, two where a comma may be either mark
   ("1,234"). "5 %" is 0.05, or 5 where the number is asked for in percent. */
export function readings(text, percent) {
  const simple = ALIKE.reduce(
    (form, [signs, sign]) => form.replace(signs, sign),
    text,
  ).toLowerCase();
  if (MIXED.test(simple)) return []; // without its space it would be another number
  const [, body, sign] = simple.replace(new RegExp(SPACES, "g"), "").match(/^(.*?)(%|percent)?$/s);
  const unit = sign && !percent ? 0.01 : 1;
  const found = valuesOf(body).map((value) => value * unit);
  return [...new Set(found)].filter(Number.isFinite);
}

function valuesOf(body) {
  const fraction = body.match(/^([-+]?[0-9]+)\/([0-9]+)$/);
  if (fraction) return Number(fraction[2]) ? [Number(fraction[1]) / Number(fraction[2])] : [];
  const power = body.match(POWER_ALONE);
  if (power) return [Number(`${power[1]}1e${power[2]}`)];
  const scaled = body.match(SCALED);
  if (!scaled) return [];
  const [, sign, digits, exponent, raised] = scaled;
  return decimals(digits).map((form) => Number(`${sign}${form}e${exponent ?? raised ?? 0}`));
}

/* What `digits` may be, with a decimal point: first as a decimal fraction, then by thousands. */
function decimals(digits) {
  const grouped = GROUPED.filter(([pattern]) => pattern.test(digits));
  const forms = [
    digits.replace(",", "."),
    ...grouped.map(([, mark]) => digits.replaceAll(mark, "").replace(",", ".")),
  ];
  return forms.filter((form) => DECIMAL.test(form));
}

/* Whether one of the readings is within `tolerance` of `value`, its edge included. */
export const near = (found, value, tolerance) =>
  found.some((reading) => Math.abs(reading - value) <= tolerance * (1 + 1e-9));
