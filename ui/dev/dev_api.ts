// Dev tool: answers /api in `npm run dev` and `npm run preview` from generated traces, and from
// Jaeger or Zipkin v2 JSON files in the folders of BINNACLE_DEV_TRACES (colon-separated).
// Not part of the product: the real API is the server's.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Connect, Plugin } from 'vite';
import type { ApiSpan, ApiTrace, KeyValue } from '../src/api/types';
import { parseDuration } from '../src/format/format';
import { largeTrace, recentTraces } from './generate';

interface ZipkinSpan {
  traceId: string; id: string; parentId?: string; name?: string; kind?: string;
  timestamp?: number; duration?: number; shared?: boolean;
  localEndpoint?: { serviceName?: string }; tags?: Record<string, string>;
  annotations?: { timestamp: number; value: string }[];
}

function fromZipkin(spans: ZipkinSpan[]): ApiTrace[] {
  const traces = new Map<string, ApiTrace>();
  for (const z of spans) {
    const trace = traces.get(z.traceId) ?? { traceID: z.traceId, spans: [], processes: {} };
    traces.set(z.traceId, trace);
    const service = z.localEndpoint?.serviceName ?? 'unknown';
    trace.processes[service] = { serviceName: service, tags: [] };
    const tags: KeyValue[] = Object.entries(z.tags ?? {}).map(([key, value]) => ({ key, value }));
    if (z.kind) tags.push({ key: 'span.kind', value: z.kind.toLowerCase() });
    trace.spans.push({
      traceID: z.traceId, spanID: z.id, operationName: z.name ?? '', processID: service,
      references: z.parentId
        ? [{ refType: 'CHILD_OF', traceID: z.traceId, spanID: z.parentId }] : [],
      startTime: z.timestamp ?? 0, duration: z.duration ?? 0, tags,
      logs: (z.annotations ?? []).map((a) => ({
        timestamp: a.timestamp, fields: [{ key: 'event', value: a.value }] })),
    });
  }
  return [...traces.values()];
}

function fromFile(path: string): ApiTrace[] {
  const json = JSON.parse(readFileSync(path, 'utf8')) as unknown;
  if (Array.isArray(json)) {
    const first = json[0] as { id?: string; spans?: unknown } | undefined;
    return first?.id ? fromZipkin(json as ZipkinSpan[]) : first?.spans ? (json as ApiTrace[]) : [];
  }
  const object = json as { data?: ApiTrace[]; spans?: ApiSpan[] };
  if (Array.isArray(object.data)) return object.data.filter((t) => Array.isArray(t.spans));
  if (Array.isArray(object.spans)) return [object as ApiTrace];
  return [];
}

function filesIn(folder: string): ApiTrace[] {
  const traces: ApiTrace[] = [];
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!name.endsWith('.json') || !statSync(path).isFile()) continue;
    try {
      for (const trace of fromFile(path)) {
        trace.processes ??= {};
        for (const span of trace.spans) if (!trace.processes[span.processID]) {
          trace.processes[span.processID] = { serviceName: 'unknown' };
        }
        traces.push(trace);
      }
    } catch (cause) {
      console.warn(`dev api: ${path} is left out: ${String(cause)}`);
    }
  }
  return traces;
}

function loadAll(): Map<string, ApiTrace> {
  const nowUs = Date.now() * 1000;
  const traces = recentTraces(180, nowUs, 3300e6);
  traces.push(largeTrace('50000'.padStart(32, '0'), 50_000, nowUs - 900e6));
  const folders = (process.env['BINNACLE_DEV_TRACES'] ?? '').split(':').filter((f) => f !== '');
  for (const folder of folders) traces.push(...filesIn(folder));
  return new Map(traces.map((trace) => [trace.traceID, trace]));
}

function startOf(trace: ApiTrace): number {
  let start = Infinity;
  for (const span of trace.spans) if (span.startTime > 0) start = Math.min(start, span.startTime);
  return start;
}

function matches(trace: ApiTrace, query: URLSearchParams): boolean {
  const duration = (name: string, otherwise: number) => {
    const parsed = parseDuration(query.get(name) ?? '');
    return parsed.ok ? parsed.value : otherwise;
  };
  const start = startOf(trace);
  if (start < Number(query.get('start') ?? 0)) return false;
  if (start > Number(query.get('end') ?? Infinity)) return false;
  const wanted = Object.entries(JSON.parse(query.get('tags') ?? '{}') as Record<string, string>);
  return trace.spans.some((span) =>
    (!query.get('service') ||
      trace.processes[span.processID]?.serviceName === query.get('service')) &&
    (!query.get('operation') || span.operationName === query.get('operation')) &&
    span.duration >= duration('minDuration', 0) &&
    span.duration <= duration('maxDuration', Infinity) &&
    wanted.every(([key, value]) =>
      (span.tags ?? []).some((tag) => tag.key === key && String(tag.value) === value)));
}

function answer(traces: Map<string, ApiTrace>, url: URL): { status: number; data: unknown } {
  const part = url.pathname.split('/').slice(2).map(decodeURIComponent);
  const services = (trace: ApiTrace) => Object.values(trace.processes).map((p) => p.serviceName);
  const all = [...traces.values()];
  if (part[0] === 'services' && part.length === 1) {
    return { status: 200, data: [...new Set(all.flatMap(services))] };
  }
  if (part[0] === 'services' && part[2] === 'operations') {
    const names = all.flatMap((trace) => trace.spans
      .filter((span) => trace.processes[span.processID]?.serviceName === part[1])
      .map((span) => span.operationName));
    return { status: 200, data: [...new Set(names)] };
  }
  if (part[0] === 'traces' && part[1]) {
    const trace = traces.get(part[1]) ?? traces.get(part[1].padStart(32, '0'));
    return trace ? { status: 200, data: [trace] } : { status: 404, data: null };
  }
  if (part[0] === 'traces') {
    const found = all.filter((trace) => matches(trace, url.searchParams));
    found.sort((a, b) => startOf(b) - startOf(a));
    return { status: 200, data: found.slice(0, Number(url.searchParams.get('limit') ?? 20)) };
  }
  if (part[0] === 'dependencies') return { status: 200, data: dependencies(all) };
  return { status: 404, data: null };
}

function dependencies(traces: ApiTrace[]): unknown[] {
  const calls = new Map<string, { parent: string; child: string; callCount: number }>();
  for (const trace of traces) {
    const byId = new Map(trace.spans.map((span) => [span.spanID, span]));
    for (const span of trace.spans) {
      const above = byId.get(span.references?.[0]?.spanID ?? '');
      const parent = above && trace.processes[above.processID]?.serviceName;
      const child = trace.processes[span.processID]?.serviceName;
      if (!parent || !child || parent === child) continue;
      const key = `${parent}\n${child}`;
      const link = calls.get(key) ?? { parent, child, callCount: 0 };
      link.callCount++;
      calls.set(key, link);
    }
  }
  return [...calls.values()];
}

export function devApi(): Plugin {
  let traces: Map<string, ApiTrace> | null = null;
  const serve: Connect.NextHandleFunction = (
    request: IncomingMessage, response: ServerResponse, next: () => void,
  ) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (!url.pathname.startsWith('/api/')) {
      next();
      return;
    }
    traces ??= loadAll();
    const { status, data } = answer(traces, url);
    response.statusCode = status;
    response.setHeader('Content-Type', 'application/json');
    const errors = status === 200 ? null : [{ code: status, msg: 'trace not found' }];
    response.end(JSON.stringify({ data, total: 0, limit: 0, offset: 0, errors }));
  };
  return {
    name: 'binnacle-dev-api',
    configureServer: (server) => void server.middlewares.use(serve),
    configurePreviewServer: (server) => void server.middlewares.use(serve),
  };
}
