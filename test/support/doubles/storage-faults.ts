import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { StoredObject } from './storage-bucket.ts';

/** What a request is about. `begin` opens a resumable upload, `upload` brings content, `link` is a signed download. */
export type StorageOperation = 'begin' | 'upload' | 'describe' | 'download' | 'list' | 'delete' | 'bucket' | 'link';

/**
 * What can go wrong with it.
 *
 * - `unavailable`, `busy`, `forbidden`, `absent`: 503, 429, 403 and 404, with nothing done
 * - `reset`: the connection breaks before anything is done; `cut`: midway through the content; `lost`: after all is done and
 *   before it is said
 * - `flip`: a byte of the content turns over on its way; `careless`: and the service does not compare checksums
 * - `rot`: a byte turns over inside the service, later
 */
export type StorageFault =
  | 'unavailable'
  | 'busy'
  | 'forbidden'
  | 'absent'
  | 'reset'
  | 'cut'
  | 'lost'
  | 'flip'
  | 'careless'
  | 'rot';

/** Which requests go wrong, and how many there were of each kind. */
export class Faults {
  readonly #planned: { readonly operation: StorageOperation; readonly fault: StorageFault; times: number }[] = [];
  readonly #counts = new Map<StorageOperation, number>();

  plan(operation: StorageOperation, fault: StorageFault, times: number): void {
    this.#planned.push({ operation, fault, times });
  }

  clear(): void {
    this.#planned.length = 0;
  }

  left(): string[] {
    return this.#planned.filter(({ times }) => times > 0).map(({ operation, fault }) => `${operation} ${fault}`);
  }

  count(operation: StorageOperation): number {
    return this.#counts.get(operation) ?? 0;
  }

  /** Counts a request. @returns what goes wrong with it */
  next(operation: StorageOperation): StorageFault | undefined {
    this.#counts.set(operation, this.count(operation) + 1);
    const planned = this.#planned.find((each) => each.operation === operation && each.times > 0);
    if (planned !== undefined) planned.times--;
    return planned?.fault;
  }
}

export function operationOf(method: string, { pathname, searchParams }: URL): StorageOperation {
  if (pathname.startsWith('/upload/')) {
    return method === 'POST' && searchParams.get('uploadType') === 'resumable' ? 'begin' : 'upload';
  }
  const [, kind, name] = /^\/storage\/v1\/b\/[^/]+\/(o)(?:\/([^/]+))?$/.exec(pathname) ?? [];
  if (kind === undefined) return pathname.startsWith('/storage/v1/b') ? 'bucket' : 'link';
  if (name === undefined) return 'list';
  if (method === 'DELETE') return 'delete';
  return searchParams.get('alt') === 'media' ? 'download' : 'describe';
}

export function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length >> 1]! ^= 1;
  return copy;
}

export function send(res: ServerResponse, status: number, value: unknown): void {
  res.writeHead(status, { 'Content-Type': 'application/json; charset=UTF-8' }).end(JSON.stringify(value));
}

/** What is stored as gzip goes out as it is to those who take gzip, and unpacked to everybody else. */
export function sendContent(
  req: IncomingMessage,
  res: ServerResponse,
  object: StoredObject,
  fault: StorageFault | undefined,
  headers: Readonly<Record<string, string>>,
): void {
  const isGzip = object.contentEncoding === 'gzip';
  const isUnpacked = isGzip && !/\bgzip\b/.test(req.headers['accept-encoding']?.toString() ?? '');
  const content = isUnpacked ? gunzipSync(object.bytes) : object.bytes;
  const bytes = fault === 'flip' ? flipped(content) : content;
  res.writeHead(200, {
    ...headers,
    ...(isGzip && !isUnpacked ? { 'Content-Encoding': 'gzip' } : {}),
    'Content-Length': bytes.length,
    'x-goog-hash': `crc32c=${object.crc32c},md5=${object.md5Hash}`,
    'x-goog-generation': object.generation,
    'x-goog-metageneration': 1,
    'x-goog-stored-content-encoding': object.contentEncoding ?? 'identity',
    'x-goog-stored-content-length': object.bytes.length,
  });
  if (fault !== 'cut') return void res.end(bytes);
  res.write(bytes.subarray(0, bytes.length >> 1), () => res.socket?.destroy());
}
