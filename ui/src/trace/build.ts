// Turns the spans of a Jaeger JSON trace into a TraceLayout. Pure; runs in the worker.
//
// Nothing in the input is trusted: parents may be missing, form cycles or point at themselves,
// ids may repeat, times may be absent or negative. Every span that comes in gets exactly one row
// (exact duplicates aside, which are counted), and what was put right is said in its warnings or
// in the trace's notes. No recursion: depth is limited by memory, not by the stack.
import type { ApiSpan, ApiTrace, KeyValue } from '../api/types';
import { criticalPath } from './critical_path';
import {
  kCritical, kErrorBelow, kFollows, kGenAi, kHasError, kHasWarning, kKinds, kOrphan,
  kOutsideParent, type Ragged, type TraceLayout,
} from './layout';

export interface BuiltTrace {
  layout: TraceLayout;
  /** spans[row]; stays in the worker. */
  spans: ApiSpan[];
  /** Warnings that building added, by row. */
  warnings: Map<number, string[]>;
}

interface Node {
  span: ApiSpan;
  start: number;
  duration: number;
  kind: number;
  error: boolean;
  genAi: boolean;
  parent: Node | null;
  parentId: string;
  follows: boolean;
  orphan: boolean;
  children: Node[];
  warnings: string[];
  row: number;
  state: number;
}

export function isErrorTag(tag: KeyValue): boolean {
  if (tag.key === 'error') return tag.value !== false && tag.value !== 'false' && tag.value !== '';
  if (tag.key === 'otel.status_code' || tag.key === 'status.code') return tag.value === 'ERROR';
  return false;
}

const kModelTags = new Set([
  'gen_ai.operation.name', 'gen_ai.request.model', 'gen_ai.response.model', 'gen_ai.system',
  'gen_ai.provider.name', 'gen_ai.usage.input_tokens', 'llm.model_name', 'llm.request.type',
]);

/** True for what only model, agent and tool spans carry; conversation ids are on every span. */
export function isModelTag(tag: KeyValue): boolean {
  return kModelTags.has(tag.key);
}

export function buildTrace(trace: ApiTrace): BuiltTrace {
  const { nodes, duplicates } = readNodes(trace);
  linkParents(nodes, trace);
  breakCycles(nodes);
  const startUs = repairTimes(nodes);
  const { order, rootCount } = preorder(nodes);
  const layout = emptyLayout(trace.traceID || nodes[0]?.span.traceID || '', order.length, startUs);
  layout.rootCount = rootCount;
  layout.duplicateCount = duplicates;
  fillColumns(layout, order, trace);
  fillSubtrees(layout);
  fillSelfTimes(layout, order);
  layout.critical = criticalPath(layout);
  for (let i = 0; i < layout.count; i++) {
    const from = layout.critical.offsets[i] ?? 0;
    if ((layout.critical.offsets[i + 1] ?? 0) > from) setFlag(layout, i, kCritical);
  }
  const warnings = new Map<number, string[]>();
  order.forEach((node, row) => {
    if (node.warnings.length > 0) warnings.set(row, node.warnings);
  });
  writeNotes(layout, trace);
  return { layout, spans: order.map((node) => node.span), warnings };
}

function setFlag(layout: TraceLayout, row: number, flag: number): void {
  layout.flags[row] = (layout.flags[row] ?? 0) | flag;
}

function readNodes(trace: ApiTrace): { nodes: Node[]; duplicates: number } {
  const seen = new Map<string, Node[]>();
  const nodes: Node[] = [];
  let duplicates = 0;
  for (const span of Array.isArray(trace.spans) ? trace.spans : []) {
    const node = readNode(span);
    const twins = seen.get(span.spanID);
    if (twins?.some((twin) => isSameSpan(twin, node))) {
      duplicates++;
      continue;
    }
    if (twins) twins.push(node);
    else seen.set(span.spanID, [node]);
    nodes.push(node);
  }
  return { nodes, duplicates };
}

function isSameSpan(a: Node, b: Node): boolean {
  return (
    a.start === b.start && a.duration === b.duration && a.kind === b.kind &&
    a.span.operationName === b.span.operationName && a.span.processID === b.span.processID
  );
}

function readNode(span: ApiSpan): Node {
  const node: Node = {
    span, start: Number(span.startTime), duration: Number(span.duration), kind: 0,
    error: false, genAi: false, parent: null, parentId: '', follows: false, orphan: false,
    children: [], warnings: [], row: -1, state: 0,
  };
  if (!Number.isFinite(node.start)) node.start = 0;
  if (!Number.isFinite(node.duration)) node.duration = 0;
  if (node.duration < 0) {
    node.warnings.push(`Negative duration (${node.duration} µs): drawn as zero.`);
    node.duration = 0;
  }
  for (const tag of span.tags ?? []) {
    if (tag.key === 'span.kind') node.kind = Math.max(0, kKinds.indexOf(String(tag.value)));
    else if (isErrorTag(tag)) node.error = true;
    else if (isModelTag(tag)) node.genAi = true;
  }
  readParent(node);
  return node;
}

function readParent(node: Node): void {
  const span = node.span;
  let best: string | null = null;
  for (const ref of span.references ?? []) {
    if (ref.traceID !== span.traceID || !ref.spanID) continue;
    if (ref.refType === 'CHILD_OF') {
      best = ref.spanID;
      node.follows = false;
      break;
    }
    if (ref.refType === 'FOLLOWS_FROM' && best === null) {
      best = ref.spanID;
      node.follows = true;
    }
  }
  node.parentId = best ?? span.parentSpanID ?? '';
  // Some senders write the root's missing parent as zeros.
  if (/^0{8,}$/.test(node.parentId)) node.parentId = '';
}

const kServer = kKinds.indexOf('server');
const kClient = kKinds.indexOf('client');

function linkParents(nodes: Node[], trace: ApiTrace): void {
  const byId = new Map<string, Node[]>();
  for (const node of nodes) {
    const twins = byId.get(node.span.spanID);
    if (twins) twins.push(node);
    else byId.set(node.span.spanID, [node]);
  }
  for (const node of nodes) {
    const twins = byId.get(node.span.spanID) ?? [];
    if (twins.length > 1 && linkTwin(node, twins)) continue;
    if (node.parentId === '') continue;
    node.parent = pickParent(node, byId.get(node.parentId) ?? [], trace);
    if (node.parent === node) {
      node.parent = null;
      node.warnings.push('Names itself as its parent: shown as a root.');
    } else if (node.parent === null) {
      node.orphan = true;
    }
  }
}

/** Zipkin's shared spans: the server half hangs under the client half that has the same id. */
function linkTwin(node: Node, twins: Node[]): boolean {
  const client = twins.find((twin) => twin.kind === kClient);
  if (client && node.kind === kServer) {
    node.parent = client;
    return true;
  }
  if (node !== twins[0] && node !== client) {
    node.warnings.push(`${twins.length} spans share the id ${node.span.spanID}.`);
  }
  return false;
}

function pickParent(node: Node, candidates: Node[], trace: ApiTrace): Node | null {
  if (candidates.length <= 1) return candidates[0] ?? null;
  const service = serviceOf(node.span, trace);
  const own = candidates.filter((c) => c !== node && serviceOf(c.span, trace) === service);
  const server = own.find((c) => c.kind === kServer) ?? own[0];
  return server ?? candidates.find((c) => c !== node) ?? null;
}

function serviceOf(span: ApiSpan, trace: ApiTrace): string {
  return trace.processes?.[span.processID]?.serviceName || 'unknown service';
}

/** Cuts each cycle of parents at its earliest span. state: 0 new, 1 on this walk, 2 done. */
function breakCycles(nodes: Node[]): void {
  for (const first of nodes) {
    const walk: Node[] = [];
    let node: Node | null = first;
    while (node !== null && node.state === 0) {
      node.state = 1;
      walk.push(node);
      node = node.parent;
    }
    if (node !== null && node.state === 1) cutCycle(walk.slice(walk.indexOf(node)));
    for (const visited of walk) visited.state = 2;
  }
}

function cutCycle(cycle: Node[]): void {
  let earliest = cycle[0];
  for (const node of cycle) if (earliest && node.start < earliest.start) earliest = node;
  if (!earliest) return;
  earliest.parent = null;
  earliest.warnings.push(`Its parents form a cycle of ${cycle.length} spans: cut here.`);
}

/** Gives spans without a start time their parent's; returns the trace's start. */
function repairTimes(nodes: Node[]): number {
  let earliest = Infinity;
  for (const node of nodes) {
    if (node.start > 0 && node.start < earliest) earliest = node.start;
  }
  if (earliest === Infinity) earliest = 0;
  for (const node of nodes) {
    if (node.start > 0) continue;
    let from = node.parent;
    while (from && from.start <= 0) from = from.parent;
    node.start = from ? from.start : earliest;
    if (earliest > 0) node.warnings.push("No start time: drawn at its parent's start.");
  }
  return earliest;
}

function preorder(nodes: Node[]): { order: Node[]; rootCount: number } {
  const roots: Node[] = [];
  for (const node of nodes) (node.parent ? node.parent.children : roots).push(node);
  const byStart = (a: Node, b: Node) => a.start - b.start || b.duration - a.duration;
  roots.sort(byStart);
  for (const node of nodes) if (node.children.length > 1) node.children.sort(byStart);
  const order: Node[] = [];
  const stack = roots.slice().reverse();
  for (let node = stack.pop(); node; node = stack.pop()) {
    node.row = order.length;
    order.push(node);
    for (let k = node.children.length - 1; k >= 0; k--) {
      const child = node.children[k];
      if (child) stack.push(child);
    }
  }
  return { order, rootCount: roots.length };
}

function emptyLayout(traceId: string, count: number, startUs: number): TraceLayout {
  const ragged = (): Ragged => ({
    offsets: new Int32Array(count + 1), values: new Float64Array(0),
  });
  return {
    traceId, count, startUs, durationUs: 0, services: [], names: [], spanIds: [],
    service: new Int32Array(count), name: new Int32Array(count), kind: new Uint8Array(count),
    flags: new Uint8Array(count), parent: new Int32Array(count), depth: new Int32Array(count),
    subtreeEnd: new Int32Array(count), childCount: new Int32Array(count),
    start: new Float64Array(count), duration: new Float64Array(count),
    selfTime: new Float64Array(count), events: ragged(), critical: ragged(),
    maxDepth: 0, errorCount: 0, rootCount: 0, orphanCount: 0, duplicateCount: 0,
    serviceSpans: [], serviceErrors: [], notes: [],
  };
}

/** Some instrumentation names its spans with a line break only. */
function nameOf(span: ApiSpan): string {
  return String(span.operationName ?? '').trim() || '(no name)';
}

class Interner {
  readonly values: string[] = [];
  private readonly index_ = new Map<string, number>();
  add(value: string): number {
    let at = this.index_.get(value);
    if (at === undefined) {
      at = this.values.length;
      this.values.push(value);
      this.index_.set(value, at);
    }
    return at;
  }
}

function fillColumns(layout: TraceLayout, order: Node[], trace: ApiTrace): void {
  const services = new Interner();
  const names = new Interner();
  const events: number[] = [];
  let end = 0;
  order.forEach((node, i) => {
    const parent = node.parent ? node.parent.row : -1;
    const service = services.add(serviceOf(node.span, trace));
    layout.spanIds.push(node.span.spanID);
    layout.service[i] = service;
    layout.name[i] = names.add(nameOf(node.span));
    layout.kind[i] = node.kind;
    layout.parent[i] = parent;
    layout.depth[i] = parent < 0 ? 0 : (layout.depth[parent] ?? 0) + 1;
    layout.childCount[i] = node.children.length;
    layout.start[i] = node.start - layout.startUs;
    layout.duration[i] = node.duration;
    layout.flags[i] = nodeFlags(node);
    layout.maxDepth = Math.max(layout.maxDepth, layout.depth[i] ?? 0);
    end = Math.max(end, node.start + node.duration);
    layout.serviceSpans[service] = (layout.serviceSpans[service] ?? 0) + 1;
    layout.serviceErrors[service] = (layout.serviceErrors[service] ?? 0) + (node.error ? 1 : 0);
    layout.errorCount += node.error ? 1 : 0;
    layout.orphanCount += node.orphan ? 1 : 0;
    for (const log of node.span.logs ?? []) events.push(Number(log.timestamp) - layout.startUs);
    layout.events.offsets[i + 1] = events.length;
  });
  layout.events.values = Float64Array.from(events);
  layout.durationUs = Math.max(0, end - layout.startUs);
  layout.services = services.values;
  layout.names = names.values;
}

function nodeFlags(node: Node): number {
  const parent = node.parent;
  const outside =
    parent !== null &&
    (node.start < parent.start || node.start + node.duration > parent.start + parent.duration);
  const warned = node.warnings.length > 0 || (node.span.warnings?.length ?? 0) > 0;
  return (
    (node.error ? kHasError : 0) | (node.orphan ? kOrphan : 0) | (warned ? kHasWarning : 0) |
    (outside ? kOutsideParent : 0) | (node.genAi ? kGenAi : 0) |
    (node.follows && parent !== null ? kFollows : 0)
  );
}

function fillSubtrees(layout: TraceLayout): void {
  for (let i = layout.count - 1; i >= 0; i--) {
    if ((layout.subtreeEnd[i] ?? 0) === 0) layout.subtreeEnd[i] = i + 1;
    const parent = layout.parent[i] ?? -1;
    if (parent < 0) continue;
    const end = layout.subtreeEnd[i] ?? 0;
    if (end > (layout.subtreeEnd[parent] ?? 0)) layout.subtreeEnd[parent] = end;
    if (((layout.flags[i] ?? 0) & (kHasError | kErrorBelow)) !== 0) {
      setFlag(layout, parent, kErrorBelow);
    }
  }
}

/** Self time: the span's duration less the union of its children, cut to the span. */
function fillSelfTimes(layout: TraceLayout, order: Node[]): void {
  for (let i = 0; i < layout.count; i++) {
    const from = layout.start[i] ?? 0;
    const to = from + (layout.duration[i] ?? 0);
    let covered = 0;
    let reach = from;
    for (const child of order[i]?.children ?? []) {
      const childStart = layout.start[child.row] ?? 0;
      const childFrom = Math.max(reach, childStart);
      const childTo = Math.min(to, childStart + (layout.duration[child.row] ?? 0));
      if (childTo > childFrom) {
        covered += childTo - childFrom;
        reach = childTo;
      }
    }
    layout.selfTime[i] = to - from - covered;
  }
}

function writeNotes(layout: TraceLayout, trace: ApiTrace): void {
  const spans = (n: number) => `${n.toLocaleString('en-US')} ${n === 1 ? 'span' : 'spans'}`;
  if (layout.orphanCount > 0) {
    layout.notes.push(
      `${spans(layout.orphanCount)} name a parent that is not in this trace. ` +
        'It may still be on its way, was not sampled, or was dropped by its sender.',
    );
  } else if (layout.rootCount > 1) {
    layout.notes.push(`This trace has ${layout.rootCount} roots.`);
  }
  if (layout.duplicateCount > 0) {
    layout.notes.push(`${spans(layout.duplicateCount)} received twice are shown once.`);
  }
  for (const warning of trace.warnings ?? []) {
    // The server counts the same orphans; the note above says it in the page's words.
    if (layout.orphanCount > 0 && warning.includes('name a parent that is not stored')) continue;
    layout.notes.push(warning);
  }
}
