// Find in trace: the text, the rows that match, and stepping through them.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState, type Dispatch } from 'react';
import { worker } from '../api/worker_client';
import { nextMatch } from './find';
import { positionOf, type TraceLayout } from './layout';
import type { ViewAction, ViewState } from './view_state';

export interface Find {
  text: string;
  setText: (text: string) => void;
  matches: ReadonlySet<number>;
  count: number;
  /** 1-based place of the selected row among the matches, 0 if it is none. */
  place: number;
  isBusy: boolean;
  step: (by: number) => void;
}

const kNoRows = new Int32Array(0);
/** Typing on must not search for every letter; a third of this is already noticed as lag. */
const kTypingPauseMs = 120;

export function useFind(
  layout: TraceLayout, traceId: string, initial: string, state: ViewState,
  dispatch: Dispatch<ViewAction>,
): Find {
  const [text, setText] = useState(initial);
  const [asked, setAsked] = useState(initial);
  useEffect(() => {
    const timer = window.setTimeout(() => setAsked(text), kTypingPauseMs);
    return () => window.clearTimeout(timer);
  }, [text]);
  const found = useQuery({
    queryKey: ['find', traceId, asked],
    enabled: asked.trim() !== '',
    gcTime: 0,
    queryFn: ({ signal }) => worker.call('find', { traceId, text: asked }, signal),
  });
  const rows = (asked.trim() === '' ? undefined : found.data) ?? kNoRows;
  const matches = useMemo(() => new Set(rows), [rows]);
  const at = positionOf(rows, state.selected);
  const isBusy = found.isFetching || text !== asked;
  const go = (by: number) => {
    const row = nextMatch(rows, state.selected, by);
    if (row >= 0 && row < layout.count) dispatch({ type: 'select', row });
  };
  // Enter may come before the answer: the step is taken when it is there.
  const waiting = useRef(0);
  useEffect(() => {
    if (isBusy || waiting.current === 0) return;
    const by = waiting.current;
    waiting.current = 0;
    go(by);
  });
  return {
    text, setText, matches, count: rows.length,
    place: rows.length > 0 && rows[at] === state.selected ? at + 1 : 0,
    isBusy,
    step: (by) => {
      if (isBusy) waiting.current = by;
      else go(by);
    },
  };
}
