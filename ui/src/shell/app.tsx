// The frame around every page: header, navigation, trace lookup, theme.
import { useState, type FormEvent } from 'react';
import { SearchPage } from '../search/search_page';
import { ServicesPage } from '../services/services_page';
import { chooseTheme, useThemeChoice, type ThemeChoice } from '../theme/theme';
import { TracePage } from '../trace/trace_page';
import { Icon, Logo, type IconName } from './icons';
import { Link, navigate, useLocation } from './router';
import { useTitle } from './bits';
import { traceIdIn } from './trace_id';

export function App() {
  const { path, query } = useLocation();
  return (
    <>
      <a className="skip" href="#main">Skip to the page</a>
      <Header path={path} />
      <main id="main" tabIndex={-1}>
        <Page path={path} query={query} />
      </main>
    </>
  );
}

function Page({ path, query }: { path: string; query: URLSearchParams }) {
  const trace = /^\/trace\/([^/]+)\/?$/.exec(path);
  if (trace) {
    const id = decode(trace[1] ?? '');
    return <TracePage key={id} traceId={id} query={query} />;
  }
  if (path === '/' || path === '/search') return <SearchPage query={query} />;
  if (path === '/services' || path === '/dependencies') return <ServicesPage />;
  return <NotFound path={path} />;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function NotFound({ path }: { path: string }) {
  useTitle('Not found');
  return (
    <section className="empty">
      <h1>There is no page at {path}</h1>
      <p><Link href="/search">Search for traces</Link> instead.</p>
    </section>
  );
}

function Header({ path }: { path: string }) {
  const current = (on: boolean) => (on ? ('page' as const) : undefined);
  const isSearch = path === '/' || path === '/search' || path.startsWith('/trace/');
  return (
    <header className="header">
      <Link href="/search" className="brand" aria-label="Binnacle, start page">
        <Logo />
        <span>Binnacle</span>
      </Link>
      <nav aria-label="Pages">
        <Link href="/search" aria-current={current(isSearch)}>Traces</Link>
        <Link href="/services" aria-current={current(path === '/services')}>Services</Link>
      </nav>
      <TraceLookup />
      <ThemeButton />
    </header>
  );
}

function TraceLookup() {
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const id = traceIdIn(text);
    setWrong(id === null && text.trim() !== '');
    if (id === null) return;
    setText('');
    navigate(`/trace/${id}`);
  };
  return (
    <form className="lookup" role="search" aria-label="Open a trace" onSubmit={submit}>
      <Icon name="search" />
      <input value={text} placeholder="Trace id or traceparent" spellCheck={false}
        aria-label="Trace id" aria-invalid={wrong} autoComplete="off"
        aria-describedby={wrong ? 'lookup-error' : undefined}
        onChange={(event) => { setText(event.target.value); setWrong(false); }} />
      {wrong && <span id="lookup-error" className="lookup-error" role="alert">
        not a trace id: it has up to 32 hexadecimal digits</span>}
    </form>
  );
}

const kThemes: Record<ThemeChoice, { next: ThemeChoice; icon: IconName; label: string }> = {
  system: { next: 'light', icon: 'auto', label: 'Theme: as the system. Switch to light' },
  light: { next: 'dark', icon: 'sun', label: 'Theme: light. Switch to dark' },
  dark: { next: 'system', icon: 'moon', label: 'Theme: dark. Switch to the system theme' },
};

function ThemeButton() {
  const theme = kThemes[useThemeChoice()];
  return (
    <button type="button" className="icon-button theme" title={theme.label}
      aria-label={theme.label} onClick={() => chooseTheme(theme.next)}>
      <Icon name={theme.icon} size={16} />
    </button>
  );
}
