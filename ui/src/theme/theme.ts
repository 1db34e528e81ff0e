// The theme: what the user chose, else what the system prefers. The choice is kept in
// localStorage and applied as <html data-theme> (public/theme.js does it before first paint).
import { useSyncExternalStore } from 'react';
import { kServicePalette, type ThemeName } from './palette';

export type ThemeChoice = ThemeName | 'system';
const kStorageKey = 'binnacle.theme';
const listeners = new Set<() => void>();
const darkQuery = window.matchMedia('(prefers-color-scheme: dark)');
darkQuery.addEventListener('change', notify);

function notify(): void {
  for (const listener of listeners) listener();
}

export function themeChoice(): ThemeChoice {
  const chosen = document.documentElement.dataset['theme'];
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
}

export function themeName(): ThemeName {
  const choice = themeChoice();
  if (choice !== 'system') return choice;
  return darkQuery.matches ? 'dark' : 'light';
}

export function chooseTheme(choice: ThemeChoice): void {
  const root = document.documentElement;
  if (choice === 'system') delete root.dataset['theme'];
  else root.dataset['theme'] = choice;
  try {
    if (choice === 'system') localStorage.removeItem(kStorageKey);
    else localStorage.setItem(kStorageKey, choice);
  } catch {
    // Without storage the choice lasts until the page is closed.
  }
  notify();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useThemeName(): ThemeName {
  return useSyncExternalStore(subscribe, themeName);
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, themeChoice);
}

/** Defines --service-N for both themes; the stylesheet picks by the same rules as the tokens. */
export function installServicePalette(): void {
  const vars = (theme: ThemeName) =>
    kServicePalette[theme].map((color, slot) => `--service-${slot}:${color}`).join(';');
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(
    `:root{${vars('light')}}` +
      `@media (prefers-color-scheme: dark){:root:not([data-theme='light']){${vars('dark')}}}` +
      `:root[data-theme='dark']{${vars('dark')}}`,
  );
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
