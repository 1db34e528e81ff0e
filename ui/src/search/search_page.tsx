// Search: filters on the left, a scatter plot and the list of results on the right.
import { useMemo, useState } from 'react';
import { useSearch, useServices } from '../api/queries';
import { formatDuration, formatTime, plural } from '../format/format';
import { Failure, IconButton, Notice, useTitle } from '../shell/bits';
import { Icon } from '../shell/icons';
import { navigate } from '../shell/router';
import { FirstSteps } from './first_steps';
import { NothingFound } from './nothing_found';
import { ScatterPlot } from './scatter_plot';
import { SearchForm } from './search_form';
import { readSearch, writeSearch, type SearchState, type Zoom } from './search_state';
import { sortSummaries, type TraceSummary } from './summary';
import { TraceList } from './trace_list';

function go(state: SearchState, replace = false): void {
  navigate('/search?' + writeSearch(state).toString(), { replace });
}

function inZoom(trace: TraceSummary, zoom: Zoom | null): boolean {
  if (!zoom) return true;
  const duration = Math.max(1, trace.durationUs);
  return (
    trace.startUs >= zoom.fromUs && trace.startUs <= zoom.toUs &&
    duration >= zoom.minUs && duration <= zoom.maxUs
  );
}

export function SearchPage({ query }: { query: URLSearchParams }) {
  const href = query.toString();
  const state = useMemo(() => readSearch(new URLSearchParams(href)), [href]);
  const [nonce, setNonce] = useState(0);
  const [isOpen, setOpen] = useState(false);
  const services = useServices();
  const isEmpty = services.data?.length === 0;
  // A store found empty must be searched again, not remembered, once spans arrive.
  const [wasEmpty, setWasEmpty] = useState(false);
  if (isEmpty && !wasEmpty) setWasEmpty(true);
  const search = useSearch(state, 2 * nonce + (wasEmpty ? 1 : 0), !isEmpty);
  useTitle(state.service === '' ? 'Traces' : `${state.service} ${state.operation}`.trim());
  const submit = (next: SearchState) => {
    setNonce((n) => n + 1);
    setOpen(false);
    go(next);
  };
  return (
    <div className="search-page">
      <aside className="search-side" data-open={isOpen ? '' : undefined} aria-label="Filters">
        <button type="button" className="button filters-toggle" aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}>
          <Icon name="filter" /> Filters
        </button>
        <SearchForm state={state} isBusy={search.isFetching} onSearch={submit} />
      </aside>
      <section className="results" aria-label="Results" aria-busy={search.isFetching}>
        {services.error && !services.data
          ? <Failure cause={services.error} onRetry={() => void services.refetch()} />
          : isEmpty ? <FirstSteps /> : (
            <Results state={state} search={search} onRefresh={() => setNonce((n) => n + 1)} />
          )}
      </section>
    </div>
  );
}

function Results({ state, search, onRefresh }: {
  state: SearchState; search: ReturnType<typeof useSearch>; onRefresh: () => void;
}) {
  const all = search.data?.traces;
  const shown = useMemo(
    () => sortSummaries((all ?? []).filter((trace) => inZoom(trace, state.zoom)), state.sort),
    [all, state.zoom, state.sort],
  );
  if (search.error) return <Failure cause={search.error} onRetry={onRefresh} />;
  if (!all) return <ResultsSkeleton />;
  if (all.length === 0) return <NothingFound state={state} onSearch={go} />;
  const max = all.reduce((most, trace) => Math.max(most, trace.durationUs), 0);
  return (
    <>
      {search.data?.warnings.map((text) => <Notice key={text}>{text}</Notice>)}
      <ScatterPlot traces={shown} zoom={state.zoom} onZoom={(zoom) => go({ ...state, zoom })} />
      <div className="results-bar">
        <h1 aria-live="polite">
          {state.zoom ? `${shown.length} of ${plural(all.length, 'trace')}`
            : plural(all.length, 'trace')}
        </h1>
        {all.length >= state.limit && (
          <span className="limit-note">
            the limit; <button type="button" className="link"
              onClick={() => go({ ...state, limit: Math.min(1500, state.limit * 5) })}>
              show up to {Math.min(1500, state.limit * 5)}</button>
          </span>
        )}
        {state.zoom && <ZoomChip state={state} zoom={state.zoom} />}
        <span className="spacer" />
        {search.isFetching && <span className="busy" role="status">searching…</span>}
        <IconButton icon="refresh" label="Search again" onClick={onRefresh} />
      </div>
      <TraceList traces={shown} maxDurationUs={max} nowUs={search.data?.nowUs ?? 0}
        sort={state.sort} onSort={(sort) => go({ ...state, sort }, true)} />
    </>
  );
}

function ZoomChip({ state, zoom }: { state: SearchState; zoom: Zoom }) {
  const durations = `${formatDuration(zoom.minUs)} to ${formatDuration(zoom.maxUs)}`;
  const searchHere = () => go({
    ...state, zoom: null, lookback: 'custom',
    startUs: Math.floor(zoom.fromUs), endUs: Math.ceil(zoom.toUs),
  });
  return (
    <span className="zoom-chip">
      <span>{formatTime(zoom.fromUs).slice(11, 19)} to {formatTime(zoom.toUs).slice(11, 19)},{' '}
        {durations}</span>
      <button type="button" className="link" onClick={searchHere}
        title="Ask the server for everything in this time">search this time</button>
      <IconButton icon="close" label="Show all results again"
        onClick={() => go({ ...state, zoom: null })} />
    </span>
  );
}

function ResultsSkeleton() {
  return (
    <div role="status" aria-label="Searching">
      <div className="skeleton" style={{ height: 190 }} />
      {Array.from({ length: 9 }, (_, k) => (
        <div key={k} className="skeleton"
          style={{ height: 36, marginTop: 14, opacity: 1 - k / 10 }} />
      ))}
    </div>
  );
}
