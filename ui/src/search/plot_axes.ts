// Ticks of the scatter plot.
const kHourMs = 3_600_000;
const kStepsMs = [
  1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1800e3, kHourMs, 2 * kHourMs,
  3 * kHourMs, 6 * kHourMs, 12 * kHourMs, 24 * kHourMs, 48 * kHourMs, 168 * kHourMs, 336 * kHourMs,
  30 * 24 * kHourMs, 90 * 24 * kHourMs, 365 * 24 * kHourMs, 1826 * 24 * kHourMs,
];

/** Ticks on whole steps of local time, at most `count` of them. */
export function timeSplits(minMs: number, maxMs: number, count: number): number[] {
  const wanted = (maxMs - minMs) / Math.max(count, 2);
  const step = kStepsMs.find((ms) => ms >= wanted) ?? (kStepsMs[kStepsMs.length - 1] ?? 1) * 2;
  const zone = new Date(minMs).getTimezoneOffset() * 60_000;
  const splits: number[] = [];
  for (let k = Math.ceil((minMs - zone) / step); k * step + zone <= maxMs; k++) {
    splits.push(k * step + zone);
  }
  return splits;
}

/** Clock times; the date where a day begins, seconds only where ticks are closer than minutes. */
export function timeLabels(ticksMs: readonly number[]): string[] {
  const stepMs = (ticksMs[1] ?? 0) - (ticksMs[0] ?? 0);
  return ticksMs.map((ms, k) => {
    const date = new Date(ms);
    const before = ticksMs[k - 1];
    const isNewDay = before !== undefined && new Date(before).getDate() !== date.getDate();
    const time = date.toTimeString().slice(0, stepMs > 0 && stepMs < 60_000 ? 8 : 5);
    if (!isNewDay && stepMs < 24 * kHourMs) return time;
    return date.toLocaleDateString('en-GB', stepMs > 80 * 24 * kHourMs
      ? { month: 'short', year: 'numeric' } : { day: 'numeric', month: 'short' });
  });
}

const kMinUs = 60e6;
/** Decades stop being round where seconds become minutes. */
const kLongUs = [1, 10, 60, 360, 1440, 14_400, 144_000, 1_440_000].map((min) => min * kMinUs);

/** 1-2-5 steps over few decades, else decades only; minutes, hours and days above. */
export function logSplits(min: number, max: number): number[] {
  const decades = Math.log10(max / min);
  const steps = decades <= 1.5 ? [1, 2, 5] : decades <= 3 ? [1, 3] : [1];
  const splits: number[] = [];
  for (let power = Math.floor(Math.log10(min)); 10 ** power <= Math.min(max, kMinUs); power++) {
    for (const step of steps) splits.push(step * 10 ** power);
  }
  const long = decades <= 1.5 ? kLongUs.flatMap((us) => [us, 2 * us, 5 * us]) : kLongUs;
  return [...splits.filter((us) => us < kMinUs), ...long].filter((us) => us >= min && us <= max);
}
