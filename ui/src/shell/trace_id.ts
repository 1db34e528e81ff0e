// Trace ids as people paste them.

/** Takes a bare id, an id in quotes, a traceparent header or the address of a trace. */
export function traceIdIn(text: string): string | null {
  const hex = /[0-9a-f]{16,32}/i.exec(text.replace(/^\s*00-/, ''));
  const bare = /^[0-9a-f]{1,32}$/i.exec(text.trim());
  return (bare?.[0] ?? hex?.[0] ?? null)?.toLowerCase() ?? null;
}
