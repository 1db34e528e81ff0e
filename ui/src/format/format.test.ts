import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  apiDuration, formatAgo, formatDuration, formatPercent, parseDuration, timeTicks,
} from './format';

describe('formatDuration', () => {
  it.each([
    [0, '0'], [0.35, '350 ns'], [1, '1 µs'], [12.34, '12.3 µs'], [999.4, '999 µs'],
    [999.9, '1 ms'], [4567, '4.57 ms'], [999_700, '1 s'], [1_234_000, '1.23 s'],
    [59.99e6, '1m'], [200e6, '3m 20s'], [7500e6, '2h 5m'], [99 * 3600e6, '4d 3h'],
    [-1500, '-1.5 ms'], [NaN, '-'],
  ])('writes %d us as %s', (us, text) => expect(formatDuration(us)).toBe(text));

  it('never shows 1000 of a unit that has a bigger one', () => {
    fc.assert(fc.property(fc.double({ min: 0.001, max: 1e15, noNaN: true }), (us) => {
      expect(formatDuration(us)).not.toMatch(/^1000 (ns|µs|ms)$|^60 s$| 60[sm]$/);
    }));
  });
});

describe('parseDuration', () => {
  it.each([
    ['100ms', 100_000], ['1.5s', 1_500_000], ['2m30s', 150e6], ['250 us', 250], ['3µs', 3],
    ['1h 5m', 3900e6], ['800ns', 0.8],
  ])('reads %s', (text, us) => {
    const parsed = parseDuration(text);
    expect(parsed).toEqual({ ok: true, value: expect.closeTo(us, 6) as number });
  });

  it.each([['5', 'no unit'], ['5 parsecs', 'unknown unit'], ['fast', 'not a duration'], ['', 'empty'],
    ['-5ms', 'not a duration']])('says what is wrong with "%s"', (text, message) => {
    const parsed = parseDuration(text);
    expect(parsed.ok ? '' : parsed.error).toContain(message);
  });

  it('reads back what apiDuration writes', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 10 ** 12 }), (us) => {
      expect(parseDuration(apiDuration(us))).toEqual({ ok: true, value: us });
    }));
  });
});

describe('timeTicks', () => {
  it('gives rising ticks inside the range, not many more than asked for', () => {
    fc.assert(fc.property(
      fc.double({ min: 0, max: 1e12, noNaN: true }),
      fc.double({ min: 0.01, max: 1e13, noNaN: true }),
      fc.integer({ min: 1, max: 12 }), (from, span, count) => {
        const ticks = timeTicks(from, from + span, count);
        expect(ticks.length).toBeLessThanOrEqual(count + 2);
        for (const [k, tick] of ticks.entries()) {
          expect(tick).toBeGreaterThanOrEqual(from - span * 1e-6);
          expect(tick).toBeLessThanOrEqual(from + span * 1.000001);
          if (k > 0) expect(tick).toBeGreaterThan(ticks[k - 1] ?? Infinity);
        }
      }));
  });
});

describe('small ones', () => {
  it('says how long ago', () => {
    expect(formatAgo(0, 2e6)).toBe('just now');
    expect(formatAgo(0, 300e6)).toBe('5 min ago');
    expect(formatAgo(0, 280 * 86400e6)).toBe('9 months ago');
    expect(formatAgo(0, 2600 * 86400e6)).toBe('7 years ago');
    expect(formatAgo(300e6, 0)).toBe('in 5 min');
  });
  it('does not call a small part nothing', () => {
    expect(formatPercent(1, 1e6)).toBe('<0.1%');
    expect(formatPercent(0, 1e6)).toBe('0%');
    expect(formatPercent(1, 0)).toBe('-');
  });
});
