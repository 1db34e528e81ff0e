import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recentTraces } from '../../dev/generate';
import type { ApiSpan, KeyValue } from '../api/types';
import { linePath } from './bar_paths';
import { buildTrace } from './build';
import { conversation, spanDetails, stackLines } from './details';
import { findRows, nextMatch } from './find';
import { firstRowIn, nextError, visibleRows } from './layout';
import { stepWidth, treeGeometry } from './tree_lines';
import { httpLink, prettyJson } from './values';
import { clampWindow, initialView, reduceView, type ViewAction } from './view_state';

const trace = recentTraces(20, 1.7e15, 3600e6).find((t) => t.spans.length > 30)!;
const { layout, spans } = buildTrace(trace);
const tag = (key: string, value: unknown): KeyValue => ({ key, value });

const anyAction: fc.Arbitrary<ViewAction> = fc.oneof(
  fc.record({ type: fc.constant('select' as const), row: fc.integer({ min: -3, max: 99 }) }),
  fc.record({ type: fc.constant('move' as const), by: fc.integer({ min: -99, max: 99 }) }),
  fc.record({ type: fc.constant('toggle' as const), row: fc.nat(layout.count - 1) }),
  fc.record({ type: fc.constant('fold' as const), isFolded: fc.boolean() }),
  fc.record({ type: fc.constant('level' as const), by: fc.constantFrom(-1, 1) }),
  fc.constantFrom({ type: 'collapseAll' as const }, { type: 'expandAll' as const },
    { type: 'critical' as const }),
  fc.record({ type: fc.constant('window' as const), fromUs: fc.double({ noNaN: true }),
    toUs: fc.double({ noNaN: true }) }),
  fc.record({ type: fc.constant('zoom' as const), factor: fc.double({ min: 0.1, max: 9 }) }),
  fc.record({ type: fc.constant('pan' as const), by: fc.double({ min: -2, max: 2 }) }),
);

describe('the view', () => {
  it('stays sound whatever the reader does', () => {
    fc.assert(fc.property(fc.array(anyAction, { maxLength: 30 }), (actions) => {
      let state = initialView(layout, null);
      for (const action of actions) {
        state = reduceView(layout, state, action);
        expect(state.fromUs).toBeGreaterThanOrEqual(0);
        expect(state.toUs).toBeGreaterThan(state.fromUs);
        expect(state.toUs).toBeLessThanOrEqual(layout.durationUs * (1 + 1e-12));
        expect(state.selected).toBeLessThan(layout.count);
        if (action.type === 'select' || action.type === 'move') {
          expect([...visibleRows(layout, state.collapsed)]).toContain(state.selected);
        }
      }
    }), { numRuns: 300 });
  });

  it('opens at the span that the address names', () => {
    const id = layout.spanIds[7] ?? '';
    expect(initialView(layout, id)).toMatchObject({ selected: 7, isOpen: true });
    expect(initialView(layout, 'gone')).toMatchObject({ selected: -1, isOpen: false });
  });

  it('folds level by level and unfolds again', () => {
    let state = initialView(layout, null);
    const shown = () => visibleRows(layout, state.collapsed);
    const deepest = () => Math.max(...[...shown()].map((row) => layout.depth[row] ?? 0));
    for (let level = layout.maxDepth - 1; level >= 0; level--) {
      state = reduceView(layout, state, { type: 'level', by: -1 });
      expect(deepest()).toBe(level);
    }
    for (let level = 1; level <= layout.maxDepth; level++) {
      state = reduceView(layout, state, { type: 'level', by: 1 });
      expect(deepest()).toBe(level);
    }
    expect(shown().length).toBe(layout.count);
  });

  it('moves the selection to the row that stays when its subtree is folded away', () => {
    let state = reduceView(layout, initialView(layout, null), { type: 'select', row: 5 });
    state = reduceView(layout, state, { type: 'level', by: -1 });
    state = reduceView(layout, state, { type: 'collapseAll' });
    expect([...visibleRows(layout, state.collapsed)]).toContain(state.selected);
  });

  it('never lets the window leave the trace', () => {
    expect(clampWindow(layout, -5, 10)).toEqual({ fromUs: 0, toUs: 10 });
    expect(clampWindow(layout, 10, 5)).toEqual({ fromUs: 5, toUs: 10 });
    const point = clampWindow(layout, 1e15, 1e15);
    expect(point.toUs - point.fromUs).toBeGreaterThan(0);
  });
});

describe('finding', () => {
  const find = (text: string) => [...findRows(spans, trace.processes, text)];
  it('looks at names, services, keys, values, events and ids', () => {
    expect(find('RERANK').length).toBe(1);
    expect(find('rag-service').length).toBeGreaterThanOrEqual(4);
    expect(find('gen_ai.provider').length).toBeGreaterThan(0);
    expect(find('first_token').length).toBeGreaterThan(0);
    expect(find(layout.spanIds[3] ?? '')).toEqual([3]);
    expect(find('  ')).toEqual([]);
    expect(find('no such text anywhere')).toEqual([]);
  });
  it('takes key=value apart', () => {
    const rows = find('rag.collection=off');
    expect(rows.length).toBe(3);
    expect(find('rag.collection=x')).toEqual([]);
    expect(find('span.kind=server').length).toBeGreaterThan(1);
  });
  it('goes round in both directions', () => {
    const rows = Int32Array.from([3, 8, 20]);
    expect([-1, 3, 5, 20].map((row) => nextMatch(rows, row, 1))).toEqual([3, 8, 8, 3]);
    expect([-1, 3, 5, 20].map((row) => nextMatch(rows, row, -1))).toEqual([20, 20, 3, 8]);
    expect(nextMatch(new Int32Array(0), 4, 1)).toBe(-1);
  });
  it('finds the first span of a time window', () => {
    const from = layout.start[6] ?? 0;
    const row = firstRowIn(layout, from, layout.durationUs);
    expect(layout.start[row]).toBeGreaterThanOrEqual(from);
    expect(row).toBeLessThanOrEqual(6);
    expect(firstRowIn(layout, 0, layout.durationUs)).toBe(0);
    expect(firstRowIn(layout, layout.durationUs * 2, layout.durationUs * 3)).toBe(-1);
  });
  it('goes round the errors', () => {
    const clean = { ...layout, flags: new Uint8Array(layout.count) };
    expect(nextError(clean, -1, 1)).toBe(-1);
    clean.flags[4] = 1;
    expect([nextError(clean, -1, 1), nextError(clean, 4, 1), nextError(clean, 9, 1),
      nextError(clean, 2, -1)]).toEqual([4, 4, 4, 4]);
  });
});

describe('details', () => {
  const span = (tags: KeyValue[], more: Partial<ApiSpan> = {}): ApiSpan => ({
    traceID: 't', spanID: 's', operationName: 'o', startTime: 1, duration: 1, processID: 'p',
    tags, ...more });
  const details = (tags: KeyValue[], more: Partial<ApiSpan> = {}) =>
    spanDetails(span(tags, more), undefined, ['added']);

  it('sums up a model call in every convention', () => {
    const current = details([tag('gen_ai.request.model', 'm'), tag('gen_ai.provider.name', 'p'),
      tag('gen_ai.usage.input_tokens', 12), tag('gen_ai.usage.output_tokens', '3'), tag('a', 1)]);
    expect(current.genAi).toMatchObject({ model: 'm', provider: 'p', inputTokens: 12,
      outputTokens: 3 });
    expect(current.tags.map((t) => t.key)).toEqual(['a']);
    const openInference = details([tag('llm.model_name', 'n'), tag('llm.token_count.prompt', 5)]);
    expect(openInference.genAi).toMatchObject({ model: 'n', inputTokens: 5, outputTokens: null });
    const plain = details([tag('http.route', '/'), tag('gen_ai.conversation.id', 'c')]);
    expect(plain.genAi).toBeNull();
    expect(plain.tags.map((t) => t.key)).toEqual(['gen_ai.conversation.id', 'http.route']);
  });

  it('finds the talk as JSON, numbered, or as plain text', () => {
    expect(conversation([
      tag('gen_ai.system_instructions', '[{"type":"text","content":"be kind"}]'),
      tag('gen_ai.input.messages', '[{"role":"user","parts":[{"type":"text","content":"hi"}]}]'),
      tag('gen_ai.output.messages', '[{"role":"assistant","content":"hello"}]'),
    ])).toEqual([{ role: 'system', text: 'be kind' }, { role: 'user', text: 'hi' },
      { role: 'assistant', text: 'hello' }]);
    expect(conversation([
      tag('gen_ai.prompt.1.content', 'b'), tag('gen_ai.prompt.0.role', 'system'),
      tag('gen_ai.prompt.0.content', 'a'), tag('gen_ai.prompt.1.role', 'user'),
      tag('gen_ai.completion.0.role', 'assistant'),
      tag('gen_ai.completion.0.tool_calls.0.name', 'ls'),
    ]).map((m) => `${m.role}: ${m.text}`)).toEqual(['system: a', 'user: b', 'assistant: calls ls']);
    expect(conversation([tag('gen_ai.input.messages', 'not json')]))
      .toEqual([{ role: 'user', text: 'not json' }]);
  });

  it('never fails on what models and senders write', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.string(), (json, text) => {
      for (const value of [JSON.stringify(json), text]) {
        conversation([tag('gen_ai.input.messages', value), tag('llm.input_messages.9999.x', value)]);
        stackLines(value);
        prettyJson(value);
        httpLink(value);
      }
    }));
  });

  it('collects the error, its events in order and its links', () => {
    const found = details([tag('error', true), tag('otel.status_description', 'broke')], {
      logs: [
        { timestamp: 9, fields: [tag('event', 'exception'), tag('exception.type', 'E'),
          tag('exception.message', 'm'), tag('exception.stacktrace', 's')] },
        { timestamp: 4, fields: [tag('message', 'first')] },
      ],
      references: [{ refType: 'CHILD_OF', traceID: 't', spanID: 'a' },
        { refType: 'FOLLOWS_FROM', traceID: 'u', spanID: 'b' }],
      warnings: ['own'] });
    expect(found.isError).toBe(true);
    expect(found.statusMessage).toBe('broke');
    expect(found.exceptions).toEqual([{ type: 'E', message: 'm', stack: 's' }]);
    expect(found.events.map((event) => event.name)).toEqual(['first', 'exception']);
    expect(found.links.map((link) => link.traceID)).toEqual(['u']);
    expect(found.warnings).toEqual(['own', 'added']);
  });

  it('tells own frames from those of libraries', () => {
    expect(stackLines('Boom: x\n    at mine (/app/a.js:1:2)\n    at lib (/app/node_modules/b.js:3)')
      .map((line) => line.kind)).toEqual(['head', 'own', 'library']);
    expect(stackLines('Traceback (most recent call last):\n  File "/srv/a.py", line 1\n    f()\n' +
      '  File "/usr/lib/python3/site-packages/x.py", line 2\n    g()\nE: no')
      .map((line) => line.kind)).toEqual(['plain', 'own', 'plain', 'library', 'library', 'head']);
  });

  it('links only http addresses', () => {
    expect(httpLink('https://a.b/c?d=e')).toBe('https://a.b/c?d=e');
    expect(httpLink('javascript:alert(1)')).toBeNull();
    expect(httpLink('https://a b')).toBeNull();
  });
});

describe('drawing', () => {
  it('closes gaps of the critical path that cannot be seen', () => {
    const critical = { offsets: Int32Array.from([0, 6]),
      values: Float64Array.from([0, 100, 100.5, 200, 900, 1000]) };
    expect(linePath(critical, 0, 0, 1000)).toBe('M0.0 20H200.0M900.0 20H1000.0');
    expect(linePath(critical, 0, 300, 800)).toBe('');
    const many = Float64Array.from({ length: 20_000 }, (_, k) => k * 3 + (k % 2));
    const dense = { offsets: Int32Array.from([0, many.length]), values: many };
    expect(linePath(dense, 0, 0, 60_000).length).toBeLessThan(20_000);
  });

  it('keeps the tree inside its column at any depth', () => {
    fc.assert(fc.property(fc.nat(layout.count - 1), fc.integer({ min: 160, max: 900 }),
      fc.boolean(), (row, width, isCollapsed) => {
        const { x, path } = treeGeometry(layout, row, width, isCollapsed);
        expect(x).toBeLessThanOrEqual(width * 0.6);
        expect(path).not.toContain('NaN');
      }));
    expect(stepWidth(1000, 400)).toBe(3);
    expect(stepWidth(3, 400)).toBe(16);
  });
});
