// Service colours. Found by dev/make_palette.mjs (10 slots, seed 2): over both themes, and over
// normal vision and three kinds of dichromacy, no two slots come closer than 0.068 in OKLab;
// every colour keeps at least 3:1 against its surface, and none is near the error red.

export type ThemeName = 'light' | 'dark';

export const kServicePalette: Record<ThemeName, readonly string[]> = {
  light: [
    '#2b66dc', '#0f9760', '#9e4606', '#935097', '#00a1c1',
    '#a19613', '#d36797', '#0a745c', '#7b75cd', '#84810a',
  ],
  dark: [
    '#5a92fe', '#52c68b', '#d0621a', '#bd77c1', '#30d7fe',
    '#d4ca57', '#fea3c8', '#389a7f', '#a7a3ff', '#b2ae12',
  ],
};

export const kSurface: Record<ThemeName, string> = { light: '#ffffff', dark: '#11161d' };

export const kSlotCount = kServicePalette.light.length;
