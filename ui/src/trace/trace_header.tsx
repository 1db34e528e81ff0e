// Who, when, how long, how many.
import { formatCount, formatDuration } from '../format/format';
import { CopyButton, ServiceDot, Time } from '../shell/bits';
import { Icon } from '../shell/icons';
import { Link } from '../shell/router';
import { kHasError, kOrphan, rootRow, type TraceLayout } from './layout';

/** More services than these go behind "+n". */
const kServicesShown = 12;

export function TraceHeader({ layout, onService }: {
  layout: TraceLayout; onService: (service: string) => void;
}) {
  const root = rootRow(layout);
  const service = layout.services[layout.service[root] ?? 0] ?? '';
  const isOrphan = ((layout.flags[root] ?? 0) & kOrphan) !== 0;
  const isFailed = ((layout.flags[root] ?? 0) & kHasError) !== 0;
  return (
    <header className="trace-header">
      <div className="trace-title">
        <button type="button" className="icon-button" title="Back" aria-label="Back"
          onClick={() => window.history.back()}><Icon name="left" /></button>
        <h1>
          <ServiceDot name={service} />
          <span className="trace-title-service">{service}</span>
          <span className="trace-title-name">{layout.names[layout.name[root] ?? 0]}</span>
        </h1>
        {isFailed && (
          <span className="badge badge-error"><Icon name="error" size={11} /> Error</span>
        )}
        {isOrphan && <span className="badge">root missing</span>}
        <span className="trace-id mono" title={layout.traceId}>{layout.traceId}</span>
        <CopyButton text={layout.traceId} label="Copy the trace id" />
        <a className="button button-small" href={`/api/traces/${layout.traceId}?prettyPrint=true`}
          target="_blank" rel="noreferrer">JSON <Icon name="external" size={11} /></a>
      </div>
      <div className="trace-facts">
        <dl>
          <Fact name="Started"><Time us={layout.startUs} /></Fact>
          <Fact name="Duration"><strong>{formatDuration(layout.durationUs)}</strong></Fact>
          <Fact name="Services">{layout.services.length}</Fact>
          <Fact name="Depth">{layout.maxDepth + 1}</Fact>
          <Fact name="Spans">{formatCount(layout.count)}</Fact>
          <Fact name="Errors">
            {layout.errorCount > 0
              ? <span className="error-count"><Icon name="error" size={12} />
                {formatCount(layout.errorCount)}</span>
              : '0'}
          </Fact>
        </dl>
        <Legend layout={layout} onService={onService} />
      </div>
    </header>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return <div><dt>{name}</dt><dd>{children}</dd></div>;
}

function Legend({ layout, onService }: {
  layout: TraceLayout; onService: (service: string) => void;
}) {
  const order = layout.services
    .map((name, k) => ({
      name, spans: layout.serviceSpans[k] ?? 0, errors: layout.serviceErrors[k] ?? 0,
    }))
    .sort((a, b) => b.spans - a.spans);
  const rest = order.slice(kServicesShown);
  return (
    <div className="legend" role="group" aria-label="Services in this trace">
      {order.slice(0, kServicesShown).map(({ name, spans, errors }) => (
        <button key={name} type="button" className="chip chip-button"
          title={`Find the spans of ${name}`} onClick={() => onService(name)}>
          <ServiceDot name={name} />
          <span className="chip-name">{name}</span>
          <span className="chip-count">{formatCount(spans)}</span>
          {errors > 0 && (
            <span className="chip-error"><Icon name="error" size={10} />{errors}</span>
          )}
        </button>
      ))}
      {rest.length > 0 && <span className="chip" title={rest.map((s) => s.name).join('\n')}>
        +{rest.length}</span>}
    </div>
  );
}

export function SearchLikeThis({ href, label }: { href: string; label: string }) {
  return (
    <Link href={href} className="icon-button copy" title={label} aria-label={label}>
      <Icon name="search" size={12} />
    </Link>
  );
}
