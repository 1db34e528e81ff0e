// The results as rows; only those in view exist. Arrow keys or j and k move between rows.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, type KeyboardEvent } from 'react';
import { formatCount, formatDuration } from '../format/format';
import { ServiceChip, ServiceDot, Time } from '../shell/bits';
import { Icon } from '../shell/icons';
import { Link } from '../shell/router';
import type { SortOrder, TraceSummary } from './summary';

const kRowHeight = 50;
/** More services than these are named in the "+n" chip's tooltip. */
const kChipsShown = 6;

interface TraceListProps {
  traces: TraceSummary[];
  /** Of all results, so that bars keep their scale while filtering. */
  maxDurationUs: number;
  nowUs: number;
  sort: SortOrder;
  onSort: (sort: SortOrder) => void;
}

export function TraceList({ traces, maxDurationUs, nowUs, sort, onSort }: TraceListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: traces.length, estimateSize: () => kRowHeight, overscan: 8,
    getScrollElement: () => scroller.current,
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    const focused = document.activeElement?.closest<HTMLElement>('[data-index]');
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = focused ? Number(focused.dataset['index']) + step : 0;
    if (next < 0 || next >= traces.length) return;
    event.preventDefault();
    virtual.scrollToIndex(next);
    requestAnimationFrame(() => {
      scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"] a`)?.focus();
    });
  };
  return (
    <div className="trace-list">
      <ListHead sort={sort} onSort={onSort} />
      <div className="trace-scroll" ref={scroller}>
        <ul style={{ height: virtual.getTotalSize() }} onKeyDown={onKeyDown} aria-label="Traces">
          {virtual.getVirtualItems().map((item) => {
            const trace = traces[item.index];
            if (!trace) return null;
            return (
              <li key={trace.traceId} data-index={item.index} aria-setsize={traces.length}
                aria-posinset={item.index + 1} style={{ transform: `translateY(${item.start}px)` }}>
                <TraceRow trace={trace} maxDurationUs={maxDurationUs} nowUs={nowUs} />
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}

function ListHead({ sort, onSort }: { sort: SortOrder; onSort: (sort: SortOrder) => void }) {
  const head = (label: string, order: SortOrder, className: string, isOn = sort === order) => (
    <button type="button" className={`list-head-cell ${className}`} aria-pressed={isOn}
      onClick={() => onSort(order)}>
      {label}{isOn && <Icon name={sort === 'shortest' ? 'up' : 'down'} size={10} />}
    </button>
  );
  return (
    <div className="list-head" role="group" aria-label="Sort by">
      <span className="list-head-cell">Trace</span>
      {head('Spans', 'spans', 'num')}
      {head('Errors', 'errors', 'num')}
      {head('Duration', sort === 'longest' ? 'shortest' : 'longest', 'duration-cell',
        sort === 'longest' || sort === 'shortest')}
      {head('Started', 'recent', 'num')}
    </div>
  );
}

function TraceRow({ trace, maxDurationUs, nowUs }: {
  trace: TraceSummary; maxDurationUs: number; nowUs: number;
}) {
  const share = maxDurationUs > 0 ? (100 * trace.durationUs) / maxDurationUs : 0;
  return (
    <Link href={`/trace/${trace.traceId}`} className="trace-row">
      <span className="trace-what">
        <span className="trace-name">
          <ServiceDot name={trace.rootService} />
          <span className="trace-service">{trace.rootService}</span>
          <span className="trace-operation">{trace.rootName}</span>
          {!trace.hasRoot && <span className="tag-note" title="The trace's root is not stored">
            no root</span>}
          {trace.usesGenAi && <span className="tag-note tag-llm" title="Calls language models">
            <Icon name="spark" size={10} /> LLM</span>}
        </span>
        <Chips trace={trace} />
      </span>
      <span className="num">{formatCount(trace.spans)}</span>
      <span className="num">
        {trace.errors > 0
          ? <span className="error-count"><Icon name="error" size={12} />{trace.errors}</span>
          : <span className="none">0</span>}
      </span>
      <span className="duration-cell">
        <span className="duration-text">{formatDuration(trace.durationUs)}</span>
        <span className="duration-bar"><i style={{
          width: `${Math.max(0.7, share)}%`, background: trace.errors > 0 ? 'var(--error)' : undefined,
        }} /></span>
      </span>
      <span className="num when">
        <Time us={trace.startUs} nowUs={nowUs} />
        <small>{clock(trace.startUs)}</small>
      </span>
    </Link>
  );
}

/** The time of day; older days have their date in front. */
function clock(us: number): string {
  const date = new Date(us / 1000);
  const isToday = date.toDateString() === new Date().toDateString();
  const time = date.toLocaleTimeString('en-GB');
  return isToday ? time : `${date.toLocaleDateString('en-CA')} ${time}`;
}

function Chips({ trace }: { trace: TraceSummary }) {
  const rest = trace.services.slice(kChipsShown);
  return (
    <span className="chips">
      {trace.services.slice(0, kChipsShown).map((service) => (
        <ServiceChip key={service.name} {...service} />
      ))}
      {rest.length > 0 && (
        <span className="chip" title={rest.map((s) => `${s.name}: ${s.spans}`).join('\n')}>
          +{rest.length}
        </span>
      )}
    </span>
  );
}
