// Finds the service colours in src/theme/palette.ts: `node dev/make_palette.mjs 10 1` (count, seed).
//
// Simulated annealing over OKLCH slots. A slot has one hue, one relative lightness and one
// chroma, and is rendered once per theme. The score to maximise is the smallest distance (in
// OKLab) between any two slots, over both themes and over normal vision and the three kinds of
// dichromacy (Machado, Oliveira, Fernandes 2009, severity 1). Hues near the error red are left
// out, so that no service looks like a failure, and every colour keeps 3:1 against its surface.

const COUNT = Number(process.argv[2] ?? 10);
let seed = Number(process.argv[3] ?? 1);
const THEMES = [
  { name: 'light', surface: [1, 1, 1], lightness: [0.5, 0.69] },
  { name: 'dark', surface: [0.09, 0.105, 0.13], lightness: [0.62, 0.86] },
];
const NORMAL_WEIGHT = 0.62;
const CVD = [
  [1, 0, 0, 0, 1, 0, 0, 0, 1],
  [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
];

function random() {
  seed = (seed * 1664525 + 1013904223) >>> 0;
  return seed / 4294967296;
}
const clamp = (x, lo, hi) => Math.min(hi, Math.max(lo, x));

function oklchToLinear([L, C, h]) {
  const a = C * Math.cos((h * Math.PI) / 180);
  const b = C * Math.sin((h * Math.PI) / 180);
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}
function linearToOklab([r, g, b]) {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
const inGamut = (rgb) => rgb.every((x) => x >= -0.0005 && x <= 1.0005);
const toSrgb = (x) => (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055);
const toLinear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
const luminance = ([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
const hex = (rgb) =>
  '#' + rgb.map((x) => Math.round(clamp(toSrgb(clamp(x, 0, 1)), 0, 1) * 255).toString(16).padStart(2, '0')).join('');

function render(slot, theme) {
  const L = theme.lightness[0] + slot.t * (theme.lightness[1] - theme.lightness[0]);
  let C = slot.c;
  let rgb = oklchToLinear([L, C, slot.h]);
  while (!inGamut(rgb) && C > 0.02) {
    C -= 0.005;
    rgb = oklchToLinear([L, C, slot.h]);
  }
  return rgb.map((x) => clamp(x, 0, 1));
}
function views(slot) {
  const out = [];
  for (const theme of THEMES) {
    const rgb = render(slot, theme);
    const surface = luminance(theme.surface.map(toLinear));
    const own = luminance(rgb);
    const contrast = (Math.max(own, surface) + 0.05) / (Math.min(own, surface) + 0.05);
    if (contrast < 3.05) return null;
    for (const m of CVD) {
      const seen = [0, 1, 2].map((i) =>
        clamp(m[3 * i] * rgb[0] + m[3 * i + 1] * rgb[1] + m[3 * i + 2] * rgb[2], 0, 1));
      out.push(linearToOklab(seen));
    }
  }
  return out;
}
// Hues spread for normal vision; lightness does the work for others. Dark yellows are browns and
// olives, which look alike and drab, so hues up to DARK_HUE stay light.
const HUES = [48, 76, 128, 158, 190, 222, 256, 286, 316, 344];
const HUE_PLAY = 9;
const DARK_HUE = 110;
const leastLightness = (hue) => (hue < DARK_HUE ? 0.5 : 0);
function makeSlot(home, base, size) {
  for (;;) {
    const slot = base
      ? {
          home,
          h: clamp(base.h + (random() - 0.5) * 60 * size, home - HUE_PLAY, home + HUE_PLAY),
          t: clamp(base.t + (random() - 0.5) * size, leastLightness(home), 1),
          c: clamp(base.c + (random() - 0.5) * 0.1 * size, 0.1, 0.19),
        }
      : { home, h: home, t: Math.max(leastLightness(home), random()), c: 0.1 + random() * 0.09 };
    slot.views = views(slot);
    if (slot.views) return slot;
  }
}
function distance(a, b) {
  let least = Infinity;
  for (let k = 0; k < a.views.length; k++) {
    const [x, y] = [a.views[k], b.views[k]];
    // Every fourth view is normal vision, which tells more apart and is held to more.
    const weight = k % CVD.length === 0 ? NORMAL_WEIGHT : 1;
    least = Math.min(least, weight * Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]));
  }
  return least;
}
function score(slots) {
  let least = Infinity;
  let sum = 0;
  for (let i = 0; i < slots.length; i++) {
    let near = Infinity;
    for (let j = 0; j < slots.length; j++) if (j !== i) near = Math.min(near, distance(slots[i], slots[j]));
    least = Math.min(least, near);
    sum += near;
  }
  return least + (0.1 * sum) / slots.length;
}

let slots = Array.from({ length: COUNT }, (_, k) => makeSlot(HUES[k % HUES.length]));
let best = slots;
let now = score(slots);
let top = now;
const STEPS = 40000;
for (let step = 0; step < STEPS; step++) {
  const heat = 1 - step / STEPS;
  const next = slots.slice();
  const k = Math.floor(random() * COUNT);
  next[k] = makeSlot(slots[k].home, slots[k], 0.05 + 0.6 * heat);
  const value = score(next);
  if (value > now || random() < Math.exp((value - now) / (0.004 * heat + 1e-6))) {
    slots = next;
    now = value;
    if (now > top) [top, best] = [now, slots];
  }
}
let least = Infinity;
best.forEach((a, i) => best.forEach((b, j) => { if (i < j) least = Math.min(least, distance(a, b)); }));
best.sort((a, b) => a.h - b.h);
console.log(`smallest distance ${least.toFixed(4)}`);
for (const theme of THEMES) console.log(theme.name, best.map((s) => hex(render(s, theme))).join(' '));
