// What the details panel shows of one span, grouped for reading. Pure; runs in the worker.
import type { ApiProcess, ApiSpan, KeyValue, SpanReference } from '../api/types';
import { isErrorTag, isModelTag } from './build';
import { tagText } from './find';

export interface SpanEvent {
  name: string;
  /** Unix microseconds. */
  timeUs: number;
  fields: KeyValue[];
}

export interface SpanException {
  type: string;
  message: string;
  stack: string;
}

export interface GenAiSummary {
  model: string;
  provider: string;
  operation: string;
  inputTokens: number | null;
  outputTokens: number | null;
  cachedTokens: number | null;
  tags: KeyValue[];
}

export interface SpanDetails {
  span: ApiSpan;
  process: ApiProcess;
  genAi: GenAiSummary | null;
  tags: KeyValue[];
  events: SpanEvent[];
  exceptions: SpanException[];
  statusMessage: string;
  isError: boolean;
  parents: SpanReference[];
  links: SpanReference[];
  warnings: string[];
}

const kGenAiPrefixes = ['gen_ai.', 'llm.', 'openinference.', 'traceloop.', 'input.', 'output.'];

export function spanDetails(
  span: ApiSpan, process: ApiProcess | undefined, added: readonly string[],
): SpanDetails {
  const all = span.tags ?? [];
  const genAi = summariseGenAi(all);
  const genAiTags = new Set(genAi?.tags ?? []);
  const references = span.references ?? [];
  const isOwn = (ref: SpanReference) => ref.traceID === span.traceID && ref.refType === 'CHILD_OF';
  const events = (span.logs ?? []).map(readEvent).sort((a, b) => a.timeUs - b.timeUs);
  return {
    span,
    process: process ?? { serviceName: 'unknown service', tags: [] },
    genAi,
    tags: all.filter((tag) => !genAiTags.has(tag)).sort(byKeyModelsFirst),
    events,
    exceptions: readExceptions(all, events),
    statusMessage: valueOf(all, 'otel.status_description', 'status.message', 'error.message'),
    isError: all.some(isErrorTag),
    parents: references.filter(isOwn),
    links: references.filter((ref) => !isOwn(ref)),
    warnings: [...(span.warnings ?? []), ...added],
  };
}

function byKeyModelsFirst(a: KeyValue, b: KeyValue): number {
  const rank = (tag: KeyValue) => (tag.key.startsWith('gen_ai.') ? 0 : 1);
  return rank(a) - rank(b) || (a.key < b.key ? -1 : 1);
}

function valueOf(tags: readonly KeyValue[], ...keys: string[]): string {
  for (const key of keys) {
    const tag = tags.find((candidate) => candidate.key === key);
    if (tag && tagText(tag) !== '') return tagText(tag);
  }
  return '';
}

function numberOf(tags: readonly KeyValue[], ...keys: string[]): number | null {
  const text = valueOf(tags, ...keys);
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : null;
}

function readEvent(log: { timestamp: number; fields: KeyValue[] }): SpanEvent {
  const fields = log.fields ?? [];
  const nameField =
    fields.find((f) => f.key === 'event') ?? fields.find((f) => f.key === 'message');
  return {
    name: nameField ? tagText(nameField) : 'event',
    timeUs: Number(log.timestamp),
    fields: fields.filter((field) => field !== nameField),
  };
}

function readExceptions(tags: KeyValue[], events: SpanEvent[]): SpanException[] {
  const read = (fields: KeyValue[]): SpanException => ({
    type: valueOf(fields, 'exception.type', 'error.kind', 'error.type'),
    message: valueOf(fields, 'exception.message', 'error.message', 'message'),
    stack: valueOf(fields, 'exception.stacktrace', 'stack', 'error.stack'),
  });
  const sources = events
    .filter((event) => event.name === 'exception' || event.name === 'error')
    .map((event) => event.fields);
  if (tags.some((tag) => tag.key.startsWith('exception.'))) sources.unshift(tags);
  return sources.map(read).filter((e) => e.type !== '' || e.message !== '' || e.stack !== '');
}

function summariseGenAi(tags: KeyValue[]): GenAiSummary | null {
  if (!tags.some(isModelTag)) return null;
  const mine = tags.filter((tag) => kGenAiPrefixes.some((prefix) => tag.key.startsWith(prefix)));
  return {
    model: valueOf(tags, 'gen_ai.response.model', 'gen_ai.request.model', 'llm.model_name'),
    provider: valueOf(tags, 'gen_ai.provider.name', 'gen_ai.system', 'llm.provider', 'llm.system'),
    operation: valueOf(tags, 'gen_ai.operation.name', 'llm.request.type'),
    inputTokens: numberOf(
      tags, 'gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.token_count.prompt'),
    outputTokens: numberOf(
      tags, 'gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens',
      'llm.token_count.completion'),
    cachedTokens: numberOf(
      tags, 'gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_read_input_tokens'),
    tags: mine.sort(byGenAiRank),
  };
}

/** Identity and use first, then the talk in its order, then the rest. */
function genAiRank(key: string): number {
  if (/^gen_ai\.(operation|agent|tool)\./.test(key)) return 0;
  if (/model|provider|^gen_ai\.system$/.test(key)) return 1;
  if (/usage|token_count/.test(key)) return 2;
  if (/system_instructions|prompt|input/.test(key)) return 3;
  if (/completion|output/.test(key)) return 4;
  return key.startsWith('gen_ai.') ? 5 : 6;
}

function byGenAiRank(a: KeyValue, b: KeyValue): number {
  const rank = genAiRank(a.key) - genAiRank(b.key);
  return rank !== 0 ? rank : a.key.localeCompare(b.key, 'en', { numeric: true });
}

export interface Message {
  role: string;
  text: string;
}

/** The talk with the model, from messages as JSON or from numbered attributes. */
export function conversation(tags: readonly KeyValue[]): Message[] {
  const messages: Message[] = [];
  const add = (key: string, role: string) => {
    for (const message of readMessages(valueOf(tags, key), role)) messages.push(message);
  };
  add('gen_ai.system_instructions', 'system');
  add('gen_ai.input.messages', 'user');
  messages.push(...numbered(tags, 'gen_ai.prompt'), ...numbered(tags, 'llm.input_messages'));
  add('gen_ai.output.messages', 'assistant');
  messages.push(...numbered(tags, 'gen_ai.completion'), ...numbered(tags, 'llm.output_messages'));
  return messages.filter((message) => message.text.trim() !== '');
}

/** prompt.0.role, prompt.0.content; also OpenInference's N.message.role. */
function numbered(tags: readonly KeyValue[], prefix: string): Message[] {
  const found: Message[] = [];
  for (const tag of tags) {
    if (!tag.key.startsWith(prefix + '.')) continue;
    const match = /^(\d{1,4})\.(?:message\.)?(role|content|tool_calls\.\d+\.name)$/
      .exec(tag.key.slice(prefix.length + 1));
    if (!match) continue;
    const message = (found[Number(match[1])] ??= { role: '', text: '' });
    if (match[2] === 'role') message.role = tagText(tag);
    else if (match[2] === 'content') message.text = tagText(tag);
    else message.text += `calls ${tagText(tag)}`;
  }
  return found.filter((message) => message !== undefined);
}

function readMessages(json: string, role: string): Message[] {
  if (json === '') return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return [{ role, text: json }];
  }
  const list = Array.isArray(parsed) ? (parsed as unknown[]) : [parsed];
  const isParts = list.every((item) => isRecord(item) && 'type' in item && !('role' in item));
  if (isParts) return [{ role, text: list.map(partText).join('\n') }];
  return list.map((item) => {
    if (!isRecord(item)) return { role, text: partText(item) };
    const parts = item['parts'] ?? item['content'] ?? item['text'] ?? '';
    const text = Array.isArray(parts) ? parts.map(partText).join('\n') : partText(parts);
    return { role: typeof item['role'] === 'string' ? item['role'] : role, text };
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function partText(part: unknown): string {
  if (typeof part === 'string') return part;
  if (!isRecord(part)) return JSON.stringify(part) ?? '';
  const text = part['content'] ?? part['text'];
  if (typeof text === 'string') return text;
  if (typeof part['name'] === 'string') {
    return `calls ${part['name']}(${JSON.stringify(part['arguments'] ?? '')})`;
  }
  return JSON.stringify(part);
}

export interface StackLine {
  text: string;
  /** head: the error itself; own: the program's frame; library: a dependency's; plain: the rest */
  kind: 'head' | 'own' | 'library' | 'plain';
}

const kFrame = /^\s*(at\s|File "|#\d+\s|\d+:\s|from\s.+:\d+:in|\S+\.go:\d+)/;
const kLibrary =
  /(site-packages|dist-packages|node_modules|\/usr\/lib|node:internal|\bjava\.|\bjavax\.|\bsun\.|\/go\/pkg\/mod\/|lib\/python3)/;

/** Marks the lines of a stack trace of the common languages. */
export function stackLines(stack: string): StackLine[] {
  let isInLibrary = false;
  return stack.replace(/\s+$/, '').split('\n').map((text): StackLine => {
    if (kFrame.test(text)) {
      isInLibrary = kLibrary.test(text);
      return { text, kind: isInLibrary ? 'library' : 'own' };
    }
    if (/^\s+/.test(text)) return { text, kind: isInLibrary ? 'library' : 'plain' };
    return { text, kind: /^(Traceback|goroutine)/.test(text) ? 'plain' : 'head' };
  });
}
