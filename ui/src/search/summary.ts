// One line of search results, made from a whole trace. Pure; runs in the worker, so that a page
// of large traces never reaches the main thread.
import type { ApiTrace } from '../api/types';
import { buildTrace } from '../trace/build';
import { kGenAi, kOrphan, rootRow } from '../trace/layout';

export interface ServiceCount {
  name: string;
  spans: number;
  errors: number;
}

export interface TraceSummary {
  traceId: string;
  rootService: string;
  rootName: string;
  /** False when the trace's root is missing and the longest orphan stands in for it. */
  hasRoot: boolean;
  startUs: number;
  durationUs: number;
  spans: number;
  errors: number;
  depth: number;
  usesGenAi: boolean;
  services: ServiceCount[];
}

export function summarise(trace: ApiTrace): TraceSummary | null {
  const { layout } = buildTrace(trace);
  if (layout.count === 0) return null;
  const root = rootRow(layout);
  const services = layout.services.map((name, k) => ({
    name,
    spans: layout.serviceSpans[k] ?? 0,
    errors: layout.serviceErrors[k] ?? 0,
  }));
  return {
    traceId: layout.traceId,
    rootService: layout.services[layout.service[root] ?? 0] ?? '',
    rootName: layout.names[layout.name[root] ?? 0] ?? '',
    hasRoot: ((layout.flags[root] ?? 0) & kOrphan) === 0,
    startUs: layout.startUs,
    durationUs: layout.durationUs,
    spans: layout.count,
    errors: layout.errorCount,
    depth: layout.maxDepth + 1,
    usesGenAi: layout.flags.some((flags) => (flags & kGenAi) !== 0),
    services: services.sort((a, b) => b.spans - a.spans || (a.name < b.name ? -1 : 1)),
  };
}

export type SortOrder = 'recent' | 'longest' | 'shortest' | 'spans' | 'errors';
export const kSortOrders: SortOrder[] = ['recent', 'longest', 'shortest', 'spans', 'errors'];

export function sortSummaries(list: readonly TraceSummary[], order: SortOrder): TraceSummary[] {
  const recent = (a: TraceSummary, b: TraceSummary) => b.startUs - a.startUs;
  const by: Record<SortOrder, (a: TraceSummary, b: TraceSummary) => number> = {
    recent,
    longest: (a, b) => b.durationUs - a.durationUs || recent(a, b),
    shortest: (a, b) => a.durationUs - b.durationUs || recent(a, b),
    spans: (a, b) => b.spans - a.spans || recent(a, b),
    errors: (a, b) => b.errors - a.errors || recent(a, b),
  };
  return [...list].sort(by[order]);
}
