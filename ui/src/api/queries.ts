// Every question that the pages ask, as TanStack queries. All can be aborted.
import { keepPreviousData, QueryClient, queryOptions, useQuery } from '@tanstack/react-query';
import { apiQuery, type SearchState } from '../search/search_state';
import { serviceColors } from '../theme/service_colors';
import { ApiFailure, getData } from './http';
import type { DependencyLink } from './types';
import { worker } from './worker_client';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      // Only a server that is busy or briefly away is worth asking again.
      retry: (count, cause) =>
        count < 2 && cause instanceof ApiFailure && (cause.status === 503 || cause.status === 429),
    },
  },
});

function sortedStrings(data: unknown): string[] {
  return Array.isArray(data) ? data.filter((x): x is string => typeof x === 'string').sort() : [];
}

const servicesQuery = queryOptions({
  queryKey: ['services'],
  queryFn: async ({ signal }) => {
    const names = sortedStrings(await getData<unknown>('/api/services', signal));
    serviceColors.assign(names);
    return names;
  },
  staleTime: 10_000,
});

/** Past this a page is drawn with the colours of what it shows; a list of names takes far less. */
const kPlacingMs = 2000;

/**
 * Waits until every service of the server has its colour. Pages ask beside their own request and
 * wait before they draw, so that colours do not depend on which page is opened first.
 */
async function servicesPlaced(): Promise<void> {
  const asked = queryClient.fetchQuery(servicesQuery).then(() => undefined, () => undefined);
  const late = new Promise<void>((done) => setTimeout(done, kPlacingMs));
  await Promise.race([asked, late]);
}

export function useServices() {
  return useQuery({
    ...servicesQuery,
    refetchInterval: (query) => (query.state.data?.length === 0 ? 3000 : false),
  });
}

export function useOperations(service: string) {
  return useQuery({
    queryKey: ['operations', service],
    enabled: service !== '',
    queryFn: async ({ signal }) => {
      const url = `/api/services/${encodeURIComponent(service)}/operations`;
      return sortedStrings(await getData<unknown>(url, signal));
    },
  });
}

/** `nonce` asks again although the search is the same. */
export function useSearch(state: SearchState, nonce: number, enabled: boolean) {
  const asked = apiQuery(state, 0).toString();
  return useQuery({
    queryKey: ['search', state.lookback, asked, nonce],
    enabled,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const placed = servicesPlaced();
      const nowUs = Date.now() * 1000;
      const url = '/api/traces?' + apiQuery(state, nowUs).toString();
      const answer = await worker.call('search', { url }, signal);
      await placed;
      for (const trace of answer.traces) serviceColors.assign(trace.services.map((s) => s.name));
      return { ...answer, nowUs };
    },
  });
}

export function useTrace(traceId: string) {
  return useQuery({
    queryKey: ['trace', traceId],
    // The worker keeps the newest traces; an old layout without its spans would be half a page.
    gcTime: 0,
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const placed = servicesPlaced();
      const url = `/api/traces/${encodeURIComponent(traceId)}`;
      const answer = await worker.call('open', { url, traceId }, signal);
      await placed;
      serviceColors.assign(answer.layout.services);
      return answer;
    },
  });
}

export function useDependencies(lookbackMs: number) {
  return useQuery({
    queryKey: ['dependencies', lookbackMs],
    queryFn: async ({ signal }) => {
      const placed = servicesPlaced();
      const url = `/api/dependencies?endTs=${Date.now()}&lookback=${lookbackMs}`;
      const links = await getData<DependencyLink[]>(url, signal);
      await placed;
      serviceColors.assign(links.flatMap((link) => [link.parent, link.child]));
      return links.filter((link) => link.parent && link.child);
    },
  });
}
