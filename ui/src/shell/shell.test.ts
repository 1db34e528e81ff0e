import { describe, expect, it } from 'vitest';
import { traceIdIn } from './trace_id';

describe('a trace id', () => {
  const id = '4bf92f3577b34da6a3ce929d0e0e4736';
  it.each([
    [id, id], [id.toUpperCase(), id], [`  ${id} `, id], [`"${id}"`, id],
    [`00-${id}-00f067aa0ba902b7-01`, id], [`http://localhost:16686/trace/${id}?span=1`, id],
    ['a1b2', 'a1b2'], ['14b60fd9ae504820', '14b60fd9ae504820'],
    ['hello', null], ['', null], ['12 34', null],
  ])('is found in %s', (text, found) => expect(traceIdIn(text)).toBe(found));
});
