import type { Storage } from '@google-cloud/storage';
import type { Clock } from '../../ports/clock.ts';
import { isPassing } from './failure.ts';

const ATTEMPTS = 3;
const WAIT_MILLISECONDS = 1000;
/** An object in the hundreds of megabytes, within one region. */
const LONGEST_MILLISECONDS = 60_000;

export interface DownloadOptions {
  readonly storage: Storage;
  readonly bucket: string;
  readonly clock: Clock;
}

/**
 * Fetches the bytes of one generation of an object, with the client's credentials but not through the client: a download that
 * the client repeats after a 503 throws where nobody can catch it, which ends the process (ERR_STREAM_UNABLE_TO_PIPE,
 * googleapis/google-cloud-node issue 8670; teeny-request 11.1.1), and one of more than some kilobytes draws a warning of leaking
 * listeners.
 * @throws the failure of the last attempt, with the status of the answer if there was one
 */
export async function download(
  { storage, bucket, clock }: DownloadOptions,
  name: string,
  generation: string,
): Promise<Uint8Array> {
  const path = `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`;
  const url = `${storage.apiEndpoint}${path}?alt=media&generation=${generation}`;
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchBytes(url, await headersFor(storage, url));
    } catch (error) {
      if (!isPassing(error) || attempt === ATTEMPTS) throw error;
    }
    await new Promise<void>((wake) => void clock.after(WAIT_MILLISECONDS, wake));
  }
}

/** As the client itself: no token for an address that is not Google's, unless it was told otherwise. */
async function headersFor(
  { authClient, customEndpoint, useAuthWithCustomEndpoint }: Storage,
  url: string,
): Promise<HeadersInit> {
  return customEndpoint && useAuthWithCustomEndpoint !== true ? {} : authClient.getRequestHeaders(url);
}

async function fetchBytes(url: string, headers: HeadersInit): Promise<Uint8Array> {
  const response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(LONGEST_MILLISECONDS) });
  if (response.ok) return response.bytes();
  await response.body?.cancel();
  throw Object.assign(new Error(response.statusText), { status: response.status });
}
