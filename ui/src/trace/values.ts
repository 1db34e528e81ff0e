// Attribute values as the details panel shows them.

/** The value laid out over lines if it is a JSON object or array, else null. */
export function prettyJson(text: string): string | null {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' ? JSON.stringify(parsed, null, 2) : null;
  } catch {
    return null;
  }
}

export function httpLink(text: string): string | null {
  if (!/^https?:\/\/\S+$/i.test(text)) return null;
  try {
    return new URL(text).href;
  } catch {
    return null;
  }
}
