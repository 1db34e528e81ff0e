import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largeTrace } from '../../dev/generate';
import type { ApiSpan, ApiTrace } from '../api/types';
import { buildTrace } from './build';
import {
  ancestorsOf, kErrorBelow, kHasError, kHasWarning, kOrphan, kOutsideParent, positionOf, rootRow,
  visibleRows, type TraceLayout,
} from './layout';

function span(id: string, parent: string | null, start: number, duration: number,
  more: Partial<ApiSpan> = {}): ApiSpan {
  return {
    traceID: 't', spanID: id, operationName: `op-${id}`, startTime: start, duration,
    references: parent === null ? [] : [{ refType: 'CHILD_OF', traceID: 't', spanID: parent }],
    tags: [], logs: [], processID: 'p1', warnings: null, ...more,
  };
}
function trace(spans: ApiSpan[]): ApiTrace {
  return { traceID: 't', spans, processes: {
    p1: { serviceName: 'one', tags: [] }, p2: { serviceName: 'two', tags: [] } } };
}
const names = (layout: TraceLayout) =>
  [...layout.name].map((name) => (layout.names[name] ?? '').slice(3));
const rowOf = (layout: TraceLayout, id: string) => layout.spanIds.indexOf(id);
const has = (layout: TraceLayout, id: string, flag: number) =>
  ((layout.flags[rowOf(layout, id)] ?? 0) & flag) !== 0;
const kindTag = (value: string) => [{ key: 'span.kind', value }];

describe('tree', () => {
  it('orders depth first, siblings by start', () => {
    const { layout } = buildTrace(trace([
      span('c', 'a', 30, 5), span('b', 'a', 10, 10), span('d', 'b', 12, 3), span('a', null, 5, 50),
    ]));
    expect(names(layout)).toEqual(['a', 'b', 'd', 'c']);
    expect([...layout.depth]).toEqual([0, 1, 2, 1]);
    expect([...layout.subtreeEnd]).toEqual([4, 3, 3, 4]);
    expect([...layout.parent]).toEqual([-1, 0, 1, 0]);
    expect(layout.startUs).toBe(5);
    expect(layout.durationUs).toBe(50);
  });

  it('shows spans whose parent is missing as roots, with a note', () => {
    const { layout } = buildTrace(trace([span('a', null, 0, 10), span('x', 'gone', 2, 90)]));
    expect(layout.rootCount).toBe(2);
    expect(has(layout, 'x', kOrphan)).toBe(true);
    expect(layout.notes.join()).toContain('1 span name a parent that is not in this trace');
    expect(rootRow(layout)).toBe(rowOf(layout, 'a'));
  });

  it('says once that parents are missing, and keeps what else the server warns of', () => {
    const answer = trace([span('a', null, 0, 10), span('x', 'gone', 2, 90)]);
    answer.warnings = ['1 of 2 spans name a parent that is not stored; the first is span x',
      '3 spans were left out'];
    const { layout } = buildTrace(answer);
    expect(layout.notes).toHaveLength(2);
    expect(layout.notes[1]).toBe('3 spans were left out');
  });

  it('cuts cycles at the earliest span and says so', () => {
    const built = buildTrace(trace([
      span('a', 'c', 10, 5), span('b', 'a', 5, 5), span('c', 'b', 20, 5), span('s', 's', 1, 1),
    ]));
    expect(names(built.layout)).toEqual(['s', 'b', 'c', 'a']);
    expect(built.warnings.get(rowOf(built.layout, 'b'))?.join()).toContain('cycle of 3');
    expect(built.warnings.get(rowOf(built.layout, 's'))?.join()).toContain('its parent');
  });

  it('hides exact duplicates and counts them', () => {
    const { layout } = buildTrace(trace([span('a', null, 1, 10), span('a', null, 1, 10)]));
    expect(layout.count).toBe(1);
    expect(layout.notes.join()).toContain('1 span received twice');
  });

  it("puts the server half of Zipkin's shared span under its client half", () => {
    const { layout } = buildTrace(trace([
      span('root', null, 1, 100),
      span('s', 'root', 12, 70, { processID: 'p2', tags: kindTag('server') }),
      span('s', 'root', 10, 80, { tags: kindTag('client') }),
      span('db', 's', 20, 10, { processID: 'p2' }),
    ]));
    expect([...layout.depth]).toEqual([0, 1, 2, 3]);
    expect([...layout.service].map((s) => layout.services[s])).toEqual(['one', 'one', 'two', 'two']);
  });

  it('draws negative durations as zero and missing starts at the parent', () => {
    const built = buildTrace(trace([
      span('a', null, 1000, 50), span('n', 'a', 1010, -7), span('z', 'a', 0, 20),
    ]));
    expect(built.layout.startUs).toBe(1000);
    expect(built.layout.duration[rowOf(built.layout, 'n')]).toBe(0);
    expect(built.layout.start[rowOf(built.layout, 'z')]).toBe(0);
    expect(has(built.layout, 'n', kHasWarning)).toBe(true);
    expect(has(built.layout, 'z', kHasWarning)).toBe(true);
  });

  it('marks children outside of their parent and errors below', () => {
    const { layout } = buildTrace(trace([
      span('a', null, 100, 50), span('b', 'a', 140, 30, { tags: [{ key: 'error', value: true }] }),
      span('c', 'a', 110, 10, { tags: [{ key: 'error', value: 'false' }] }),
    ]));
    expect(has(layout, 'b', kOutsideParent)).toBe(true);
    expect(has(layout, 'c', kOutsideParent)).toBe(false);
    expect(has(layout, 'b', kHasError)).toBe(true);
    expect(has(layout, 'a', kErrorBelow)).toBe(true);
    expect(layout.errorCount).toBe(1);
    expect(layout.durationUs).toBe(70);
  });

  it('follows FOLLOWS_FROM only when there is no CHILD_OF', () => {
    const ref = (refType: string, spanID: string) => ({ refType, traceID: 't', spanID });
    const { layout } = buildTrace(trace([
      span('a', null, 1, 9), span('b', null, 2, 3),
      span('c', null, 3, 1, { references: [ref('FOLLOWS_FROM', 'a'), ref('CHILD_OF', 'b')] }),
      span('d', null, 4, 1, { references: [ref('FOLLOWS_FROM', 'a')] }),
    ]));
    expect(layout.parent[rowOf(layout, 'c')]).toBe(rowOf(layout, 'b'));
    expect(layout.parent[rowOf(layout, 'd')]).toBe(rowOf(layout, 'a'));
  });

  it('survives a chain of 100,000 spans', () => {
    const spans = Array.from({ length: 100_000 }, (_, k) =>
      span(`${k}`, k === 0 ? null : `${k - 1}`, k + 1, 200_000 - 2 * k));
    const { layout } = buildTrace(trace(spans));
    expect(layout.maxDepth).toBe(99_999);
    expect(layout.subtreeEnd[0]).toBe(100_000);
  });

  it('gives spans without a visible name one', () => {
    const { layout } = buildTrace(trace([
      span('a', null, 1, 1, { operationName: '\n' }), span('b', null, 2, 1, { operationName: '' }),
    ]));
    expect(layout.names).toEqual(['(no name)']);
  });

  it('survives an empty trace and nulls for lists', () => {
    expect(buildTrace(trace([])).layout.count).toBe(0);
    const bare = span('a', null, 1, 1, { references: null, tags: null, logs: null });
    expect(buildTrace({ traceID: 't', spans: [bare], processes: {} }).layout.services)
      .toEqual(['unknown service']);
  });
});

describe('self time', () => {
  it('is what no child covers', () => {
    const { layout } = buildTrace(trace([
      span('a', null, 100, 100), span('b', 'a', 110, 20), span('c', 'a', 120, 30),
      span('d', 'a', 190, 50),
    ]));
    expect(layout.selfTime[0]).toBe(100 - 40 - 10);
  });
});

/** Any spans at all: few ids, so that twins, cycles and missing parents are common. */
const anySpans = fc.array(fc.record({
  id: fc.integer({ min: 0, max: 25 }), parent: fc.option(fc.integer({ min: 0, max: 30 })),
  start: fc.integer({ min: -5, max: 400 }), duration: fc.integer({ min: -20, max: 300 }),
  error: fc.boolean(), follows: fc.boolean(), kind: fc.constantFrom('server', 'client', 'internal'),
}), { maxLength: 40 }).map((list) => list.map((s) => span(`${s.id}`, null, s.start, s.duration, {
  references: s.parent === null ? [] : [{
    refType: s.follows ? 'FOLLOWS_FROM' : 'CHILD_OF', traceID: 't', spanID: `${s.parent}` }],
  tags: [{ key: 'span.kind', value: s.kind }, { key: 'error', value: s.error }],
})));

describe('any input', () => {
  it('gives every distinct span one row in a well-formed preorder', () => {
    fc.assert(fc.property(anySpans, (spans) => {
      const { layout, spans: rows } = buildTrace(trace(spans));
      expect(layout.count + layout.duplicateCount).toBe(spans.length);
      expect(new Set(rows).size).toBe(layout.count);
      for (let i = 0; i < layout.count; i++) {
        const parent = layout.parent[i] ?? -1;
        const end = layout.subtreeEnd[i] ?? 0;
        expect(end).toBeGreaterThan(i);
        expect(layout.depth[i]).toBe(ancestorsOf(layout, i).length);
        if (parent >= 0) {
          expect(parent).toBeLessThan(i);
          expect(end).toBeLessThanOrEqual(layout.subtreeEnd[parent] ?? 0);
        }
        expect(layout.start[i]).toBeGreaterThanOrEqual(0);
        expect(layout.duration[i]).toBeGreaterThanOrEqual(0);
        expect(layout.selfTime[i]).toBeGreaterThanOrEqual(0);
        expect(layout.selfTime[i]).toBeLessThanOrEqual(layout.duration[i] ?? 0);
      }
    }), { numRuns: 400 });
  });

  it('shows exactly the rows without a folded ancestor', () => {
    fc.assert(fc.property(anySpans, fc.array(fc.nat(39)), (spans, folded) => {
      const { layout } = buildTrace(trace(spans));
      const collapsed = new Set(folded.filter((row) => row < layout.count));
      const shown = visibleRows(layout, collapsed);
      const expected = [...Array(layout.count).keys()]
        .filter((row) => !ancestorsOf(layout, row).some((a) => collapsed.has(a)));
      expect([...shown]).toEqual(expected);
      expected.forEach((row, at) => expect(positionOf(shown, row)).toBe(at));
    }));
  });

  it('keeps the critical path inside its spans and of one line', () => {
    fc.assert(fc.property(anySpans, (spans) => {
      const { layout } = buildTrace(trace(spans));
      const pieces: [number, number][] = [];
      for (let i = 0; i < layout.count; i++) {
        const end = layout.critical.offsets[i + 1] ?? 0;
        for (let k = layout.critical.offsets[i] ?? 0; k < end; k += 2) {
          const from = layout.critical.values[k] ?? 0;
          const to = layout.critical.values[k + 1] ?? 0;
          expect(to).toBeGreaterThan(from);
          expect(from).toBeGreaterThanOrEqual(layout.start[i] ?? 0);
          expect(to).toBeLessThanOrEqual((layout.start[i] ?? 0) + (layout.duration[i] ?? 0));
          pieces.push([from, to]);
        }
      }
      pieces.sort((a, b) => a[0] - b[0]);
      pieces.forEach(([from], k) => {
        if (k > 0) expect(from).toBeGreaterThanOrEqual(pieces[k - 1]?.[1] ?? 0);
      });
      const hasLongRoot = layout.duration.some((d, i) => d > 0 && (layout.parent[i] ?? 0) < 0);
      if (hasLongRoot) expect(pieces.length).toBeGreaterThan(0);
    }), { numRuns: 400 });
  });
});

describe('critical path', () => {
  const path = (spans: ApiSpan[]) => {
    const { layout } = buildTrace(trace(spans));
    const found: string[] = [];
    for (let i = 0; i < layout.count; i++) {
      const end = layout.critical.offsets[i + 1] ?? 0;
      for (let k = layout.critical.offsets[i] ?? 0; k < end; k += 2) {
        found.push(`${layout.spanIds[i]} ${layout.critical.values[k]}-${layout.critical.values[k + 1]}`);
      }
    }
    return found;
  };

  it('takes the child that returned last, then the one before it', () => {
    expect(path([
      span('a', null, 1, 100), span('b', 'a', 11, 30), span('c', 'a', 51, 40), span('d', 'a', 21, 30),
    ])).toEqual(['a 0-20', 'a 90-100', 'd 20-50', 'c 50-90']);
  });

  it('leaves out what ran beside the waited-for child', () => {
    expect(path([span('a', null, 1, 100), span('b', 'a', 1, 90), span('c', 'a', 41, 60)]))
      .toEqual(['a 0-40', 'c 40-100']);
  });

  it('cuts a child that outlives its parent and skips what the parent does not wait for', () => {
    expect(path([span('r', null, 1, 200), span('a', 'r', 1, 100), span('b', 'a', 51, 100)]))
      .toEqual(['r 100-200', 'a 0-50', 'b 50-100']);
    expect(path([span('a', null, 1, 100), span('b', null, 41, 60, {
      references: [{ refType: 'FOLLOWS_FROM', traceID: 't', spanID: 'a' }] })]))
      .toEqual(['a 0-100']);
  });
});

describe('a trace of 50,000 spans', () => {
  it('is laid out within five seconds, sanitizers building beside it', () => {
    const big = largeTrace('t', 50_000, 1_700_000_000_000_000);
    const startedMs = performance.now();
    const { layout } = buildTrace(big);
    const tookMs = performance.now() - startedMs;
    console.log(`50,000 spans laid out in ${tookMs.toFixed(0)} ms`);
    expect(layout.count).toBe(50_000);
    expect(tookMs).toBeLessThan(5000);
  });
});
