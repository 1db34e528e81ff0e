// The critical path of a trace: the spans that the trace's end waited for.
//
// Walks backwards from the end of the roots (the last-returning-child rule, as in Uber's CRISP,
// USENIX ATC 2022): at time t inside a span, the child that returned last before t was waited
// for; from its end to t the span itself was at work. Children are cut to their parents, so
// skewed clocks cannot push the path outside. FOLLOWS_FROM children are not waited for.
// Cost: O(n log n) for sorting siblings by end; no recursion.
import { kFollows, type Ragged, type TraceLayout } from './layout';

interface Frame {
  row: number;
  /** The span's start, cut to its parents'. */
  from: number;
  /** The span's end, cut to its parents'. */
  end: number;
  /** Everything from here to the span's end is already placed. */
  at: number;
  /** Children by falling end; the next one to look at. */
  children: Int32Array;
  next: number;
}

type Times = Pick<TraceLayout, 'count' | 'parent' | 'start' | 'duration' | 'flags'>;

/** Gives pairs (from, to) per row, ascending, in microseconds from the trace's start. */
export function criticalPath(layout: Times): Ragged {
  const segments: { row: number; from: number; to: number }[] = [];
  const children = childrenByEnd(layout);
  let end = 0;
  for (let i = 0; i < layout.count; i++) end = Math.max(end, endOf(layout, i));
  // The virtual parent of all roots; its own time is the gaps between them and is not kept.
  const stack: Frame[] = [
    { row: -1, from: 0, end, at: end, children: children(-1), next: 0 },
  ];
  for (let frame = stack[stack.length - 1]; frame; frame = stack[stack.length - 1]) {
    const child = nextWaited(layout, frame);
    if (child === null) {
      if (frame.at > frame.from) segments.push({ row: frame.row, from: frame.from, to: frame.at });
      stack.pop();
      continue;
    }
    if (frame.at > child.to) segments.push({ row: frame.row, from: child.to, to: frame.at });
    frame.at = child.from;
    stack.push({
      row: child.row, from: child.from, end: child.to, at: child.to,
      children: children(child.row), next: 0,
    });
  }
  return toRagged(segments, layout.count);
}

function endOf(layout: Times, row: number): number {
  return (layout.start[row] ?? 0) + (layout.duration[row] ?? 0);
}

function nextWaited(layout: Times, frame: Frame): { row: number; from: number; to: number } | null {
  while (frame.next < frame.children.length) {
    const row = frame.children[frame.next++] ?? 0;
    const from = Math.max(frame.from, layout.start[row] ?? 0);
    // A child may outlive its parent (skewed clocks): it is cut to the parent's end.
    const to = Math.min(frame.end, endOf(layout, row));
    const follows = ((layout.flags[row] ?? 0) & kFollows) !== 0;
    if (follows || to > frame.at || to <= from || to <= frame.from) continue;
    return { row, from, to };
  }
  return null;
}

/** Sorts all rows once by (parent, falling end); gives each parent's slice. */
function childrenByEnd(layout: Times): (row: number) => Int32Array {
  const offsets = new Int32Array(layout.count + 2);
  for (let i = 0; i < layout.count; i++) {
    const slot = (layout.parent[i] ?? -1) + 2;
    offsets[slot] = (offsets[slot] ?? 0) + 1;
  }
  for (let k = 1; k < offsets.length; k++) offsets[k] = (offsets[k] ?? 0) + (offsets[k - 1] ?? 0);
  const cursor = offsets.slice();
  const rows = new Int32Array(layout.count);
  for (let i = 0; i < layout.count; i++) {
    const slot = (layout.parent[i] ?? -1) + 1;
    const at = cursor[slot] ?? 0;
    rows[at] = i;
    cursor[slot] = at + 1;
  }
  return (row) => {
    const slice = rows.subarray(offsets[row + 1] ?? 0, offsets[row + 2] ?? 0);
    return slice.sort((a, b) => endOf(layout, b) - endOf(layout, a));
  };
}

function toRagged(segments: { row: number; from: number; to: number }[], count: number): Ragged {
  const kept = segments.filter((segment) => segment.row >= 0);
  kept.sort((a, b) => a.row - b.row || a.from - b.from);
  const offsets = new Int32Array(count + 1);
  const values = new Float64Array(kept.length * 2);
  kept.forEach((segment, k) => {
    values[2 * k] = segment.from;
    values[2 * k + 1] = segment.to;
    offsets[segment.row + 1] = (offsets[segment.row + 1] ?? 0) + 2;
  });
  for (let i = 1; i <= count; i++) offsets[i] = (offsets[i] ?? 0) + (offsets[i - 1] ?? 0);
  return { offsets, values };
}
