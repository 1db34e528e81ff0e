// Sends generated traces to the server the way an application would: OTLP/HTTP JSON.
import type { ApiSpan, ApiTrace, KeyValue } from '../src/api/types';
import { tagText } from '../src/trace/find';
import { kKinds } from '../src/trace/layout';

/** A request of this many spans stays far below the server's body limit. */
const kSpansPerRequest = 2000;

function anyValue(value: unknown): Record<string, unknown> {
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  }
  return { stringValue: String(value) };
}

function attributes(tags: readonly KeyValue[]): unknown[] {
  return tags.map((tag) => ({ key: tag.key, value: anyValue(tag.value) }));
}

/** Made by the server again from kind and status. */
const kDerived = ['span.kind', 'error', 'otel.status_code', 'otel.status_description'];

function otlpSpan(span: ApiSpan): unknown {
  const tags = span.tags ?? [];
  const value = (key: string) => tags.find((tag) => tag.key === key)?.value;
  const parent = span.references?.[0]?.spanID;
  return {
    traceId: span.traceID, spanId: span.spanID, ...(parent ? { parentSpanId: parent } : {}),
    name: span.operationName, kind: Math.max(0, kKinds.indexOf(String(value('span.kind')))),
    startTimeUnixNano: nanos(span.startTime),
    endTimeUnixNano: nanos(span.startTime + span.duration),
    attributes: attributes(tags.filter((tag) => !kDerived.includes(tag.key))),
    status: value('error') === true
      ? { code: 2, message: textOf(tags, 'otel.status_description', '') } : {},
    events: (span.logs ?? []).map((log) => ({
      timeUnixNano: nanos(log.timestamp),
      name: textOf(log.fields, 'event', 'event'),
      attributes: attributes(log.fields.filter((field) => field.key !== 'event')),
    })),
  };
}

function textOf(tags: readonly KeyValue[], key: string, otherwise: string): string {
  const tag = tags.find((candidate) => candidate.key === key);
  return tag ? tagText(tag) : otherwise;
}

function nanos(us: number): string {
  return (BigInt(Math.round(us)) * 1000n).toString();
}

function requestOf(trace: ApiTrace, spans: ApiSpan[]): unknown {
  const byProcess = new Map<string, ApiSpan[]>();
  for (const span of spans) {
    const list = byProcess.get(span.processID) ?? [];
    byProcess.set(span.processID, list);
    list.push(span);
  }
  return {
    resourceSpans: [...byProcess].map(([id, list]) => {
      const process = trace.processes[id];
      const service = { key: 'service.name', value: process?.serviceName ?? '' };
      return {
        resource: { attributes: attributes([service, ...(process?.tags ?? [])]) },
        scopeSpans: [{ scope: { name: 'e2e' }, spans: list.map(otlpSpan) }],
      };
    }),
  };
}

export async function sendTraces(otlpHttp: string, traces: readonly ApiTrace[]): Promise<void> {
  for (const trace of traces) {
    for (let at = 0; at < trace.spans.length; at += kSpansPerRequest) {
      const body = JSON.stringify(requestOf(trace, trace.spans.slice(at, at + kSpansPerRequest)));
      const response = await fetch(`${otlpHttp}/v1/traces`, {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body,
      });
      if (!response.ok) {
        throw new Error(`the server answered ${response.status}: ${await response.text()}`);
      }
    }
  }
}
