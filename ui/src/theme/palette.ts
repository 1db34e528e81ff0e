// Service colours. Found by dev/make_palette.mjs (10 slots, seed 1): over both themes and
// three kinds of dichromacy no two slots come closer than 0.060 in OKLab, for normal vision 0.098;
// every colour keeps at least 3:1 against its surface, and none is near the error red.

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

export const kSlotCount = kServicePalette.light.length;
