// The whole state of the search page, kept in its address in jaeger-ui's own parameters
// (service, operation, tags as JSON, minDuration, maxDuration, lookback, start, end, limit), plus
// `sort` and `zoom`. Reading accepts anything and falls back to the default for what is wrong.
import { apiDuration, parseDuration } from '../format/format';
import { kSortOrders, type SortOrder } from './summary';
import type { Tags } from './tags';

/** A rectangle of the scatter plot: microseconds since the epoch, and of duration. */
export interface Zoom {
  fromUs: number;
  toUs: number;
  minUs: number;
  maxUs: number;
}

export interface SearchState {
  service: string;
  operation: string;
  tags: Tags;
  /** As typed, in a form that parseDuration reads; empty for none. */
  minDuration: string;
  maxDuration: string;
  /** A preset such as "1h", or "custom" with startUs and endUs. */
  lookback: string;
  startUs: number | null;
  endUs: number | null;
  limit: number;
  sort: SortOrder;
  zoom: Zoom | null;
}

export const kLookbacks: [string, string, number][] = [
  ['5m', 'Last 5 minutes', 300e6],
  ['15m', 'Last 15 minutes', 900e6],
  ['1h', 'Last hour', 3600e6],
  ['3h', 'Last 3 hours', 3 * 3600e6],
  ['12h', 'Last 12 hours', 12 * 3600e6],
  ['1d', 'Last 24 hours', 24 * 3600e6],
  ['2d', 'Last 2 days', 48 * 3600e6],
  ['7d', 'Last 7 days', 7 * 24 * 3600e6],
  ['30d', 'Last 30 days', 30 * 24 * 3600e6],
  ['all', 'All time', Infinity],
];

/** Above this the browser holds more traces than a person reads; the server has its own limit. */
export const kMaxLimit = 1500;

export const kDefaultSearch: SearchState = {
  service: '', operation: '', tags: {}, minDuration: '', maxDuration: '', lookback: '1h',
  startUs: null, endUs: null, limit: 20, sort: 'recent', zoom: null,
};

export function readSearch(query: URLSearchParams): SearchState {
  const startUs = readMicros(query.get('start'));
  const endUs = readMicros(query.get('end'));
  const asked = query.get('lookback') ?? '';
  const isPreset = kLookbacks.some(([name]) => name === asked);
  const isCustom = startUs !== null && endUs !== null && endUs > startUs && !isPreset;
  const limit = Math.round(Number(query.get('limit')));
  const sort = query.get('sort') as SortOrder;
  return {
    service: query.get('service') ?? '',
    operation: readOperation(query.get('operation')),
    tags: readTags(query.get('tags'), query.getAll('tag')),
    minDuration: readDuration(query.get('minDuration')),
    maxDuration: readDuration(query.get('maxDuration')),
    lookback: isCustom ? 'custom' : isPreset ? asked : kDefaultSearch.lookback,
    startUs: isCustom ? startUs : null,
    endUs: isCustom ? endUs : null,
    limit: limit >= 1 ? Math.min(limit, kMaxLimit) : kDefaultSearch.limit,
    sort: kSortOrders.includes(sort) ? sort : kDefaultSearch.sort,
    zoom: readZoom(query.get('zoom')),
  };
}

export function writeSearch(state: SearchState): URLSearchParams {
  const query = new URLSearchParams();
  if (state.service !== '') query.set('service', state.service);
  if (state.operation !== '') query.set('operation', state.operation);
  if (Object.keys(state.tags).length > 0) query.set('tags', JSON.stringify(state.tags));
  if (state.minDuration !== '') query.set('minDuration', state.minDuration);
  if (state.maxDuration !== '') query.set('maxDuration', state.maxDuration);
  query.set('lookback', state.lookback);
  if (state.lookback === 'custom' && state.startUs !== null && state.endUs !== null) {
    query.set('start', String(state.startUs));
    query.set('end', String(state.endUs));
  }
  query.set('limit', String(state.limit));
  if (state.sort !== kDefaultSearch.sort) query.set('sort', state.sort);
  const z = state.zoom;
  if (z) query.set('zoom', [z.fromUs, z.toUs, z.minUs, z.maxUs].map(Math.round).join('_'));
  return query;
}

/** The address of a search, from anywhere in the UI. */
export function searchHref(state: Partial<SearchState>): string {
  return '/search?' + writeSearch({ ...kDefaultSearch, ...state }).toString();
}

/** The range to ask the server for, in microseconds; presets end now. */
export function searchRange(state: SearchState, nowUs: number): { startUs: number; endUs: number } {
  if (state.lookback === 'custom' && state.startUs !== null && state.endUs !== null) {
    return { startUs: state.startUs, endUs: state.endUs };
  }
  const preset = kLookbacks.find(([name]) => name === state.lookback);
  const span = preset ? preset[2] : 3600e6;
  // Spans stamped by a clock slightly ahead of ours still belong to "now".
  const endUs = nowUs + 60e6;
  return { startUs: Number.isFinite(span) ? Math.max(0, nowUs - span) : 0, endUs };
}

/** The request for /api/traces. */
export function apiQuery(state: SearchState, nowUs: number): URLSearchParams {
  const { startUs, endUs } = searchRange(state, nowUs);
  const query = new URLSearchParams();
  if (state.service !== '') query.set('service', state.service);
  if (state.operation !== '') query.set('operation', state.operation);
  if (Object.keys(state.tags).length > 0) query.set('tags', JSON.stringify(state.tags));
  for (const name of ['minDuration', 'maxDuration'] as const) {
    const parsed = parseDuration(state[name]);
    if (parsed.ok) query.set(name, apiDuration(parsed.value));
  }
  query.set('start', String(Math.round(startUs)));
  query.set('end', String(Math.round(endUs)));
  query.set('limit', String(state.limit));
  return query;
}

function readMicros(text: string | null): number | null {
  if (text === null || text === '') return null;
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 ? Math.round(value) : null;
}

function readOperation(text: string | null): string {
  return text === null || text === 'all' ? '' : text;
}

function readDuration(text: string | null): string {
  return text !== null && parseDuration(text).ok ? text.trim() : '';
}

function readTags(json: string | null, pairs: string[]): Tags {
  const tags: Tags = {};
  for (const pair of pairs) {
    const colon = pair.indexOf(':');
    if (colon > 0) setOwn(tags, pair.slice(0, colon), pair.slice(colon + 1));
  }
  try {
    const parsed: unknown = JSON.parse(json ?? '{}');
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      for (const [key, value] of Object.entries(parsed)) {
        if (key !== '' && ['string', 'number', 'boolean'].includes(typeof value)) {
          setOwn(tags, key, String(value));
        }
      }
    }
  } catch {
    // A damaged address searches without tags; the form shows that none are set.
  }
  return tags;
}

/** Defines the key even when it is "__proto__". */
function setOwn(tags: Tags, key: string, value: string): void {
  Object.defineProperty(tags, key, { value, enumerable: true, writable: true, configurable: true });
}

function readZoom(text: string | null): Zoom | null {
  const parts = (text ?? '').split('_').map(Number);
  const [fromUs, toUs, minUs, maxUs] = parts;
  if (parts.length !== 4 || !parts.every(Number.isFinite)) return null;
  if (fromUs === undefined || toUs === undefined || minUs === undefined || maxUs === undefined) {
    return null;
  }
  return toUs > fromUs && maxUs >= minUs ? { fromUs, toUs, minUs, maxUs } : null;
}
