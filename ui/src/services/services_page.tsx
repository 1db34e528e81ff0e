// The services and who calls whom, from /api/services and /api/dependencies.
import { useMemo, useState } from 'react';
import { useDependencies, useServices } from '../api/queries';
import { formatCount } from '../format/format';
import { FirstSteps } from '../search/first_steps';
import { searchHref } from '../search/search_state';
import { Failure, ServiceDot, useTitle } from '../shell/bits';
import { Link } from '../shell/router';
import { ServiceGraph } from './service_graph';
import { serviceRows, type ServiceRow } from './service_rows';

const kRanges: [string, number][] = [
  ['Last hour', 3600e3], ['Last 24 hours', 24 * 3600e3], ['Last 7 days', 7 * 24 * 3600e3],
  ['Last 30 days', 30 * 24 * 3600e3],
];

export function ServicesPage() {
  useTitle('Services');
  const [lookbackMs, setLookback] = useState(24 * 3600e3);
  const services = useServices();
  const dependencies = useDependencies(lookbackMs);
  const rows = useMemo(
    () => serviceRows(services.data ?? [], dependencies.data ?? []),
    [services.data, dependencies.data],
  );
  if (services.data?.length === 0) return <FirstSteps />;
  return (
    <div className="services-page">
      <div className="services-head">
        <h1>Services</h1>
        <label className="visually-hidden" htmlFor="range">Calls seen in</label>
        <select id="range" className="input" value={lookbackMs}
          onChange={(event) => setLookback(Number(event.target.value))}>
          {kRanges.map(([label, ms]) => <option key={ms} value={ms}>{label}</option>)}
        </select>
      </div>
      {services.error && <Failure cause={services.error} onRetry={() => void services.refetch()} />}
      {dependencies.error && <Failure cause={dependencies.error}
        onRetry={() => void dependencies.refetch()} />}
      {dependencies.data && dependencies.data.length > 0 && (
        <ServiceGraph links={dependencies.data} />
      )}
      {dependencies.data?.length === 0 && (
        <p className="field-hint">No calls between services in this time.</p>
      )}
      <ServiceTable rows={rows} />
    </div>
  );
}

function ServiceTable({ rows }: { rows: ServiceRow[] }) {
  return (
    <table className="services-table">
      <thead>
        <tr><th scope="col">Service</th><th scope="col" className="num">Calls in</th>
          <th scope="col" className="num">Calls out</th><th scope="col">Called by</th>
          <th scope="col">Calls</th></tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name}>
            <th scope="row"><ServiceDot name={row.name} />{' '}
              <Link href={searchHref({ service: row.name })}>{row.name}</Link></th>
            <td className="num">{formatCount(row.callsIn)}</td>
            <td className="num">{formatCount(row.callsOut)}</td>
            <td><Names names={row.callers} /></td>
            <td><Names names={row.callees} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Names({ names }: { names: string[] }) {
  if (names.length === 0) return <span className="none">nobody</span>;
  return (
    <span className="chips">
      {names.slice(0, 6).map((name) => (
        <span key={name} className="chip"><ServiceDot name={name} />
          <span className="chip-name">{name}</span></span>
      ))}
      {names.length > 6 && (
        <span className="chip" title={names.join('\n')}>+{names.length - 6}</span>
      )}
    </span>
  );
}
