import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recentTraces } from '../../dev/generate';
import { draftOf, readDraft } from './draft';
import { logSplits, timeLabels, timeSplits } from './plot_axes';
import {
  apiQuery, kDefaultSearch, kLookbacks, readSearch, searchHref, writeSearch, type SearchState,
} from './search_state';
import { kSortOrders, sortSummaries, summarise, type TraceSummary } from './summary';
import { formatTags, parseTags } from './tags';
import { waysToWiden } from './widen';

/** Keys as they can be typed: no spaces, no "=", not starting with a quote or comma. */
const anyKey = fc.string({ minLength: 1, maxLength: 12 })
  .filter((key) => !/[\s="]|^,/.test(key));
const anyTags = fc.dictionary(anyKey, fc.string({ maxLength: 20 }), { maxKeys: 5 });

describe('tags', () => {
  it.each([
    ['a=1 b=2', { a: '1', b: '2' }],
    ['msg="not found", a=1', { msg: 'not found', a: '1' }],
    ['q="say \\"hi\\"" e=""', { q: 'say "hi"', e: '' }],
    ['url=http://x/?a=b', { url: 'http://x/?a=b' }],
    ['', {}],
  ])('reads %s', (text, tags) => expect(parseTags(text)).toEqual({ ok: true, tags }));

  it.each([
    ['error', 0, 'write error=value'],
    ['a=1 http.status:500', 4, 'write http.status=500'],
    ['a= b=1', 2, 'value is missing'],
    ['=1', 0, 'key is missing'],
    ['a="open', 2, 'not closed'],
    ['a="x"y', 5, 'space after'],
    ['a=1 a=2', 4, 'given twice'],
    ['"a"=1', 0, 'without quotes'],
  ])('says where %s is wrong', (text, at, message) => {
    const result = parseTags(text);
    expect(result.ok ? null : result.error.at).toBe(at);
    expect(result.ok ? '' : result.error.message).toContain(message);
  });

  it('reads back what it writes', () => {
    fc.assert(fc.property(anyTags, (tags) => {
      const result = parseTags(formatTags(tags));
      expect(result.ok && Object.entries(result.tags)).toEqual(Object.entries(tags));
    }));
  });
});

const anyState: fc.Arbitrary<SearchState> = fc.record({
  service: fc.string(), operation: fc.string().filter((text) => text !== 'all'), tags: anyTags,
  minDuration: fc.constantFrom('', '1ms', '2m30s'),
  maxDuration: fc.constantFrom('', '150s', '1.5h'),
  lookback: fc.constantFrom(...kLookbacks.map(([name]) => name)),
  startUs: fc.constant(null), endUs: fc.constant(null), limit: fc.integer({ min: 1, max: 1500 }),
  sort: fc.constantFrom(...kSortOrders),
  zoom: fc.option(fc.record({
    fromUs: fc.integer({ min: 0, max: 1000 }), toUs: fc.integer({ min: 1001, max: 5000 }),
    minUs: fc.integer({ min: 0, max: 10 }), maxUs: fc.integer({ min: 10, max: 99 }) })),
});

describe('the address of a search', () => {
  it('holds the whole state', () => {
    fc.assert(fc.property(anyState, (state) => {
      expect(readSearch(new URLSearchParams(writeSearch(state).toString()))).toEqual(state);
    }));
  });

  it('holds a range of its own', () => {
    const state = { ...kDefaultSearch, lookback: 'custom', startUs: 5, endUs: 9 };
    expect(readSearch(writeSearch(state))).toEqual(state);
  });

  it('falls back to defaults for anything else', () => {
    fc.assert(fc.property(fc.webQueryParameters(), (text) => {
      const state = readSearch(new URLSearchParams(text));
      expect(state.limit).toBeGreaterThan(0);
      expect(kSortOrders).toContain(state.sort);
    }));
    const odd = 'limit=-4&lookback=x&tags=%7B%22a%22&minDuration=5&start=9&end=3&zoom=1_2&sort=q';
    expect(readSearch(new URLSearchParams(odd))).toEqual(kDefaultSearch);
  });

  it("understands jaeger-ui's own links", () => {
    const link = 'service=a&operation=all&tags=%7B%22http.status_code%22%3A500%7D&lookback=custom' +
      '&start=1000&end=2000&limit=20&minDuration=1.2ms&maxDuration';
    expect(readSearch(new URLSearchParams(link))).toEqual({
      ...kDefaultSearch, service: 'a', tags: { 'http.status_code': '500' }, lookback: 'custom',
      startUs: 1000, endUs: 2000, minDuration: '1.2ms' });
  });

  it('asks the server in its own units', () => {
    const state = { ...kDefaultSearch, service: 's', minDuration: '1.5ms', tags: { a: 'b' } };
    expect(Object.fromEntries(apiQuery(state, 7200e6))).toEqual({
      service: 's', tags: '{"a":"b"}', minDuration: '1500us', start: '3600000000',
      end: '7260000000', limit: '20' });
    expect(apiQuery({ ...state, lookback: 'all' }, 1e15).get('start')).toBe('0');
  });

  it('links from a span to a search', () => {
    expect(searchHref({ service: 'a b' })).toBe('/search?service=a+b&lookback=1h&limit=20');
  });
});

describe('the form', () => {
  it('keeps a search as it is when nothing is changed', () => {
    fc.assert(fc.property(anyState, (state) => {
      expect(readDraft(draftOf(state), state)).toEqual({ ...state, zoom: null });
    }));
  });

  it('shows kind and errors as fields of their own', () => {
    const state = { ...kDefaultSearch, tags: { 'span.kind': 'client', error: 'true', a: '1' } };
    const draft = draftOf(state);
    expect([draft.kind, draft.errorsOnly, draft.tagText]).toEqual(['client', true, 'a=1']);
    expect(readDraft({ ...draft, kind: '', errorsOnly: false }, state))
      .toMatchObject({ tags: { a: '1' } });
  });

  it('names every field that is wrong', () => {
    const wrong = { ...draftOf(kDefaultSearch), tagText: 'x', minDuration: '2s', maxDuration: '1s',
      lookback: 'custom', limit: '0' };
    expect(Object.keys(readDraft(wrong, kDefaultSearch)).sort())
      .toEqual(['limit', 'maxDuration', 'range', 'tags']);
  });
});

describe('results', () => {
  const list = recentTraces(40, 1.7e15, 3600e6).map(summarise)
    .filter((summary): summary is TraceSummary => summary !== null);

  it('are summed up by their root', () => {
    for (const summary of list) {
      expect(['task arbitrage', 'POST /webhooks/payment']).toContain(summary.rootName);
      expect(summary.services.reduce((sum, s) => sum + s.spans, 0)).toBe(summary.spans);
      expect(summary.services.reduce((sum, s) => sum + s.errors, 0)).toBe(summary.errors);
    }
  });

  it.each([
    ['recent', (t: TraceSummary) => t.startUs], ['longest', (t: TraceSummary) => t.durationUs],
    ['spans', (t: TraceSummary) => t.spans], ['errors', (t: TraceSummary) => t.errors],
  ] as const)('are sorted by %s', (order, value) => {
    const values = sortSummaries(list, order).map(value);
    expect(values).toEqual([...values].sort((a, b) => b - a));
  });

  it('offer to widen only what is narrow', () => {
    expect(waysToWiden({ ...kDefaultSearch, lookback: 'all' })).toEqual([]);
    const ways = waysToWiden({ ...kDefaultSearch, service: 'a', tags: { x: 'y' } });
    expect(ways.map((way) => way.label)).toEqual(
      ['Look at the last 7 days', 'Look at all time', 'Leave out 1 attribute', 'All services']);
  });
});

describe('axes of the plot', () => {
  it('has few time ticks, on whole steps', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 2e12 }), fc.integer({ min: 1000, max: 1e11 }),
      (min, span) => {
        const ticks = timeSplits(min, min + span, 10);
        expect(ticks.length).toBeLessThanOrEqual(12);
        expect(ticks.every((tick) => tick >= min && tick <= min + span)).toBe(true);
        expect(timeLabels(ticks).every((label) => label !== '')).toBe(true);
      }));
  });

  it('has duration ticks inside the range', () => {
    expect(logSplits(900, 3000)).toEqual([1000, 2000]);
    expect(logSplits(1e6, 5e9)).toEqual([1e6, 10e6, 60e6, 600e6, 3600e6]);
    expect(logSplits(5, 1e6)).toEqual([10, 100, 1000, 10_000, 100_000, 1_000_000]);
  });
});
