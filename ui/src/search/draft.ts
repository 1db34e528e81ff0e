// What stands in the search form before it becomes a search.
import { parseDuration } from '../format/format';
import { kMaxLimit, type SearchState } from './search_state';
import { formatTags, parseTags, type Tags } from './tags';

export interface Draft {
  service: string;
  operation: string;
  kind: string;
  errorsOnly: boolean;
  tagText: string;
  minDuration: string;
  maxDuration: string;
  lookback: string;
  from: string;
  to: string;
  limit: string;
}

type Checked = 'tags' | 'minDuration' | 'maxDuration' | 'range' | 'limit';
export type DraftErrors = Partial<Record<Checked, string>>;

export const kKindNames = ['server', 'client', 'producer', 'consumer', 'internal'];

export function draftOf(state: SearchState): Draft {
  const tags: Tags = { ...state.tags };
  const kind = kKindNames.includes(tags['span.kind'] ?? '') ? tags['span.kind'] ?? '' : '';
  const errorsOnly = tags['error'] === 'true';
  if (kind !== '') delete tags['span.kind'];
  if (errorsOnly) delete tags['error'];
  return {
    service: state.service, operation: state.operation, kind, errorsOnly,
    tagText: formatTags(tags), minDuration: state.minDuration, maxDuration: state.maxDuration,
    lookback: state.lookback, from: localInput(state.startUs), to: localInput(state.endUs),
    limit: String(state.limit),
  };
}

/** The search that the draft means, or what is wrong with it. */
export function readDraft(draft: Draft, base: SearchState): SearchState | DraftErrors {
  const errors: DraftErrors = {};
  const tags = parseTags(draft.tagText);
  if (!tags.ok) errors.tags = `at ${tags.error.at + 1}: ${tags.error.message}`;
  const min = draft.minDuration.trim() === '' ? null : parseDuration(draft.minDuration);
  const max = draft.maxDuration.trim() === '' ? null : parseDuration(draft.maxDuration);
  if (min && !min.ok) errors.minDuration = min.error;
  if (max && !max.ok) errors.maxDuration = max.error;
  if (min?.ok && max?.ok && min.value > max.value) errors.maxDuration = 'less than the shortest';
  const startUs = Date.parse(draft.from) * 1000;
  const endUs = Date.parse(draft.to) * 1000;
  const isCustom = draft.lookback === 'custom';
  if (isCustom && !(endUs > startUs)) errors.range = 'choose a start and a later end';
  const limit = Number(draft.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > kMaxLimit) {
    errors.limit = `1 to ${kMaxLimit}`;
  }
  if (!tags.ok || Object.keys(errors).length > 0) return errors;
  const all: Tags = { ...tags.tags };
  if (draft.kind !== '') all['span.kind'] = draft.kind;
  if (draft.errorsOnly) all['error'] = 'true';
  return {
    ...base, zoom: null, service: draft.service, operation: draft.operation, tags: all,
    minDuration: draft.minDuration.trim(), maxDuration: draft.maxDuration.trim(),
    lookback: draft.lookback, startUs: isCustom ? startUs : null, endUs: isCustom ? endUs : null,
    limit,
  };
}

/** The value of a datetime-local field, in local time with seconds. */
export function localInput(us: number | null): string {
  if (us === null) return '';
  const date = new Date(us / 1000);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}
