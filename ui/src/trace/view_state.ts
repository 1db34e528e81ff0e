// What the reader has done to the trace page: folds, selection, time window. A pure reducer.
import { ancestorsOf, foldableFrom, positionOf, visibleRows, type TraceLayout } from './layout';

export interface ViewState {
  collapsed: ReadonlySet<number>;
  /** Row, -1 for none. */
  selected: number;
  isOpen: boolean;
  /** The time window, microseconds from the trace's start. */
  fromUs: number;
  toUs: number;
  showCritical: boolean;
}

export type ViewAction =
  | { type: 'select'; row: number; open?: boolean }
  | { type: 'move'; by: number }
  | { type: 'toggle'; row: number }
  | { type: 'fold'; isFolded: boolean }
  | { type: 'level'; by: number }
  | { type: 'collapseAll' }
  | { type: 'expandAll' }
  | { type: 'open'; isOpen: boolean }
  | { type: 'window'; fromUs: number; toUs: number }
  | { type: 'zoom'; factor: number; at?: number }
  | { type: 'pan'; by: number }
  | { type: 'critical' };

export function initialView(layout: TraceLayout, spanId: string | null): ViewState {
  const row = spanId === null ? -1 : layout.spanIds.indexOf(spanId);
  return {
    collapsed: new Set(), selected: row, isOpen: row >= 0,
    fromUs: 0, toUs: fullWindow(layout), showCritical: true,
  };
}

/** A trace of no duration still needs an axis. */
export function fullWindow(layout: TraceLayout): number {
  return Math.max(layout.durationUs, 1);
}

export function reduceView(layout: TraceLayout, state: ViewState, action: ViewAction): ViewState {
  const next = reduce(layout, state, action);
  // A pointer over a column of no width divides by zero.
  return Number.isNaN(next.fromUs) || Number.isNaN(next.toUs) ? state : next;
}

function reduce(layout: TraceLayout, state: ViewState, action: ViewAction): ViewState {
  switch (action.type) {
    case 'select': {
      const row = Math.min(Math.max(action.row, 0), layout.count - 1);
      return {
        ...state, selected: row, isOpen: action.open ?? state.isOpen,
        collapsed: revealed(layout, state.collapsed, row),
      };
    }
    case 'move': return moved(layout, state, action.by);
    case 'toggle': return { ...state, collapsed: toggled(state.collapsed, action.row) };
    case 'fold': return folded(layout, state, action.isFolded);
    case 'level': return levelled(layout, state, action.by);
    case 'collapseAll': return onVisible(layout, state, foldableFrom(layout, 1));
    case 'expandAll': return { ...state, collapsed: new Set() };
    case 'open': return { ...state, isOpen: action.isOpen };
    case 'window': return { ...state, ...clampWindow(layout, action.fromUs, action.toUs) };
    case 'zoom': {
      const at = action.at ?? (state.fromUs + state.toUs) / 2;
      const from = at - (at - state.fromUs) * action.factor;
      const to = at + (state.toUs - at) * action.factor;
      return { ...state, ...clampWindow(layout, from, to) };
    }
    case 'pan': {
      const by = action.by * (state.toUs - state.fromUs);
      const most = fullWindow(layout) - state.toUs;
      const step = Math.min(Math.max(by, -state.fromUs), most);
      return { ...state, fromUs: state.fromUs + step, toUs: state.toUs + step };
    }
    case 'critical': return { ...state, showCritical: !state.showCritical };
  }
}

/** Unfolds what hides the row. */
function revealed(
  layout: TraceLayout, collapsed: ReadonlySet<number>, row: number,
): ReadonlySet<number> {
  const hiding = ancestorsOf(layout, row).filter((ancestor) => collapsed.has(ancestor));
  if (hiding.length === 0) return collapsed;
  const next = new Set(collapsed);
  for (const ancestor of hiding) next.delete(ancestor);
  return next;
}

function moved(layout: TraceLayout, state: ViewState, by: number): ViewState {
  const rows = visibleRows(layout, state.collapsed);
  // Without a selection the first step lands on the first row, or backwards on the last.
  const outside = by > 0 ? -1 : rows.length;
  const at = state.selected < 0 ? outside : positionOf(rows, state.selected);
  const next = Math.min(Math.max(at + by, 0), rows.length - 1);
  return { ...state, selected: rows[next] ?? state.selected };
}

function toggled(collapsed: ReadonlySet<number>, row: number): ReadonlySet<number> {
  const next = new Set(collapsed);
  if (!next.delete(row)) next.add(row);
  return next;
}

/** The tree-grid keys: fold, or go to the parent; unfold, or go to the first child. */
function folded(layout: TraceLayout, state: ViewState, isFolded: boolean): ViewState {
  const row = state.selected;
  if (row < 0) return state;
  const hasChildren = (layout.childCount[row] ?? 0) > 0;
  const isCollapsed = state.collapsed.has(row);
  if (isFolded) {
    if (hasChildren && !isCollapsed) return { ...state, collapsed: toggled(state.collapsed, row) };
    const parent = layout.parent[row] ?? -1;
    return parent >= 0 ? { ...state, selected: parent } : state;
  }
  if (!hasChildren) return state;
  if (isCollapsed) return { ...state, collapsed: toggled(state.collapsed, row) };
  return { ...state, selected: row + 1 };
}

/** Shows one level more (by = 1) or less (by = -1) than the deepest level that shows now. */
function levelled(layout: TraceLayout, state: ViewState, by: number): ViewState {
  let deepest = 0;
  for (const row of visibleRows(layout, state.collapsed)) {
    deepest = Math.max(deepest, layout.depth[row] ?? 0);
  }
  return onVisible(layout, state, foldableFrom(layout, Math.max(0, deepest + by)));
}

function onVisible(
  layout: TraceLayout, state: ViewState, collapsed: ReadonlySet<number>,
): ViewState {
  if (state.selected < 0) return { ...state, collapsed };
  const rows = visibleRows(layout, collapsed);
  return { ...state, collapsed, selected: rows[positionOf(rows, state.selected)] ?? -1 };
}

/** Keeps the window inside the trace, from < to, and not below a thousandth of a microsecond. */
export function clampWindow(
  layout: TraceLayout, fromUs: number, toUs: number,
): { fromUs: number; toUs: number } {
  const full = fullWindow(layout);
  const least = Math.min(0.01, full);
  let from = Math.min(Math.max(Math.min(fromUs, toUs), 0), full);
  let to = Math.min(Math.max(Math.max(fromUs, toUs), 0), full);
  if (to - from < least) {
    from = Math.max(0, Math.min(from, full - least));
    to = from + least;
  }
  return { fromUs: from, toUs: to };
}

/** The span with a tenth of its length on both sides. */
export function zoomToRow(layout: TraceLayout, row: number): ViewAction | null {
  if (row < 0) return null;
  const from = layout.start[row] ?? 0;
  const length = Math.max(layout.duration[row] ?? 0, 0.1);
  return { type: 'window', fromUs: from - length / 10, toUs: from + length * 1.1 };
}
