// The tags field: logfmt, as in `http.status_code=500 error=true msg="a \"quoted\" text"`.
// A mistake gives its position and the remedy; nothing is guessed.

export type Tags = Record<string, string>;

export interface TagError {
  /** Offset into the text. */
  at: number;
  message: string;
}

export type TagResult = { ok: true; tags: Tags } | { ok: false; error: TagError };

const kSpace = /\s/;

/** Reads the text. A key given twice is an error, because the server can only look for one. */
export function parseTags(text: string): TagResult {
  const tags: Tags = Object.create(null) as Tags;
  let at = 0;
  const fail = (where: number, message: string): TagResult => ({
    ok: false, error: { at: where, message },
  });
  for (;;) {
    while (at < text.length && (kSpace.test(text[at] ?? '') || text[at] === ',')) at++;
    if (at >= text.length) return { ok: true, tags: { ...tags } };
    const keyAt = at;
    while (at < text.length && !kSpace.test(text[at] ?? '') && text[at] !== '=') at++;
    const key = text.slice(keyAt, at);
    if (key === '') return fail(keyAt, 'a key is missing before "="');
    if (key.startsWith('"')) return fail(keyAt, `write the key ${key} without quotes`);
    if (text[at] !== '=') {
      const colon = key.indexOf(':');
      return fail(keyAt, colon > 0
        ? `write ${key.slice(0, colon)}=${key.slice(colon + 1)} with "=" for ":"`
        : `"${key}" has no value; write ${key}=value`);
    }
    const value = readValue(text, at + 1);
    if ('error' in value) return { ok: false, error: value.error };
    if (key in tags) return fail(keyAt, `"${key}" is given twice`);
    tags[key] = value.value;
    at = value.end;
  }
}

type Value = { value: string; end: number } | { error: TagError };

function readValue(text: string, from: number): Value {
  if (text[from] !== '"') {
    let at = from;
    while (at < text.length && !kSpace.test(text[at] ?? '')) at++;
    if (at === from) return { error: { at: from, message: 'a value is missing after "="' } };
    return { value: text.slice(from, at), end: at };
  }
  let value = '';
  for (let at = from + 1; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === '\\' && at + 1 < text.length) {
      value += text[++at] ?? '';
    } else if (char === '"') {
      const next = text[at + 1];
      if (next !== undefined && !kSpace.test(next) && next !== ',') {
        return { error: { at: at + 1, message: 'put a space after the closing quote' } };
      }
      return { value, end: at + 1 };
    } else {
      value += char;
    }
  }
  return { error: { at: from, message: 'the quote is not closed' } };
}

/** Writes tags so that parseTags reads them back. */
export function formatTags(tags: Tags): string {
  return Object.entries(tags)
    .map(([key, value]) =>
      value === '' || /[\s"\\]/.test(value)
        ? `${key}="${value.replace(/[\\"]/g, '\\$&')}"`
        : `${key}=${value}`)
    .join(' ');
}
