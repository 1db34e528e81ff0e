// One trace: header, minimap, waterfall, details.
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from 'react';
import { useTrace } from '../api/queries';
import type { TraceAnswer } from '../api/trace_worker';
import { Failure, Notice, useStored, useTitle } from '../shell/bits';
import { Link, navigate } from '../shell/router';
import { DetailsPanel } from './details_panel';
import { useFind } from './find_state';
import { rootRow, visibleRows } from './layout';
import { Minimap } from './minimap';
import { ShortcutsDialog } from './shortcuts_dialog';
import { TraceHeader } from './trace_header';
import { TraceToolbar } from './trace_toolbar';
import { useTraceKeys } from './trace_keys';
import { initialView, reduceView, type ViewAction, type ViewState } from './view_state';
import { Waterfall } from './waterfall';

export function TracePage({ traceId, query }: { traceId: string; query: URLSearchParams }) {
  const trace = useTrace(traceId);
  useTitle(trace.data ? '' : `Trace ${traceId.slice(0, 8)}`);
  if (trace.error) {
    return (
      <div className="empty">
        <h1>Trace {traceId}</h1>
        <p />
        <Failure cause={trace.error} onRetry={() => void trace.refetch()} />
        <p><Link href="/search">Search for traces</Link></p>
      </div>
    );
  }
  if (!trace.data) return <TraceSkeleton />;
  return (
    <TraceView key={trace.dataUpdatedAt} answer={trace.data} traceId={traceId} query={query} />
  );
}

/** Writes the open span into the address, late enough that holding j does not flood history. */
function useSpanInAddress(traceId: string, state: ViewState, spanIds: string[]): void {
  const spanId = state.isOpen ? spanIds[state.selected] : undefined;
  useEffect(() => {
    const timer = window.setTimeout(() => {
      if (!window.location.pathname.endsWith(encodeURIComponent(traceId))) return;
      const suffix = spanId === undefined ? '' : `?span=${encodeURIComponent(spanId)}`;
      navigate(window.location.pathname + suffix, { replace: true });
    }, 300);
    return () => window.clearTimeout(timer);
  }, [traceId, spanId]);
}

function TraceView({ answer, traceId, query }: {
  answer: TraceAnswer; traceId: string; query: URLSearchParams;
}) {
  const { layout } = answer;
  const reduce = useCallback(
    (state: ViewState, action: ViewAction) => reduceView(layout, state, action), [layout]);
  const [state, dispatch] = useReducer(reduce, query.get('span'), (id) => initialView(layout, id));
  const rows = useMemo(() => visibleRows(layout, state.collapsed), [layout, state.collapsed]);
  const find = useFind(layout, traceId, query.get('uiFind') ?? '', state, dispatch);
  const findInput = useRef<HTMLInputElement>(null);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const [panelWidth, setPanelWidth] = useStored('binnacle.panel-width', 440);
  const root = rootRow(layout);
  useTitle(layout.names[layout.name[root] ?? 0] ?? '');
  useSpanInAddress(traceId, state, layout.spanIds);
  useTraceKeys({ layout, state, dispatch, find, findInput, openHelp: () => setHelpOpen(true) });
  return (
    <div className="trace-page" data-fetch-ms={Math.round(answer.fetchMs)}
      data-layout-ms={Math.round(answer.layoutMs)}>
      <TraceHeader layout={layout} onService={find.setText} />
      {layout.notes.map((note) => <Notice key={note}>{note}</Notice>)}
      <Minimap layout={layout} state={state} dispatch={dispatch} />
      <TraceToolbar layout={layout} state={state} dispatch={dispatch} find={find}
        findInput={findInput} openHelp={() => setHelpOpen(true)} />
      <div className="trace-body" data-open={state.isOpen ? '' : undefined}
        style={{ '--panel': `${panelWidth}px` } as React.CSSProperties}>
        <Waterfall layout={layout} rows={rows} state={state} dispatch={dispatch}
          matches={find.matches} />
        {state.isOpen && state.selected >= 0 && (
          <DetailsPanel layout={layout} traceId={traceId} row={state.selected}
            width={panelWidth} onWidth={setPanelWidth} dispatch={dispatch} />
        )}
      </div>
      {isHelpOpen && <ShortcutsDialog onClose={() => setHelpOpen(false)} />}
    </div>
  );
}

function TraceSkeleton() {
  return (
    <div className="trace-page" role="status" aria-label="Loading the trace">
      <div className="trace-header"><div className="skeleton" style={{ height: 44 }} /></div>
      <div className="skeleton" style={{ height: 64, margin: '0 16px' }} />
      <div className="trace-skeleton-rows">
        {Array.from({ length: 16 }, (_, k) => (
          <div key={k} className="skeleton" style={{
            height: 14, marginLeft: `${(k * 7) % 34}%`, width: `${12 + ((k * 29) % 40)}%`,
            opacity: 1 - k / 18 }} />
        ))}
      </div>
    </div>
  );
}
