// Service colours. Found by dev/make_palette.mjs (10 slots, seed 5): over both themes and
// three kinds of dichromacy no two slots come closer than 0.066 in OKLab, for normal vision 0.106;
// every colour keeps at least 3:1 against its surface, and none is near the error red.

export type ThemeName = 'light' | 'dark';

export const kServicePalette: Record<ThemeName, readonly string[]> = {
  light: [
    '#3a74e7', '#af6c00', '#05736b', '#c1367f', '#5a8a50',
    '#6545c6', '#9c9809', '#09a2b5', '#905fa5', '#776105',
  ],
  dark: [
    '#75a4fe', '#ea9307', '#0f9b90', '#f163a8', '#85b67a',
    '#866bef', '#d1cc21', '#1fd9f2', '#bb89d2', '#a18306',
  ],
};

export const kSurface: Record<ThemeName, string> = { light: '#ffffff', dark: '#11161d' };

export const kSlotCount = kServicePalette.light.length;
