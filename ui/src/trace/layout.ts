// A trace as columns in preorder: what the waterfall draws, without the spans themselves.
//
// Row i is the i-th span in depth-first order (siblings by start time), so a subtree is the row
// range [i, subtreeEnd[i]). Times are microseconds from the trace's start. Made by build.ts in
// the worker, moved to the page once, immutable there.

export const kHasError = 1;
/** The parent that the span names is not in the trace. */
export const kOrphan = 2;
/** The span or its data is off: see its warnings. */
export const kHasWarning = 4;
export const kCritical = 8;
/** The span lies partly outside of its parent: skewed clocks or asynchronous work. */
export const kOutsideParent = 16;
/** A descendant has an error. */
export const kErrorBelow = 32;
/** Hangs on its parent by FOLLOWS_FROM: the parent does not wait for it. */
export const kFollows = 64;
export const kGenAi = 128;

export const kKinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

/** Ragged columns: the values of row i are values[offsets[i]] to values[offsets[i + 1] - 1]. */
export interface Ragged {
  offsets: Int32Array;
  values: Float64Array;
}

export interface TraceLayout {
  traceId: string;
  count: number;
  /** Unix microseconds of the earliest span. */
  startUs: number;
  durationUs: number;
  services: string[];
  names: string[];
  spanIds: string[];
  service: Int32Array;
  name: Int32Array;
  kind: Uint8Array;
  flags: Uint8Array;
  /** Row of the parent, -1 for roots. */
  parent: Int32Array;
  depth: Int32Array;
  subtreeEnd: Int32Array;
  childCount: Int32Array;
  start: Float64Array;
  duration: Float64Array;
  selfTime: Float64Array;
  events: Ragged;
  /** Pairs (from, to) per row: the parts of the critical path spent in the span itself. */
  critical: Ragged;
  maxDepth: number;
  errorCount: number;
  rootCount: number;
  orphanCount: number;
  duplicateCount: number;
  serviceSpans: number[];
  serviceErrors: number[];
  /** Notes on the whole trace: what was missing, broken or put right. */
  notes: string[];
}

export function transferables(layout: TraceLayout): Transferable[] {
  const columns = [
    layout.service, layout.name, layout.kind, layout.flags, layout.parent, layout.depth,
    layout.subtreeEnd, layout.childCount, layout.start, layout.duration, layout.selfTime,
    layout.events.offsets, layout.events.values, layout.critical.offsets, layout.critical.values,
  ];
  return columns.map((column) => column.buffer as ArrayBuffer);
}

/** The row that names the trace: the longest root, real roots before orphans. */
export function rootRow(layout: TraceLayout): number {
  let best = 0;
  let bestRank = -1;
  for (let i = 0; i < layout.count; i = layout.subtreeEnd[i] ?? layout.count) {
    const orphan = ((layout.flags[i] ?? 0) & kOrphan) !== 0;
    const rank = (orphan ? 0 : 1e18) + (layout.duration[i] ?? 0);
    if (rank > bestRank) [best, bestRank] = [i, rank];
  }
  return best;
}

/** Rows to show when the subtrees of `collapsed` rows are folded. Cost: O(rows shown). */
export function visibleRows(layout: TraceLayout, collapsed: ReadonlySet<number>): Int32Array {
  const rows = new Int32Array(layout.count);
  let shown = 0;
  for (let i = 0; i < layout.count; ) {
    rows[shown++] = i;
    i = collapsed.has(i) ? (layout.subtreeEnd[i] ?? layout.count) : i + 1;
  }
  return rows.subarray(0, shown);
}

/** Position of `row` among ascending `rows`, or of its nearest visible ancestor. */
export function positionOf(rows: Int32Array, row: number): number {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((rows[middle] ?? 0) <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Rows that have children and lie at `depth` or deeper: folding them shows `depth + 1` levels. */
export function foldableFrom(layout: TraceLayout, depth: number): Set<number> {
  const rows = new Set<number>();
  for (let i = 0; i < layout.count; i++) {
    if ((layout.childCount[i] ?? 0) > 0 && (layout.depth[i] ?? 0) >= depth) rows.add(i);
  }
  return rows;
}

export function ancestorsOf(layout: TraceLayout, row: number): number[] {
  const path: number[] = [];
  for (let i = layout.parent[row] ?? -1; i >= 0; i = layout.parent[i] ?? -1) path.push(i);
  return path;
}

/** The next row with an error, going round. */
export function nextError(layout: TraceLayout, selected: number, by: number): number {
  for (let step = 1; step <= layout.count; step++) {
    const row = (((selected + by * step) % layout.count) + layout.count) % layout.count;
    if (((layout.flags[row] ?? 0) & kHasError) !== 0) return row;
  }
  return -1;
}

/** The first row that starts inside the time window, else the first that reaches into it. */
export function firstRowIn(layout: TraceLayout, fromUs: number, toUs: number): number {
  let reaching = -1;
  for (let i = 0; i < layout.count; i++) {
    const start = layout.start[i] ?? 0;
    if (start > toUs) continue;
    if (start >= fromUs) return i;
    if (start + (layout.duration[i] ?? 0) >= fromUs) reaching = i;
  }
  return reaching;
}
