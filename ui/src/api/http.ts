// One request to the query API, on the page or in the worker. Failures become ApiFailure with a
// sentence for the user and a remedy.
import type { Envelope } from './types';

export class ApiFailure extends Error {
  constructor(
    message: string,
    readonly remedy: string,
    readonly status: number,
  ) {
    super(message);
    this.name = 'ApiFailure';
  }
}

/** Fetches JSON in Jaeger's envelope and gives its data. An abort is thrown as it comes. */
export async function getData<T>(url: string, signal: AbortSignal): Promise<T> {
  const envelope = await getEnvelope<T>(url, signal);
  if (envelope.data === null || envelope.data === undefined) {
    throw new ApiFailure('The server answered without data.', `It was asked for ${url}.`, 200);
  }
  return envelope.data;
}

export async function getEnvelope<T>(url: string, signal: AbortSignal): Promise<Envelope<T>> {
  let response: Response;
  try {
    response = await fetch(url, { signal, headers: { Accept: 'application/json' } });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new ApiFailure(
      'The server cannot be reached.',
      'Check that binnacle serve is running and that this address is the right one.',
      0,
    );
  }
  let body: Envelope<T>;
  try {
    body = (await response.json()) as Envelope<T>;
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new ApiFailure(
      `The server answered ${response.status} with something other than JSON.`,
      'A proxy may stand between this page and the server.',
      response.status,
    );
  }
  const reported = body.errors?.find((error) => error?.msg);
  if (!response.ok || (reported && !body.data)) {
    throw failureOf(reported?.code ?? response.status, reported?.msg ?? '');
  }
  return body;
}

function failureOf(status: number, message: string): ApiFailure {
  const said = message === '' ? `The server answered ${status}.` : message;
  if (status === 404) return new ApiFailure(said, 'It may be too old, or not have arrived.', 404);
  if (status === 401 || status === 403) {
    return new ApiFailure(said, 'Log in, or ask for access to this tenant.', status);
  }
  if (status === 429 || status === 503) {
    return new ApiFailure(said, 'The server is busy: try again in a few seconds.', status);
  }
  if (status >= 500) return new ApiFailure(said, 'The server log says more.', status);
  return new ApiFailure(said, 'Change the search and try again.', status);
}
