// A router of our own: the pages are few, and their state lives in the address.
import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from 'react';

const listeners = new Set<() => void>();
window.addEventListener('popstate', notify);

function notify(): void {
  for (const listener of listeners) listener();
}

function currentHref(): string {
  return window.location.pathname + window.location.search;
}

export function navigate(href: string, options: { replace?: boolean } = {}): void {
  if (href === currentHref()) return;
  if (options.replace) window.history.replaceState(null, '', href);
  else window.history.pushState(null, '', href);
  notify();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export interface Location {
  path: string;
  query: URLSearchParams;
}

/** Path and query; renders again when either changes. */
export function useLocation(): Location {
  const href = useSyncExternalStore(subscribe, currentHref);
  const at = href.indexOf('?');
  return at < 0
    ? { path: href, query: new URLSearchParams() }
    : { path: href.slice(0, at), query: new URLSearchParams(href.slice(at)) };
}

/** True for clicks that the browser must handle itself: new tab, download, other button. */
function isBrowserClick(event: MouseEvent<HTMLAnchorElement>): boolean {
  return (
    event.defaultPrevented || event.button !== 0 ||
    event.metaKey || event.ctrlKey || event.shiftKey || event.altKey
  );
}

type LinkProps = AnchorHTMLAttributes<HTMLAnchorElement> & { href: string };

export function Link({ href, onClick, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (isBrowserClick(event)) return;
    event.preventDefault();
    navigate(href);
  };
  return (
    <a href={href} onClick={follow} {...rest}>
      {children}
    </a>
  );
}
