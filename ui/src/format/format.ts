// Numbers and times as people read them. Inputs are microseconds, as in the Jaeger API;
// fractions of a microsecond are shown as nanoseconds.

const kUs = 1;
const kMs = 1000;
const kS = 1_000_000;
const kMin = 60 * kS;
const kHour = 60 * kMin;
const kDay = 24 * kHour;

function significant(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

/** "350 ns", "12.3 µs", "4.56 ms", "1.2 s", "3m 20s", "2h 5m", "4d 3h". Negative keeps its sign. */
export function formatDuration(us: number): string {
  if (!Number.isFinite(us)) return '-';
  if (us < 0) return '-' + formatDuration(-us);
  if (us === 0) return '0';
  // Each limit is where rounding would print 1000 of the smaller unit.
  if (us < 0.9995 * kUs) return `${significant(us * 1000)} ns`;
  if (us < 999.5 * kUs) return `${significant(us)} µs`;
  if (us < 999.5 * kMs) return `${significant(us / kMs)} ms`;
  if (us < 59.95 * kS) return `${significant(us / kS)} s`;
  if (us < kHour - kS / 2) return pair(us, kMin, 'm', kS, 's');
  if (us < kDay - kMin / 2) return pair(us, kHour, 'h', kMin, 'm');
  return pair(us, kDay, 'd', kHour, 'h');
}

function pair(us: number, big: number, bigName: string, small: number, smallName: string): string {
  const total = Math.round(us / small);
  const per = big / small;
  const rest = total % per;
  const head = `${Math.floor(total / per)}${bigName}`;
  return rest === 0 ? head : `${head} ${rest}${smallName}`;
}

const kDurationUnits: Record<string, number> = {
  ns: 0.001, us: kUs, µs: kUs, μs: kUs, ms: kMs, s: kS, m: kMin, min: kMin, h: kHour,
};

export type Parsed<T> = { ok: true; value: T } | { ok: false; error: string };

/** Reads "1.5s", "100ms", "2m30s". Gives microseconds, or what is wrong and how to put it right. */
export function parseDuration(text: string): Parsed<number> {
  const trimmed = text.trim();
  const part = /(\d+(?:\.\d+)?|\.\d+)\s*([a-zµμ]*)\s*/giy;
  let total = 0;
  let at = 0;
  while (at < trimmed.length) {
    part.lastIndex = at;
    const match = part.exec(trimmed);
    if (!match) {
      return { ok: false, error: `"${trimmed.slice(at)}" is not a duration; write 1.5s or 100ms` };
    }
    const unit = (match[2] ?? '').toLowerCase();
    if (unit === '') {
      return { ok: false, error: `${match[1]} has no unit; write ${match[1]}ms or ${match[1]}s` };
    }
    const scale = kDurationUnits[unit];
    if (scale === undefined) {
      return { ok: false, error: `unknown unit "${unit}"; use ns, us, ms, s, m or h` };
    }
    total += Number(match[1]) * scale;
    at = part.lastIndex;
  }
  if (trimmed === '') return { ok: false, error: 'empty; write 1.5s or 100ms' };
  return { ok: true, value: total };
}

/** A Go-style duration without loss, for the API and for addresses: "1500us", "20ms", "2s". */
export function apiDuration(us: number): string {
  if (us % kS === 0) return `${us / kS}s`;
  if (us % kMs === 0) return `${us / kMs}ms`;
  if (Number.isInteger(us)) return `${us}us`;
  return `${Math.round(us * 1000)}ns`;
}

const counts = new Intl.NumberFormat('en-US');
export function formatCount(n: number): string {
  return counts.format(n);
}

export function plural(n: number, one: string, many = one + 's'): string {
  return `${formatCount(n)} ${n === 1 ? one : many}`;
}

export function formatPercent(part: number, whole: number): string {
  if (whole <= 0) return '-';
  const percent = (100 * part) / whole;
  if (percent > 0 && percent < 0.1) return '<0.1%';
  return `${percent >= 10 ? Math.round(percent) : Number(percent.toFixed(1))}%`;
}

function pad(n: number, width = 2): string {
  return String(n).padStart(width, '0');
}

/** Local time "2026-11-23 14:03:07.123". */
export function formatTime(us: number): string {
  const d = new Date(us / 1000);
  if (Number.isNaN(d.getTime())) return 'unknown time';
  return (
    `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ` +
    `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}.${pad(d.getMilliseconds(), 3)}`
  );
}

/** For hovering: the same instant in UTC, to the microsecond. */
export function formatUtc(us: number): string {
  const d = new Date(us / 1000);
  if (Number.isNaN(d.getTime())) return 'unknown time';
  const micros = pad(Math.floor(us % 1000), 3);
  return d.toISOString().replace('T', ' ').replace('Z', micros) + ' UTC';
}

/** "just now", "40 s ago", "5 min ago", "3 h ago", "12 d ago", "9 months ago", "7 years ago"; times
 * in the future are "in 5 min". */
export function formatAgo(us: number, nowUs: number): string {
  const delta = nowUs - us;
  const size = Math.abs(delta);
  const words = (n: number, unit: string) => (delta < 0 ? `in ${n} ${unit}` : `${n} ${unit} ago`);
  if (size < 5 * kS) return 'just now';
  if (size < 90 * kS) return words(Math.round(size / kS), 's');
  if (size < 90 * kMin) return words(Math.round(size / kMin), 'min');
  if (size < 36 * kHour) return words(Math.round(size / kHour), 'h');
  if (size < 60 * kDay) return words(Math.round(size / kDay), 'd');
  if (size < 730 * kDay) return words(Math.round(size / (30.44 * kDay)), 'months');
  return words(Math.round(size / (365.25 * kDay)), 'years');
}

/** Round steps (1, 2, 5 x 10^n; 60-based from minutes up) for an axis with about `count` ticks. */
export function timeTicks(fromUs: number, toUs: number, count: number): number[] {
  const span = toUs - fromUs;
  if (!(span > 0) || count < 1) return [fromUs];
  const step = niceStep(span / count);
  const ticks: number[] = [];
  for (let k = Math.ceil(fromUs / step - 1e-9); k * step <= toUs + step * 1e-9; k++) {
    ticks.push(k * step);
  }
  return ticks;
}

function niceStep(raw: number): number {
  if (raw > 30 * kS) {
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 720, 1440].map((m) => m * kMin);
    const found = steps.find((step) => step >= raw);
    if (found !== undefined) return found;
    const days = raw / kDay;
    return kDay * Math.max(1, niceDecimal(days));
  }
  if (raw > 10 * kS) return 30 * kS;
  return niceDecimal(raw);
}

function niceDecimal(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  const lead = raw / power;
  return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power;
}
