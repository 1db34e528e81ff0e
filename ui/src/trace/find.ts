// Find in trace: rows whose name, service, ids, attributes, events or process attributes contain
// the text, without regard to case. "key=value" looks for an attribute whose key is `key` and
// whose value contains `value`. Cost: one pass over all text of the trace, in the worker.
import type { ApiProcess, ApiSpan, KeyValue } from '../api/types';
import { positionOf } from './layout';

export interface FindQuery {
  text: string;
  key: string | null;
  value: string;
}

export function parseFind(input: string): FindQuery | null {
  const text = input.trim().toLowerCase();
  if (text === '') return null;
  const equals = text.indexOf('=');
  const key = equals > 0 ? text.slice(0, equals).trim() : '';
  const isKey = key !== '' && !/\s/.test(key);
  return { text, key: isKey ? key : null, value: isKey ? text.slice(equals + 1).trim() : '' };
}

export function tagText(tag: KeyValue): string {
  return typeof tag.value === 'string' ? tag.value : JSON.stringify(tag.value) ?? '';
}

function tagsMatch(tags: KeyValue[] | null | undefined, query: FindQuery): boolean {
  for (const tag of tags ?? []) {
    const key = tag.key.toLowerCase();
    if (query.key !== null) {
      if (key === query.key && tagText(tag).toLowerCase().includes(query.value)) return true;
    }
    if (key.includes(query.text) || tagText(tag).toLowerCase().includes(query.text)) return true;
  }
  return false;
}

export function spanMatches(
  span: ApiSpan, process: ApiProcess | undefined, query: FindQuery,
): boolean {
  return (
    (span.operationName ?? '').toLowerCase().includes(query.text) ||
    (process?.serviceName ?? '').toLowerCase().includes(query.text) ||
    span.spanID === query.text ||
    tagsMatch(span.tags, query) ||
    (span.logs ?? []).some((log) => tagsMatch(log.fields, query)) ||
    tagsMatch(process?.tags, query)
  );
}

/** Ascending rows that match. */
export function findRows(
  spans: readonly ApiSpan[], processes: Record<string, ApiProcess>, input: string,
): Int32Array {
  const query = parseFind(input);
  if (query === null) return new Int32Array(0);
  const rows: number[] = [];
  spans.forEach((span, row) => {
    if (spanMatches(span, processes[span.processID], query)) rows.push(row);
  });
  return Int32Array.from(rows);
}

/** The match after (by > 0) or before the selected row, going round; -1 without matches. */
export function nextMatch(rows: Int32Array, selected: number, by: number): number {
  if (rows.length === 0) return -1;
  const first = rows[0] ?? 0;
  const at = positionOf(rows, selected);
  const isOn = rows[at] === selected;
  // `at` is the last match at or before the selection, or the first match of all.
  let next = by > 0 ? at + 1 : isOn ? at - 1 : at;
  if (selected < first) next = by > 0 ? 0 : rows.length - 1;
  return rows[(next + rows.length) % rows.length] ?? -1;
}
