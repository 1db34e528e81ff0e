// The worker: fetches, parses and lays out traces, so that the page never holds the spans and
// never blocks on them. It keeps the trace that is open, for details and for finding in it.
import { buildTrace, type BuiltTrace } from '../trace/build';
import { spanDetails, type SpanDetails } from '../trace/details';
import { findRows } from '../trace/find';
import { transferables, type TraceLayout } from '../trace/layout';
import { summarise, type TraceSummary } from '../search/summary';
import { ApiFailure, getData, getEnvelope } from './http';
import type { ApiProcess, ApiTrace } from './types';

export interface SearchAnswer {
  traces: TraceSummary[];
  warnings: string[];
}

export interface TraceAnswer {
  layout: TraceLayout;
  fetchMs: number;
  layoutMs: number;
}

export interface Calls {
  search: { args: { url: string }; answer: SearchAnswer };
  open: { args: { url: string; traceId: string }; answer: TraceAnswer };
  details: { args: { traceId: string; row: number }; answer: SpanDetails };
  find: { args: { traceId: string; text: string }; answer: Int32Array };
}

export type Request = {
  [K in keyof Calls]: { id: number; call: K; args: Calls[K]['args'] };
}[keyof Calls];

export type ToWorker = Request | { id: number; call: 'abort' };

export type FromWorker =
  | { id: number; answer: unknown }
  | { id: number; failure: { message: string; remedy: string; status: number } };

/** Going back to a trace just seen must not fetch it again; more would hold too much memory. */
const kTracesKept = 2;
const kept = new Map<string, { built: BuiltTrace; processes: Record<string, ApiProcess> }>();
const running = new Map<number, AbortController>();

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  if (message.call === 'abort') {
    running.get(message.id)?.abort();
    return;
  }
  const controller = new AbortController();
  running.set(message.id, controller);
  void answer(message, controller.signal).finally(() => running.delete(message.id));
};

async function answer(request: Request, signal: AbortSignal): Promise<void> {
  try {
    const { value, transfer } = await handle(request, signal);
    if (!signal.aborted) self.postMessage({ id: request.id, answer: value }, { transfer });
  } catch (cause) {
    if (signal.aborted) return;
    const failure = cause instanceof ApiFailure
      ? { message: cause.message, remedy: cause.remedy, status: cause.status }
      : { message: `Reading the answer failed: ${String(cause)}`, remedy: '', status: 0 };
    self.postMessage({ id: request.id, failure });
  }
}

async function handle(
  request: Request, signal: AbortSignal,
): Promise<{ value: unknown; transfer: Transferable[] }> {
  switch (request.call) {
    case 'search':
      return { value: await search(request.args.url, signal), transfer: [] };
    case 'open': {
      const value = await open(request.args.url, request.args.traceId, signal);
      return { value, transfer: transferables(value.layout) };
    }
    case 'details': {
      const trace = keptTrace(request.args.traceId);
      const span = trace.built.spans[request.args.row];
      if (!span) throw new ApiFailure('There is no such span.', 'Reload the page.', 0);
      const added = trace.built.warnings.get(request.args.row) ?? [];
      return { value: spanDetails(span, trace.processes[span.processID], added), transfer: [] };
    }
    case 'find': {
      const trace = keptTrace(request.args.traceId);
      const rows = findRows(trace.built.spans, trace.processes, request.args.text);
      return { value: rows, transfer: [rows.buffer as ArrayBuffer] };
    }
  }
}

async function search(url: string, signal: AbortSignal): Promise<SearchAnswer> {
  const envelope = await getEnvelope<ApiTrace[]>(url, signal);
  const traces: TraceSummary[] = [];
  for (const trace of envelope.data ?? []) {
    const summary = summarise(trace);
    if (summary) traces.push(summary);
  }
  return { traces, warnings: (envelope.errors ?? []).map((error) => error.msg) };
}

async function open(url: string, traceId: string, signal: AbortSignal): Promise<TraceAnswer> {
  const startedMs = performance.now();
  const data = await getData<ApiTrace[]>(url, signal);
  const trace = data[0];
  if (!trace || !Array.isArray(trace.spans) || trace.spans.length === 0) {
    throw new ApiFailure(`Trace ${traceId} was not found.`, 'Check the id.', 404);
  }
  const fetchedMs = performance.now();
  const built = buildTrace(trace);
  kept.delete(traceId);
  kept.set(traceId, { built, processes: trace.processes ?? {} });
  for (const old of [...kept.keys()].slice(0, -kTracesKept)) kept.delete(old);
  return {
    layout: built.layout,
    fetchMs: fetchedMs - startedMs,
    layoutMs: performance.now() - fetchedMs,
  };
}

function keptTrace(traceId: string) {
  const trace = kept.get(traceId);
  if (!trace) throw new ApiFailure('The trace is no longer loaded.', 'Reload the page.', 0);
  return trace;
}
