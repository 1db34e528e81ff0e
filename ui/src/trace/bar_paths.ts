// SVG paths drawn over a row's bar: critical path and events.
import type { Ragged } from './layout';

/** The parts of the critical path in 1/1000 of the window; gaps too small to see are closed. */
export function linePath(critical: Ragged, row: number, fromUs: number, toUs: number): string {
  const scale = 1000 / (toUs - fromUs);
  const end = critical.offsets[row + 1] ?? 0;
  let path = '';
  let openFrom = NaN;
  let openTo = NaN;
  const flush = () => {
    if (openTo > openFrom) path += `M${openFrom.toFixed(1)} 20H${openTo.toFixed(1)}`;
  };
  for (let k = critical.offsets[row] ?? 0; k < end; k += 2) {
    const from = Math.max(((critical.values[k] ?? 0) - fromUs) * scale, -10);
    const to = Math.min(((critical.values[k + 1] ?? 0) - fromUs) * scale, 1010);
    if (to < 0 || from > 1000) continue;
    if (from - openTo <= 1) {
      openTo = Math.max(openTo, to);
      continue;
    }
    flush();
    openFrom = from;
    openTo = Math.max(to, from + 1.5);
  }
  flush();
  return path;
}

/** More marks than these on one bar cannot be told apart. */
const kEventsShown = 200;

export function eventPath(events: Ragged, row: number, fromUs: number, toUs: number): string {
  const scale = 1000 / (toUs - fromUs);
  const first = events.offsets[row] ?? 0;
  const end = Math.min(events.offsets[row + 1] ?? 0, first + kEventsShown);
  let path = '';
  for (let k = first; k < end; k++) {
    const x = ((events.values[k] ?? 0) - fromUs) * scale;
    if (x >= 0 && x <= 1000) path += `M${x.toFixed(1)} 5V19`;
  }
  return path;
}
