// The Jaeger HTTP v1 JSON shapes, as far as this UI reads them. Everything from the network may
// be missing or of the wrong type; readers below this file check before they trust.

export interface KeyValue {
  key: string;
  type?: string;
  value: unknown;
}

export interface SpanReference {
  refType: string;
  traceID: string;
  spanID: string;
}

export interface SpanLog {
  timestamp: number;
  fields: KeyValue[];
}

export interface ApiSpan {
  traceID: string;
  spanID: string;
  operationName: string;
  references?: SpanReference[] | null;
  parentSpanID?: string;
  startTime: number;
  duration: number;
  tags?: KeyValue[] | null;
  logs?: SpanLog[] | null;
  processID: string;
  warnings?: string[] | null;
}

export interface ApiProcess {
  serviceName: string;
  tags?: KeyValue[] | null;
}

export interface ApiTrace {
  traceID: string;
  spans: ApiSpan[];
  processes: Record<string, ApiProcess>;
  warnings?: string[] | null;
}

export interface ApiError {
  code?: number;
  msg: string;
  traceID?: string;
}

export interface Envelope<T> {
  data: T | null;
  errors: ApiError[] | null;
  total?: number;
  limit?: number;
  offset?: number;
}

export interface DependencyLink {
  parent: string;
  child: string;
  callCount: number;
}
