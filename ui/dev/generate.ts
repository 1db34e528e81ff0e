// Dev tool: makes traces that look like an AI-agent service's, for front-end work without a
// server and for the tests of both. Deterministic for a seed.
import type { ApiProcess, ApiSpan, ApiTrace, KeyValue } from '../src/api/types';

/** mulberry32: small, seedable, good enough for test data. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const kServices = [
  'task-runner', 'marketplace-scanner', 'rag-service', 'llm-gateway', 'arena', 'payment-webhook',
] as const;
type Service = (typeof kServices)[number];

const kStack = `Traceback (most recent call last):
  File "/srv/scanner/fetch.py", line 118, in fetch_listing
    response = await session.get(url, timeout=deadline.left())
  File "/usr/lib/python3.11/site-packages/httpx/_client.py", line 1801, in get
    return await self.request("GET", url, timeout=timeout)
  File "/usr/lib/python3.11/site-packages/httpx/_transports/default.py", line 118, in map_errors
    raise mapped_exc(message) from exc
httpx.ReadTimeout: marketplace did not answer within 2.5 s`;

class Trace {
  readonly spans: ApiSpan[] = [];
  private readonly processes_: Record<string, ApiProcess> = {};
  constructor(readonly traceID: string, readonly random: () => number) {}

  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += Math.floor(this.random() * 16).toString(16);
    return text;
  }

  between(low: number, high: number): number {
    return Math.round(low * (high / low) ** this.random());
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)] as T;
  }

  span(service: Service, operationName: string, parent: ApiSpan | null, startTime: number,
    kind: string, values: Record<string, string | number | boolean> = {}): ApiSpan {
    const span: ApiSpan = {
      traceID: this.traceID, spanID: this.hex(16), operationName, startTime, duration: 0,
      references: parent
        ? [{ refType: 'CHILD_OF', traceID: this.traceID, spanID: parent.spanID }] : [],
      tags: tagsOf({ 'span.kind': kind, ...values }),
      logs: [], processID: this.process(service), warnings: null,
    };
    this.spans.push(span);
    return span;
  }

  private process(service: Service): string {
    const id = `p${kServices.indexOf(service) + 1}`;
    this.processes_[id] ??= {
      serviceName: service,
      tags: tagsOf({
        'host.name': 'agent-host-1', 'process.pid': 4000 + kServices.indexOf(service),
        'service.version': '1.14.2', 'service.instance.id': `${service}-0`,
        'telemetry.sdk.language': 'cpp', 'telemetry.sdk.name': 'binnacle',
        'deployment.environment.name': 'production',
      }),
    };
    return id;
  }

  json(): ApiTrace {
    return { traceID: this.traceID, spans: this.spans, processes: this.processes_, warnings: null };
  }
}

function tagsOf(values: Record<string, string | number | boolean>): KeyValue[] {
  return Object.entries(values).map(([key, value]) => ({
    key, value,
    type: typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'bool'
      : Number.isInteger(value) ? 'int64' : 'float64',
  }));
}

function fail(span: ApiSpan, at: number, type: string, message: string, stack = ''): void {
  span.tags?.push(...tagsOf({
    error: true, 'otel.status_code': 'ERROR', 'otel.status_description': message,
  }));
  span.logs?.push({
    timestamp: at,
    fields: tagsOf({
      event: 'exception', 'exception.type': type, 'exception.message': message,
      ...(stack === '' ? {} : { 'exception.stacktrace': stack }),
    }),
  });
}

const kModels = ['gpt-4.1-mini', 'claude-sonnet-4', 'local-ngram-3'];

function llmCall(t: Trace, parent: ApiSpan, at: number, purpose: string): number {
  const model = t.pick(kModels);
  const input = t.between(200, 6000);
  const output = t.between(20, 900);
  const client = t.span(serviceOf(parent), `chat ${model}`, parent, at, 'client', {
    'gen_ai.operation.name': 'chat', 'gen_ai.request.model': model,
    'gen_ai.provider.name': model.startsWith('gpt') ? 'openai' : 'local',
    'gen_ai.request.temperature': 0.2, 'gen_ai.usage.input_tokens': input,
    'gen_ai.usage.output_tokens': output, 'gen_ai.response.finish_reasons': '["stop"]',
    'gen_ai.input.messages': JSON.stringify([
      { role: 'system', parts: [{ type: 'text', content: 'You compare offers. Be brief.' }] },
      { role: 'user', parts: [{ type: 'text', content: `Task: ${purpose}. Which offer is best?` }] },
    ]),
    'gen_ai.output.messages': JSON.stringify([
      { role: 'assistant', parts: [{ type: 'text',
        content: 'Offer 3 has the best margin after fees; bid 41.20.' }], finish_reason: 'stop' },
    ]),
  });
  const server = t.span('llm-gateway', 'POST /v1/chat/completions', client, at + t.between(300, 900),
    'server', { 'http.request.method': 'POST', 'http.route': '/v1/chat/completions',
      'http.response.status_code': 200 });
  const queue = t.span('llm-gateway', 'queue', server, server.startTime + 60, 'internal');
  queue.duration = t.between(100, 4000);
  const gen = t.span('llm-gateway', 'generate', server, queue.startTime + queue.duration + 40,
    'internal', { 'gen_ai.request.model': model });
  gen.duration = output * t.between(300, 2500);
  gen.logs?.push({ timestamp: gen.startTime + Math.round(gen.duration * 0.08),
    fields: tagsOf({ event: 'first_token' }) });
  server.duration = gen.startTime + gen.duration + 90 - server.startTime;
  client.duration = server.startTime + server.duration + t.between(200, 900) - at;
  return at + client.duration;
}

function serviceOf(span: ApiSpan): Service {
  return kServices[Number(span.processID.slice(1)) - 1] ?? 'task-runner';
}

function ragQuery(t: Trace, parent: ApiSpan, at: number): number {
  const client = t.span(serviceOf(parent), 'GET', parent, at, 'client', {
    'http.request.method': 'GET', 'url.full': 'http://127.0.0.1:7103/query?k=8',
    'http.response.status_code': 200 });
  const server = t.span('rag-service', 'GET /query', client, at + t.between(100, 500), 'server', {
    'http.request.method': 'GET', 'http.route': '/query', 'http.response.status_code': 200 });
  let now = server.startTime + 50;
  for (const [name, low, high] of [['embed', 800, 6000], ['search index', 400, 9000],
    ['rerank', 900, 12000]] as const) {
    const step = t.span('rag-service', name, server, now, 'internal', {
      'rag.collection': 'offers', 'rag.candidates': t.between(8, 200) });
    step.duration = t.between(low, high);
    now += step.duration + 30;
  }
  server.duration = now + 40 - server.startTime;
  client.duration = server.startTime + server.duration + t.between(100, 400) - at;
  return at + client.duration;
}

function scan(t: Trace, parent: ApiSpan, at: number, failing: boolean, pages: number): number {
  const client = t.span('task-runner', 'POST', parent, at, 'client', {
    'http.request.method': 'POST', 'url.full': 'http://127.0.0.1:7102/scan',
    'http.response.status_code': failing ? 502 : 200 });
  const server = t.span('marketplace-scanner', 'POST /scan', client, at + t.between(150, 700),
    'server', { 'http.request.method': 'POST', 'http.route': '/scan',
      'http.response.status_code': failing ? 502 : 200 });
  let end = server.startTime;
  for (let page = 1; page <= pages; page++) {
    const fetch = t.span('marketplace-scanner', 'GET listing', server,
      server.startTime + 80 + t.between(10, 4000) * (page % 3), 'client', {
        'http.request.method': 'GET', 'url.full': `https://market.example/listing?page=${page}`,
        'http.response.status_code': 200, 'server.address': 'market.example' });
    fetch.duration = t.between(4000, 60000);
    const parse = t.span('marketplace-scanner', 'parse page', server,
      fetch.startTime + fetch.duration + 15, 'internal', { 'page.bytes': t.between(9000, 300000) });
    parse.duration = t.between(300, 5000);
    if (failing && page === pages) {
      fetch.duration = 2_500_000;
      parse.startTime = fetch.startTime + fetch.duration + 15;
      fail(fetch, fetch.startTime + fetch.duration, 'httpx.ReadTimeout',
        'marketplace did not answer within 2.5 s', kStack);
      fail(server, parse.startTime, 'ScanError', 'one of the listings could not be fetched');
    }
    end = Math.max(end, parse.startTime + parse.duration);
  }
  server.duration = end + 120 - server.startTime;
  client.duration = server.startTime + server.duration + t.between(100, 500) - at;
  if (failing) fail(client, at + client.duration, 'HttpError', '502 Bad Gateway');
  return at + client.duration;
}

function payment(t: Trace, at: number): void {
  const failing = t.random() < 0.12;
  const root = t.span('payment-webhook', 'POST /webhooks/payment', null, at, 'server', {
    'http.request.method': 'POST', 'http.route': '/webhooks/payment',
    'http.response.status_code': failing ? 401 : 200, 'payment.provider': 'stripe' });
  const verify = t.span('payment-webhook', 'verify signature', root, at + 40, 'internal', {
    'signature.scheme': 'hmac-sha256' });
  verify.duration = t.between(20, 400);
  if (failing) {
    fail(verify, verify.startTime + verify.duration, 'SignatureError', 'signature does not match');
    fail(root, verify.startTime + verify.duration, 'SignatureError', 'signature does not match');
  } else {
    const store = t.span('payment-webhook', 'INSERT payments', root,
      verify.startTime + verify.duration + 20, 'client', {
        'db.system.name': 'sqlite', 'db.query.text': 'INSERT INTO payments VALUES (?, ?, ?)' });
    store.duration = t.between(200, 3000);
  }
  root.duration = Math.max(...t.spans.map((s) => s.startTime + s.duration)) + 60 - at;
}

function task(t: Trace, at: number): void {
  const failing = t.random() < 0.14;
  const root = t.span('task-runner', 'task arbitrage', null, at, 'server', {
    'task.type': 'arbitrage', 'task.id': t.hex(8) });
  let now = at + 200;
  now = scan(t, root, now, failing, 2 + Math.floor(t.random() * 8));
  now = ragQuery(t, root, now + 120);
  now = llmCall(t, root, now + 90, 'arbitrage');
  if (t.random() < 0.6) {
    const compete = t.span('task-runner', 'POST', root, now + 60, 'client', {
      'http.request.method': 'POST', 'url.full': 'http://127.0.0.1:7105/compete' });
    const arena = t.span('arena', 'POST /compete', compete, compete.startTime + 300, 'server', {
      'arena.name': 'pricing', 'http.route': '/compete' });
    const ends = ['greedy', 'patient'].map((strategy, k) => {
      const play = t.span('arena', `play ${strategy}`, arena, arena.startTime + 100 + k * 50,
        'internal', { 'arena.strategy': strategy });
      let end = play.startTime + 50;
      for (let round = 0; round < 2; round++) end = llmCall(t, play, end + 40, `bid (${strategy})`);
      play.duration = end + 30 - play.startTime;
      return end + 30;
    });
    arena.duration = Math.max(...ends) + 100 - arena.startTime;
    compete.duration = arena.startTime + arena.duration + 300 - compete.startTime;
    now = compete.startTime + compete.duration;
  }
  const bid = t.span('task-runner', 'place bid', root, now + 80, 'producer', {
    'bid.amount': 41.2, 'bid.marketplace': 'market.example' });
  bid.duration = t.between(300, 4000);
  root.duration = bid.startTime + bid.duration + 150 - at;
}

/** One trace of about `spans` spans: a long task that scans page after page. */
export function largeTrace(traceID: string, spans: number, startUs: number): ApiTrace {
  const t = new Trace(traceID, seeded(spans));
  const root = t.span('task-runner', 'task full rescan', null, startUs, 'server', {
    'task.type': 'rescan' });
  let now = startUs + 500;
  while (t.spans.length < spans - 100) {
    const batch = t.span('task-runner', 'batch', root, now, 'internal');
    let end = now + 50;
    for (let k = 0; k < 3; k++) {
      end = scan(t, batch, end + 50, t.random() < 0.02, 6 + Math.floor(t.random() * 6));
      end = ragQuery(t, batch, end + 40);
    }
    end = llmCall(t, batch, end + 40, 'rescan');
    batch.duration = end + 40 - now;
    now = end + 100 - Math.round(batch.duration * 0.4 * t.random());
  }
  while (t.spans.length < spans) {
    t.span('task-runner', 'flush', root, now, 'internal').duration = 400;
    now += 500;
  }
  root.duration = Math.max(...chunkEnds(t.spans)) + 100 - startUs;
  return t.json();
}

function chunkEnds(spans: ApiSpan[]): number[] {
  let end = 0;
  for (const span of spans) end = Math.max(end, span.startTime + span.duration);
  return [end];
}

/** `count` traces over the last `overUs` before `nowUs`. */
export function recentTraces(count: number, nowUs: number, overUs: number): ApiTrace[] {
  const random = seeded(42);
  const traces: ApiTrace[] = [];
  for (let k = 0; k < count; k++) {
    const own = seeded(1000 + k);
    let id = '';
    while (id.length < 32) id += Math.floor(own() * 16).toString(16);
    const t = new Trace(id, own);
    const at = Math.round(nowUs - overUs * (1 - random() ** 0.7) - 15e6);
    if (own() < 0.3) payment(t, at);
    else task(t, at);
    traces.push(t.json());
  }
  return traces;
}
