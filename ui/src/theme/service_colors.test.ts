import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  kColorCount, kServicePalette, kSlotCount, kSurface, slotColor, slotMark, type ThemeName,
} from './palette';
import { mixHex } from './service_canvas';
import { ServiceColors } from './service_colors';

function luminance(hex: string): number {
  const channel = (at: number) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

describe('palette', () => {
  it.each(['light', 'dark'] as ThemeName[])('keeps 3:1 against the %s surface', (theme) => {
    const surface = luminance(kSurface[theme]);
    for (const color of kServicePalette[theme]) {
      const own = luminance(color);
      const contrast = (Math.max(own, surface) + 0.05) / (Math.min(own, surface) + 0.05);
      expect(contrast, color).toBeGreaterThanOrEqual(3);
    }
    expect(new Set(kServicePalette[theme]).size).toBe(kColorCount);
  });
});

const anyNames = fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: kSlotCount });

/** As much of Storage as is used. */
function memory(): Storage {
  const values = new Map<string, string>();
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
  } as Storage;
}

describe('mixHex', () => {
  it('mixes by share', () => {
    expect(mixHex('#ff8000', '#0000ff', 1)).toBe('#ff8000');
    expect(mixHex('#ff8000', '#0000ff', 0)).toBe('#0000ff');
    expect(mixHex('#ff8000', '#0100ff', 0.5)).toBe('#804080');
  });
});

describe('service colours', () => {
  it('are all different while there are enough', () => {
    fc.assert(fc.property(anyNames, (names) => {
      const colors = new ServiceColors(null);
      colors.assign(names);
      expect(new Set(names.map((name) => colors.slot(name))).size).toBe(names.length);
    }));
  });

  it('are filled, and of different colours, while there are enough', () => {
    const colors = new ServiceColors(null);
    const names = Array.from({ length: kSlotCount }, (_, k) => `service-${k}`);
    colors.assign(names.slice(0, kColorCount));
    const first = names.slice(0, kColorCount).map((name) => colors.slot(name));
    expect(new Set(first.map(slotColor)).size).toBe(kColorCount);
    expect(new Set(first.map(slotMark))).toEqual(new Set(['filled']));
    colors.assign(names);
    const marks = names.slice(kColorCount).map((name) => slotMark(colors.slot(name)));
    expect(marks.filter((mark) => mark === 'striped').length).toBe(kColorCount);
    expect(marks.filter((mark) => mark === 'hollow').length).toBe(kColorCount);
  });

  it('say colour and mark apart', () => {
    const colors = new ServiceColors(null);
    colors.assign(Array.from({ length: kSlotCount }, (_, k) => `s${k}`));
    for (const name of ['s0', 's17', 's29']) {
      const fill = colors.fill(name);
      expect(fill['data-mark']).toBe(slotMark(colors.slot(name)));
      expect(fill.style).toEqual({ '--service': `var(--service-${slotColor(colors.slot(name))})` });
    }
  });

  it('do not depend on the order in which names come', () => {
    fc.assert(fc.property(anyNames, (names) => {
      const [one, two] = [new ServiceColors(null), new ServiceColors(null)];
      one.assign(names);
      two.assign([...names].reverse());
      expect(names.map((name) => one.slot(name))).toEqual(names.map((name) => two.slot(name)));
    }));
  });

  it('are not taken by a name that is only drawn', () => {
    const [looked, plain] = [new ServiceColors(null), new ServiceColors(null)];
    for (const name of ['z', 'y', 'x']) looked.slot(name);
    const names = Array.from({ length: 6 }, (_, k) => `s${k}`).concat('x', 'y', 'z');
    looked.assign(names);
    plain.assign(names);
    expect(names.map((name) => looked.slot(name))).toEqual(names.map((name) => plain.slot(name)));
  });

  it('stay the same in a session, whatever comes later', () => {
    const storage = memory();
    const colors = new ServiceColors(storage);
    colors.assign(['a', 'b']);
    const before = [colors.slot('a'), colors.slot('b')];
    colors.assign(Array.from({ length: 80 }, (_, k) => `service-${k}`));
    expect([colors.slot('a'), colors.slot('b')]).toEqual(before);
    const later = new ServiceColors(storage);
    expect([later.slot('b'), later.slot('a')].reverse()).toEqual(before);
    expect(later.slot('service-49')).toBe(colors.slot('service-49'));
  });

  it('differ within a trace even when there are many services', () => {
    const colors = new ServiceColors(null);
    for (let k = 0; k < 30; k++) colors.assign([`x${k}`, `y${k}`]);
    const group = Array.from({ length: kSlotCount }, (_, k) => `z${k}`);
    colors.assign(group);
    expect(new Set(group.map((name) => colors.slot(name))).size).toBe(kSlotCount);
  });

  it('survive damaged storage', () => {
    for (const text of ['{', '[["a",99]]', '[1]', '{"a":1}']) {
      const storage = { getItem: () => text, setItem: () => { throw new Error('full'); } };
      expect(new ServiceColors(storage as unknown as Storage).slot('a')).toBeLessThan(kSlotCount);
    }
  });
});
