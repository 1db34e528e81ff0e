// Everything about one span, beside the waterfall.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useRef, useState, type Dispatch, type ReactNode } from 'react';
import { worker } from '../api/worker_client';
import { formatCount, formatDuration, formatPercent, plural } from '../format/format';
import { searchHref } from '../search/search_state';
import { CopyButton, Failure, IconButton, ServiceDot, Time } from '../shell/bits';
import { Icon } from '../shell/icons';
import { Link } from '../shell/router';
import { AttributeTable } from './attribute_table';
import {
  conversation, stackLines, type GenAiSummary, type SpanDetails, type SpanEvent,
  type SpanException,
} from './details';
import { kCritical, kKinds, kOutsideParent, type TraceLayout } from './layout';
import { zoomToRow, type ViewAction } from './view_state';

interface PanelProps {
  layout: TraceLayout;
  traceId: string;
  row: number;
  width: number;
  onWidth: (width: number) => void;
  dispatch: Dispatch<ViewAction>;
}

export function DetailsPanel({ layout, traceId, row, width, onWidth, dispatch }: PanelProps) {
  const details = useQuery({
    queryKey: ['details', traceId, row],
    gcTime: 0,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => worker.call('details', { traceId, row }, signal),
  });
  const service = layout.services[layout.service[row] ?? 0] ?? '';
  const zoom = zoomToRow(layout, row);
  return (
    <aside className="details" aria-label="Span details">
      <PanelSplitter width={width} onWidth={onWidth} />
      <header className="details-head">
        <div>
          <h2>{layout.names[layout.name[row] ?? 0]}</h2>
          <p><ServiceDot name={service} /> {service}
            {(layout.kind[row] ?? 0) > 0 && <span className="badge">
              {kKinds[layout.kind[row] ?? 0]}</span>}
            {((layout.flags[row] ?? 0) & kCritical) !== 0 && <span className="badge">
              <i className="critical-swatch" /> on the critical path</span>}
          </p>
        </div>
        {zoom && <IconButton icon="zoom" label="Zoom to this span (z)"
          onClick={() => dispatch(zoom)} />}
        <IconButton icon="close" label="Close (Esc)"
          onClick={() => dispatch({ type: 'open', isOpen: false })} />
      </header>
      <div className="details-scroll" tabIndex={-1}>
        <Timing layout={layout} row={row} />
        {details.error ? <Failure cause={details.error} /> : null}
        {details.data && <Body details={details.data} layout={layout} row={row}
          dispatch={dispatch} />}
      </div>
    </aside>
  );
}

function PanelSplitter({ width, onWidth }: { width: number; onWidth: (width: number) => void }) {
  const held = useRef<{ x: number; width: number } | null>(null);
  const clamp = (next: number) => Math.min(Math.max(next, 300), 1000);
  return (
    <div className="panel-splitter" role="separator" tabIndex={0} aria-orientation="vertical"
      aria-label="Width of the details" aria-valuenow={width} aria-valuemin={300}
      aria-valuemax={1000}
      onKeyDown={(event) => {
        if (event.key === 'ArrowLeft') onWidth(clamp(width + 20));
        if (event.key === 'ArrowRight') onWidth(clamp(width - 20));
      }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        held.current = { x: event.clientX, width };
      }}
      onPointerMove={(event) => {
        if (held.current) onWidth(clamp(held.current.width + held.current.x - event.clientX));
      }}
      onPointerUp={() => { held.current = null; }} />
  );
}

function Timing({ layout, row }: { layout: TraceLayout; row: number }) {
  const start = layout.start[row] ?? 0;
  const duration = layout.duration[row] ?? 0;
  const self = layout.selfTime[row] ?? 0;
  const isOutside = ((layout.flags[row] ?? 0) & kOutsideParent) !== 0;
  return (
    <dl className="facts">
      <div><dt>Duration</dt><dd><strong>{formatDuration(duration)}</strong>{' '}
        <small>{formatPercent(duration, layout.durationUs)} of the trace</small></dd></div>
      <div><dt>Self time</dt><dd>{formatDuration(self)}{' '}
        <small>{formatPercent(self, duration)}</small></dd></div>
      <div><dt>Starts at</dt><dd>{formatDuration(start)}{' '}
        <small><Time us={layout.startUs + start} isClock /></small></dd></div>
      <div><dt>Children</dt><dd>{formatCount(layout.childCount[row] ?? 0)}{' '}
        <small>{plural((layout.subtreeEnd[row] ?? 0) - row - 1, 'descendant')}</small></dd></div>
      {isOutside && <p className="field-hint">Lies partly outside of its parent: work that its
        parent did not wait for, or clocks that differ.</p>}
    </dl>
  );
}

function Body({ details, layout, row, dispatch }: {
  details: SpanDetails; layout: TraceLayout; row: number; dispatch: Dispatch<ViewAction>;
}) {
  const { process, genAi } = details;
  const search = (key: string, value: string) =>
    searchHref({ service: process.serviceName, tags: { [key]: value } });
  return (
    <>
      {details.warnings.map((text) => (
        <div key={text} className="notice notice-warn" role="note"><div>{text}</div></div>
      ))}
      {details.isError && <ErrorSection details={details} />}
      {genAi && <GenAiSection genAi={genAi} search={search} />}
      <Section title="Attributes" count={details.tags.length}>
        <AttributeTable tags={details.tags} search={search} />
      </Section>
      {details.events.length > 0 && (
        <Section title="Events" count={details.events.length}>
          <Events events={details.events} startUs={layout.startUs + (layout.start[row] ?? 0)} />
        </Section>
      )}
      {details.links.length > 0 && (
        <Section title="Links" count={details.links.length}><Links details={details} /></Section>
      )}
      <Section title="Resource" count={process.tags?.length ?? 0} isClosed>
        <AttributeTable tags={process.tags ?? []} />
      </Section>
      <Section title="Identity" isClosed={false}>
        <Identity details={details} layout={layout} row={row} dispatch={dispatch} />
      </Section>
    </>
  );
}

export function Section({ title, count, isClosed = false, children }: {
  title: string; count?: number; isClosed?: boolean; children: ReactNode;
}) {
  return (
    <details className="section" open={!isClosed}>
      <summary><Icon name="right" size={10} /> {title}
        {count !== undefined && <span className="section-count">{count}</span>}</summary>
      {children}
    </details>
  );
}

function ErrorSection({ details }: { details: SpanDetails }) {
  const { exceptions, statusMessage } = details;
  const isSaid = exceptions.some((exception) => exception.message === statusMessage);
  return (
    <section className="error-box" aria-label="Error">
      <h3><Icon name="error" size={14} /> Error</h3>
      {statusMessage !== '' && !isSaid && <p>{statusMessage}</p>}
      {exceptions.map((exception, k) => <Exception key={k} exception={exception} />)}
      {exceptions.length === 0 && statusMessage === '' && (
        <p className="field-hint">The span says that it failed, without a message.</p>
      )}
    </section>
  );
}

function Exception({ exception }: { exception: SpanException }) {
  return (
    <div className="exception">
      <p><b className="mono">{exception.type}</b> {exception.message}</p>
      {exception.stack !== '' && (
        <div className="stack">
          <CopyButton text={exception.stack} label="Copy the stack trace" />
          <pre tabIndex={0} aria-label="Stack trace">{stackLines(exception.stack).map((line, k) => (
            <span key={k} className={`stack-${line.kind}`}>{line.text + '\n'}</span>
          ))}</pre>
        </div>
      )}
    </div>
  );
}

function GenAiSection({ genAi, search }: {
  genAi: GenAiSummary; search: (key: string, value: string) => string;
}) {
  const talk = conversation(genAi.tags);
  const total = (genAi.inputTokens ?? 0) + (genAi.outputTokens ?? 0);
  return (
    <Section title="Language model" count={genAi.tags.length}>
      <div className="genai">
        <p className="genai-head">
          <Icon name="spark" size={13} />
          <strong>{genAi.model || genAi.operation || 'model call'}</strong>
          <span>{[genAi.provider, genAi.model ? genAi.operation : ''].filter(Boolean).join(' · ')}
          </span>
        </p>
        {total > 0 && (
          <>
            <div className="token-bar" aria-hidden="true">
              <i style={{ flexGrow: genAi.inputTokens ?? 0 }} />
              <i style={{ flexGrow: genAi.outputTokens ?? 0 }} />
            </div>
            <p className="tokens">
              <span><b>{formatCount(genAi.inputTokens ?? 0)}</b> tokens in
                {genAi.cachedTokens ? ` (${formatCount(genAi.cachedTokens)} cached)` : ''}</span>
              <span><b>{formatCount(genAi.outputTokens ?? 0)}</b> out</span>
            </p>
          </>
        )}
        {talk.length > 0 && <ol className="talk">
          {talk.map((message, k) => (
            <li key={k} data-role={message.role}><span>{message.role || 'message'}</span>
              <Clamped text={message.text} /></li>
          ))}
        </ol>}
      </div>
      <details className="nested"><summary>All attributes of the call</summary>
        <AttributeTable tags={genAi.tags} search={search} /></details>
    </Section>
  );
}

/** Longer texts are folded until asked for. */
const kLongText = 420;

export function Clamped({ text }: { text: string }) {
  const [isOpen, setOpen] = useState(false);
  // Indented queries and texts begin and end with blank lines that only cost room.
  const shown = text.replace(/^\s*\n\s*|\s+$/g, '');
  if (shown.length <= kLongText) return <div className="prose">{shown}</div>;
  return (
    <div className="prose">
      {isOpen ? shown : shown.slice(0, kLongText) + '…'}{' '}
      <button type="button" className="link" onClick={() => setOpen(!isOpen)}>
        {isOpen ? 'show less' : `show all ${formatCount(text.length)} characters`}</button>
    </div>
  );
}

function Events({ events, startUs }: { events: SpanEvent[]; startUs: number }) {
  return (
    <ol className="events-list">
      {events.map((event, k) => (
        <li key={k}>
          <p><span className="event-time" title="After the span's start">
            {event.timeUs < startUs ? '' : '+'}{formatDuration(event.timeUs - startUs)}</span>
            <strong>{event.name}</strong></p>
          <AttributeTable tags={event.fields.filter((f) => f.key !== 'exception.stacktrace')} />
        </li>
      ))}
    </ol>
  );
}

function Links({ details }: { details: SpanDetails }) {
  return (
    <ul className="links">
      {details.links.map((link, k) => (
        <li key={k}>
          <Link href={`/trace/${link.traceID}?span=${link.spanID}`} className="mono">
            {link.traceID === details.span.traceID ? 'this trace' : link.traceID} / {link.spanID}
          </Link>
          <small>{link.refType.toLowerCase().replace('_', ' ')}</small>
        </li>
      ))}
    </ul>
  );
}

function Identity({ details, layout, row, dispatch }: {
  details: SpanDetails; layout: TraceLayout; row: number; dispatch: Dispatch<ViewAction>;
}) {
  const parent = layout.parent[row] ?? -1;
  const missing = parent < 0 ? details.parents[0]?.spanID : undefined;
  return (
    <dl className="identity">
      <div><dt>Span id</dt><dd className="mono">{details.span.spanID}
        <CopyButton text={details.span.spanID} label="Copy the span id" /></dd></div>
      <div><dt>Trace id</dt><dd className="mono">{details.span.traceID}
        <CopyButton text={details.span.traceID} label="Copy the trace id" /></dd></div>
      <div><dt>Parent</dt><dd>
        {parent >= 0
          ? <button type="button" className="link"
            onClick={() => dispatch({ type: 'select', row: parent, open: true })}>
            {layout.names[layout.name[parent] ?? 0]}</button>
          : missing ? <span className="mono">{missing} (not in this trace)</span> : 'none (root)'}
      </dd></div>
      <div><dt>Service</dt><dd>
        <Link href={searchHref({ service: details.process.serviceName,
          operation: details.span.operationName })}>traces with this operation</Link>
      </dd></div>
    </dl>
  );
}
