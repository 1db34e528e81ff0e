// The keys of the trace page. They work wherever the focus is, except in fields and buttons that
// need the key themselves.
import { useEffect, useRef, type Dispatch, type RefObject } from 'react';
import type { Find } from './find_state';
import { firstRowIn, nextError, type TraceLayout } from './layout';
import { fullWindow, zoomToRow, type ViewAction, type ViewState } from './view_state';

interface KeyTargets {
  layout: TraceLayout;
  state: ViewState;
  dispatch: Dispatch<ViewAction>;
  find: Find;
  findInput: RefObject<HTMLInputElement | null>;
  openHelp: () => void;
}

export const kShortcuts: [string[], string][] = [
  [['j', '↓'], 'Next span'],
  [['k', '↑'], 'Previous span'],
  [['→'], 'Unfold, or first child'],
  [['←'], 'Fold, or parent'],
  [['Enter'], 'Open or close details'],
  [['Esc'], 'Close details, then clear the find'],
  [['/'], 'Find in trace'],
  [['n', 'N'], 'Next, previous match'],
  [['e', 'E'], 'Next, previous error'],
  [['[', ']'], 'One level less, more'],
  [['+', '-'], 'Zoom time in, out'],
  [['Shift ←', 'Shift →'], 'Move the time window'],
  [['0'], 'Whole trace'],
  [['z'], 'Zoom to the selected span'],
  [['w'], 'First span in the time window'],
  [['c'], 'Critical path on or off'],
  [['Home', 'End'], 'First, last span'],
];

function treeAction(event: KeyboardEvent, targets: KeyTargets): ViewAction | null {
  switch (event.key) {
    case 'j': case 'ArrowDown': return { type: 'move', by: 1 };
    case 'k': case 'ArrowUp': return { type: 'move', by: -1 };
    case 'PageDown': return { type: 'move', by: 20 };
    case 'PageUp': return { type: 'move', by: -20 };
    case 'Home': return { type: 'move', by: -targets.layout.count };
    case 'End': return { type: 'move', by: targets.layout.count };
    case 'ArrowLeft': return event.shiftKey ? { type: 'pan', by: -0.25 }
      : { type: 'fold', isFolded: true };
    case 'ArrowRight': return event.shiftKey ? { type: 'pan', by: 0.25 }
      : { type: 'fold', isFolded: false };
    case 'Enter': return { type: 'open', isOpen: !targets.state.isOpen };
    case '[': return { type: 'level', by: -1 };
    case ']': return { type: 'level', by: 1 };
    case 'c': return { type: 'critical' };
    default: return windowAction(event.key, targets);
  }
}

function windowAction(key: string, { layout, state }: KeyTargets): ViewAction | null {
  switch (key) {
    case '+': case '=': return { type: 'zoom', factor: 0.5 };
    case '-': return { type: 'zoom', factor: 2 };
    case '0': return { type: 'window', fromUs: 0, toUs: fullWindow(layout) };
    case 'z': return zoomToRow(layout, state.selected);
    case 'w': {
      const row = firstRowIn(layout, state.fromUs, state.toUs);
      return row < 0 ? null : { type: 'select', row };
    }
    case 'e': case 'E': {
      const row = nextError(layout, state.selected, key === 'e' ? 1 : -1);
      return row < 0 ? null : { type: 'select', row };
    }
    default: return null;
  }
}

function needsKey(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('dialog, [role="slider"], [role="separator"]')) return true;
  if (target.closest('input, textarea, select, [contenteditable]')) return true;
  return (key === 'Enter' || key === ' ') && target.closest('button, a, summary') !== null;
}

function handle(event: KeyboardEvent, targets: KeyTargets): boolean {
  const { find, findInput, dispatch, state } = targets;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key === 'Escape') {
    if (event.target instanceof HTMLElement && event.target.closest('dialog')) return false;
    if (event.target === findInput.current) findInput.current?.blur();
    else if (state.isOpen) dispatch({ type: 'open', isOpen: false });
    else find.setText('');
    return true;
  }
  if (needsKey(event.target, event.key)) return false;
  if (event.key === '/') {
    findInput.current?.focus();
    findInput.current?.select();
  } else if (event.key === '?') {
    targets.openHelp();
  } else if (event.key === 'n' || event.key === 'N') {
    find.step(event.key === 'n' ? 1 : -1);
  } else {
    const action = treeAction(event, targets);
    if (action === null) return false;
    dispatch(action);
  }
  return true;
}

export function useTraceKeys(targets: KeyTargets): void {
  const current = useRef(targets);
  useEffect(() => { current.current = targets; });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!event.defaultPrevented && handle(event, current.current)) event.preventDefault();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
}
