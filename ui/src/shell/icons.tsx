// Icons as strokes on a 16-pixel grid; they take the text's colour and are never read aloud.
const kPaths = {
  search: 'M7 12.5a5.5 5.5 0 1 1 0-11 5.5 5.5 0 0 1 0 11ZM11 11l3.5 3.5',
  zoom: 'M7 12.5a5.5 5.5 0 1 1 0-11 5.5 5.5 0 0 1 0 11ZM11 11l3.5 3.5M4.8 7h4.4M7 4.8v4.4',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  check: 'm3 8.5 3.5 3.5L13 4.5',
  close: 'm4 4 8 8M12 4l-8 8',
  right: 'm6 3.5 4.5 4.5L6 12.5',
  down: 'M3.5 6 8 10.5 12.5 6',
  up: 'M3.5 10 8 5.5l4.5 4.5',
  left: 'M10 3.5 5.5 8l4.5 4.5',
  refresh: 'M13.5 8a5.5 5.5 0 1 1-1.6-3.9L13.5 6M13.5 2.5V6H10',
  error: 'M8 1.8 14.5 14h-13zM8 6.2v3.6M8 11.6v.6',
  filter: 'M2 3h12l-4.6 5.4v4.1L6.6 14V8.4z',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13',
  moon: 'M13.5 9.7A6 6 0 0 1 6.3 2.5a6 6 0 1 0 7.2 7.2Z',
  auto: 'M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM8 1.5v13M8 4.5l3 1.5M8 8h4.5M8 11.5l3-1.5',
  collapse: 'M2 8h12M8 1v4M6 3.3 8 5.3l2-2M8 15v-4M6 12.7l2-2 2 2',
  expand: 'M2 8h12M8 5.5v-4M6 3.2l2-2 2 2M8 10.5v4M6 12.8l2 2 2-2',
  external: 'M6.5 3h-4v10.5H13v-4M9 2h5v5M14 2 7.5 8.5',
  spark: 'M8 1.5 9.6 6.4 14.5 8l-4.9 1.6L8 14.5 6.4 9.6 1.5 8l4.9-1.6z',
  help: 'M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM6 6.3C6 5 6.9 4.3 8 4.3s2 .7 2 1.8c0 1.5-2 1.6-2 3.1M8 11.2v.6',
  panel: 'M1.5 2.5h13v11h-13zM10 2.5v11',
  path: 'M2 12h4V8h4V4h4',
} as const;

export type IconName = keyof typeof kPaths;

export function Icon({ name, size = 14 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width={size} height={size} aria-hidden="true">
      <path d={kPaths[name]} fill="none" stroke="currentColor" strokeWidth="1.5"
        strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}

/** The mark: a compass card in its ring. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
      <circle cx="16" cy="16" r="11" fill="none" stroke="#d9b36a" strokeWidth="2" />
      <path d="M16 1.8v4.4M16 25.8v4.4M1.8 16h4.4M25.8 16h4.4" stroke="#d9b36a" strokeWidth="2" />
      <path d="M22.2 9.8 18.2 18.2 13.8 13.8z" fill="#f4f7fa" />
      <path d="M9.8 22.2 13.8 13.8 18.2 18.2z" fill="#d9b36a" />
    </svg>
  );
}
