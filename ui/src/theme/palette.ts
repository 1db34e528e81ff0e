// Service colours. Found by dev/make_palette.mjs (10 slots, seed 1): over both themes and
// three kinds of dichromacy no two slots come closer than 0.060 in OKLab, for normal vision 0.098;
// every colour keeps at least 3:1 against its surface, and none is near the error red. More than
// ten colours cannot be told apart in all these ways of seeing: further services share a colour
// and differ by a mark, which needs no colour vision at all.

export type ThemeName = 'light' | 'dark';

export const kServicePalette: Record<ThemeName, readonly string[]> = {
  light: [
    '#2e58ca', '#c38608', '#13968b', '#7f67ea', '#c65b04',
    '#0a8944', '#aa2472', '#069fd0', '#729f5d', '#7a4e9d',
  ],
  dark: [
    '#4f7ef3', '#ffb83f', '#4dc6b9', '#aa9ffe', '#ff8436',
    '#12b85d', '#d34e96', '#6cd2ff', '#a3d38e', '#9e72c4',
  ],
};

export const kSurface: Record<ThemeName, string> = { light: '#ffffff', dark: '#11161d' };

/** In the order in which they are given out. */
export const kServiceMarks = ['filled', 'striped', 'hollow'] as const;
export type ServiceMark = (typeof kServiceMarks)[number];

export const kColorCount = kServicePalette.light.length;
/** Looks that differ: each colour with each mark. The first kColorCount are the filled ones. */
export const kSlotCount = kColorCount * kServiceMarks.length;

export function slotColor(slot: number): number {
  return slot % kColorCount;
}

export function slotMark(slot: number): ServiceMark {
  return kServiceMarks[Math.floor(slot / kColorCount)] ?? 'filled';
}
