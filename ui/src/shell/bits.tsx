// Small pieces that every page shares.
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { ApiFailure } from '../api/http';
import { formatAgo, formatTime, formatUtc } from '../format/format';
import { serviceColors } from '../theme/service_colors';
import { Icon, type IconName } from './icons';

export function ServiceDot({ name }: { name: string }) {
  return (
    <span className="service-dot service-fill" {...serviceColors.fill(name)} aria-hidden="true" />
  );
}

/** A service with its number of spans; errors are named as well as coloured. */
export function ServiceChip({ name, spans, errors }: {
  name: string; spans?: number; errors?: number;
}) {
  const title = `${name}${spans === undefined ? '' : `: ${spans} spans`}` +
    (errors ? `, ${errors} with errors` : '');
  return (
    <span className="chip" title={title}>
      <ServiceDot name={name} />
      <span className="chip-name">{name}</span>
      {spans !== undefined && <span className="chip-count">{spans}</span>}
      {errors ? <span className="chip-error"><Icon name="error" size={10} />{errors}</span> : null}
    </span>
  );
}

/** Local time with UTC on hover; with `nowUs` as an age, with `isClock` without the date. */
export function Time({ us, nowUs, isClock = false }: {
  us: number; nowUs?: number; isClock?: boolean;
}) {
  return (
    <time dateTime={new Date(us / 1000).toISOString()} title={formatUtc(us)}>
      {nowUs !== undefined ? formatAgo(us, nowUs) : formatTime(us).slice(isClock ? 11 : 0)}
    </time>
  );
}

export function IconButton({ icon, label, onClick, pressed, disabled, className = '' }: {
  icon: IconName; label: string; onClick: () => void;
  pressed?: boolean; disabled?: boolean; className?: string;
}) {
  return (
    <button type="button" className={`icon-button ${className}`} onClick={onClick}
      title={label} aria-label={label} aria-pressed={pressed} disabled={disabled}>
      <Icon name={icon} />
    </button>
  );
}

/** Copies and says so for a moment, to the eye and to a screen reader. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const copy = () => {
    void writeClipboard(text).then(() => {
      setCopied(true);
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(() => setCopied(false), 1500);
    });
  };
  return (
    <button type="button" className="icon-button copy" onClick={copy}
      title={label} aria-label={copied ? 'copied' : label}>
      <Icon name={copied ? 'check' : 'copy'} size={12} />
    </button>
  );
}

/** The clipboard API exists only on https and localhost; elsewhere a selection does it. */
async function writeClipboard(text: string): Promise<void> {
  if (window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

export function Failure({ cause, onRetry }: { cause: unknown; onRetry?: () => void }) {
  const message = cause instanceof Error ? cause.message : String(cause);
  const remedy = cause instanceof ApiFailure ? cause.remedy : 'Reload the page.';
  return (
    <div className="notice notice-error" role="alert">
      <Icon name="error" size={16} />
      <div>
        <strong>{message}</strong>
        <p>{remedy}</p>
      </div>
      {onRetry && <button type="button" className="button" onClick={onRetry}>Try again</button>}
    </div>
  );
}

export function Notice({ children }: { children: ReactNode }) {
  return (
    <div className="notice notice-warn" role="note">
      <Icon name="help" size={16} />
      <div>{children}</div>
    </div>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === '' ? 'Binnacle' : `${title} - Binnacle`;
  }, [title]);
}

/** Remembers a small setting in localStorage. */
export function useStored(key: string, initial: number): [number, (value: number) => void] {
  const [value, setValue] = useState(() => {
    try {
      const saved = Number(localStorage.getItem(key) ?? NaN);
      return Number.isFinite(saved) ? saved : initial;
    } catch {
      return initial;
    }
  });
  const store = (next: number) => {
    setValue(next);
    try {
      localStorage.setItem(key, String(next));
    } catch {
      // Without storage it lasts until the page is closed.
    }
  };
  return [value, store];
}
