import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ManualClock } from '../../../shared/adapters/local/clock.ts';
import { parseInstant } from '../../../shared/domain/time.ts';
import { type RsaKey, rsaKey } from '../rsa-keys.ts';
import { BucketDouble, type ObjectDescription, StorageRefusal, type StoredObject } from './storage-bucket.ts';
import {
  Faults,
  flipped,
  operationOf,
  type StorageFault,
  type StorageOperation,
  send,
  sendContent,
} from './storage-faults.ts';
import { LinkRefusal, verifyLink } from './storage-links.ts';
import { readMultipart, UploadSession } from './storage-uploads.ts';

export interface StorageDoubleOptions {
  /** Retention counts from this clock and links expire by it; one of its own, set to now, where absent. */
  readonly clock?: ManualClock;
  /** How long the bucket keeps its objects; 7 years (2557 days) unless said. */
  readonly retentionSeconds?: number;
}

const CUT = new Error('the connection was cut');
const SEVEN_YEARS_SECONDS = 2557 * 86_400;
const ACCOUNT = 'tallystick@tallystick-test.iam.gserviceaccount.com';

/** One key for all doubles of a process: making one takes longer than a test. */
let accountKey: RsaKey | undefined;

/**
 * Stands in for Cloud Storage on the wire: an HTTP server that speaks the JSON API to the unmodified client, and answers
 * V4 signed links as the XML API does.
 *
 * It knows buckets with retention and its lock, multipart and resumable uploads, generations and their preconditions,
 * checksums both ways, listings page by page. Requests of the JSON API need no token: the client sends none to an address that
 * is not Google's. Signatures of links are really verified.
 */
export class StorageDouble {
  readonly project = 'tallystick-test';
  readonly bucket = 'tallystick-vault';
  readonly clock: ManualClock;
  readonly endpoint: string;
  /** The service account whose links are honoured, with its private key. */
  readonly credentials: { readonly client_email: string; readonly private_key: string };
  /** Most items of one page of a listing. */
  pageSize = 1000;
  /** How many requests came with a token. */
  tokens = 0;
  readonly #key: RsaKey;
  readonly #server: Server;
  readonly #buckets = new Map<string, BucketDouble>();
  readonly #sessions = new Map<string, UploadSession>();
  readonly #faults = new Faults();

  private constructor(server: Server, { clock, retentionSeconds = SEVEN_YEARS_SECONDS }: StorageDoubleOptions) {
    this.#server = server;
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.clock = clock ?? new ManualClock(parseInstant(new Date().toISOString(), 'now'));
    accountKey ??= rsaKey('evidence');
    this.#key = accountKey;
    const pem = this.#key.privateKey.export({ type: 'pkcs8', format: 'pem' });
    this.credentials = { client_email: ACCOUNT, private_key: pem.toString() };
    this.#buckets.set(this.bucket, new BucketDouble(this.bucket, this.clock, String(retentionSeconds)));
  }

  static async start(options: StorageDoubleOptions = {}): Promise<StorageDouble> {
    const server = createServer((req, res) => void double.#serve(req, res));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const double = new StorageDouble(server, options);
    return double;
  }

  /** The next requests of a kind go wrong. */
  fault(operation: StorageOperation, fault: StorageFault, times = Number.POSITIVE_INFINITY): void {
    this.#faults.plan(operation, fault, times);
  }

  /** From now on there are no faults. */
  behave(): void {
    this.#faults.clear();
  }

  /** What was to go wrong and has not been asked for yet. */
  faultsLeft(): string[] {
    return this.#faults.left();
  }

  /** How many requests of a kind there were. */
  count(operation: StorageOperation): number {
    return this.#faults.count(operation);
  }

  /** The stored object itself, to look at or to damage. */
  object(name: string): StoredObject {
    return this.#bucket(this.bucket).get(name);
  }

  /** Every object of the vault. */
  objects(): StoredObject[] {
    return this.#bucket(this.bucket).objects();
  }

  /** Puts an object there past the API's preconditions, as another program with access to the bucket could. */
  put(name: string, bytes: Buffer, description: ObjectDescription = {}): void {
    this.#bucket(this.bucket).insert(name, bytes, description, null);
  }

  /** Forgets the resumable uploads under way, as the service does after a week. */
  forgetUploads(): void {
    this.#sessions.clear();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { socket } = req;
    const url = new URL(req.url ?? '', this.endpoint);
    const operation = operationOf(req.method ?? '', url);
    const fault = this.#faults.next(operation);
    if (req.headers.authorization !== undefined) this.tokens++;
    if (fault === 'reset') return void req.socket.destroy();
    try {
      const body = await this.#bodyOf(req, url, operation === 'upload' && fault === 'cut');
      if (fault === 'unavailable') throw new StorageRefusal(503, 'backendError', 'We encountered an internal error.');
      if (fault === 'busy') throw new StorageRefusal(429, 'rateLimitExceeded', 'The rate of changes is too high.');
      if (fault === 'forbidden') throw new StorageRefusal(403, 'forbidden', `${ACCOUNT} does not have access.`);
      if (fault === 'absent') throw new StorageRefusal(404, 'notFound', 'No such object.');
      if (operation === 'link') this.#answerLink(req, res, url, fault);
      else this.#answer(req, res, url, body, fault);
    } catch (error) {
      if (error instanceof StorageRefusal) send(res, error.status, error.toJSON());
      else if (error instanceof LinkRefusal) res.writeHead(error.status).end(error.toXml());
      else if (error === CUT || (error as { code?: unknown }).code === 'ECONNRESET') socket.destroy();
      else throw error;
    }
  }

  /** Reads a request's body. @param isCut whether the connection breaks half-way through it */
  async #bodyOf(req: IncomingMessage, url: URL, isCut: boolean): Promise<Buffer> {
    const chunks: Buffer[] = [];
    const half = isCut ? Number(req.headers['content-length'] ?? 2) / 2 : Number.POSITIVE_INFINITY;
    for await (const chunk of req as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      if (chunks.reduce((sum, { length }) => sum + length, 0) < half) continue;
      const range = req.headers['content-range'] ?? '';
      this.#sessions.get(url.searchParams.get('upload_id') ?? '')?.interrupted(range, Buffer.concat(chunks));
      throw CUT;
    }
    return Buffer.concat(chunks);
  }

  #answer(req: IncomingMessage, res: ServerResponse, url: URL, body: Buffer, fault: StorageFault | undefined): void {
    const query = url.searchParams;
    const [, bucketName = '', rest = '', objectName = ''] =
      /^(?:\/upload)?\/storage\/v1\/b(?:\/([^/]+))?(?:\/(o|lockRetentionPolicy))?(?:\/([^/]+))?$/.exec(url.pathname) ??
      [];
    const name = decodeURIComponent(objectName);
    if (rest !== 'o') return this.#answerBucket(req, res, url, bucketName, rest, body);
    const bucket = this.#bucket(bucketName);
    const expected = query.get('ifGenerationMatch');
    if (url.pathname.startsWith('/upload/')) {
      if (query.get('uploadType') === 'multipart') {
        const { description, content } = readMultipart(body, req.headers['content-type'] ?? '');
        const came = fault === 'flip' || fault === 'careless' ? flipped(content) : content;
        const { crc32c: _, ...unchecked } = description;
        const kept = fault === 'careless' ? unchecked : description;
        this.#finish(req, res, bucket, bucket.insert(query.get('name') ?? '', came, kept, expected), fault);
      } else if (req.method === 'POST') {
        const id = `session-${this.count('begin')}`;
        const description = JSON.parse(body.toString('utf8') || '{}') as ObjectDescription;
        this.#sessions.set(id, new UploadSession(bucket, query.get('name') ?? '', description, expected));
        res.writeHead(200, { Location: `${this.endpoint}${url.pathname}?uploadType=resumable&upload_id=${id}` }).end();
      } else {
        this.#answerPiece(req, res, bucket, query.get('upload_id') ?? '', body, fault);
      }
    } else if (name === '') {
      const wanted = Number(query.get('maxResults') ?? this.pageSize);
      send(res, 200, bucket.list(query.get('prefix') ?? '', query.get('pageToken'), Math.min(wanted, this.pageSize)));
    } else if (req.method === 'DELETE') {
      bucket.delete(name, expected);
      if (fault === 'lost') req.socket.destroy();
      else res.writeHead(204).end();
    } else {
      const object = bucket.get(name, query.get('generation'));
      if (query.get('alt') === 'media') sendContent(req, res, object, fault, { 'Content-Type': object.contentType });
      else send(res, 200, bucket.describe(object));
    }
  }

  #answerPiece(
    req: IncomingMessage,
    res: ServerResponse,
    bucket: BucketDouble,
    id: string,
    body: Buffer,
    fault: StorageFault | undefined,
  ): void {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new StorageRefusal(410, 'gone', 'The upload session is no longer available.');
    const change = fault === 'flip' ? flipped : (whole: Buffer) => whole;
    const object = session.put(req.headers['content-range'] ?? '', body, change);
    if (object !== undefined) return this.#finish(req, res, bucket, object, fault);
    const range = session.received === 0 ? {} : { Range: `bytes=0-${session.received - 1}` };
    res.writeHead(308, { 'Content-Length': 0, ...range }).end();
  }

  #finish(
    req: IncomingMessage,
    res: ServerResponse,
    bucket: BucketDouble,
    object: StoredObject,
    fault: StorageFault | undefined,
  ): void {
    if (fault === 'rot') object.bytes = flipped(object.bytes);
    if (fault === 'lost') req.socket.destroy();
    else send(res, 200, bucket.describe(object));
  }

  #answerBucket(req: IncomingMessage, res: ServerResponse, url: URL, name: string, act: string, body: Buffer): void {
    const wanted = (body.length === 0 ? {} : JSON.parse(body.toString('utf8'))) as {
      readonly name?: string;
      readonly retentionPolicy?: { readonly retentionPeriod: string | number } | null;
    };
    const period = wanted.retentionPolicy?.retentionPeriod;
    const expected = url.searchParams.get('ifMetagenerationMatch');
    if (name === '') {
      if (req.method !== 'POST' || wanted.name === undefined)
        throw new StorageRefusal(400, 'required', 'Required: name');
      if (this.#buckets.has(wanted.name)) throw new StorageRefusal(409, 'conflict', 'You already own this bucket.');
      const made = new BucketDouble(wanted.name, this.clock, period === undefined ? undefined : String(period));
      this.#buckets.set(wanted.name, made);
      return send(res, 200, made.resource());
    }
    const bucket = this.#bucket(name);
    if (act === 'lockRetentionPolicy') bucket.lockRetention(expected);
    else if (req.method === 'PATCH' && wanted.retentionPolicy !== undefined) {
      bucket.setRetention(period === undefined ? undefined : String(period), expected);
    } else if (req.method !== 'GET')
      throw new StorageRefusal(405, 'methodNotAllowed', `${req.method} of that is not known here`);
    send(res, 200, bucket.resource());
  }

  #answerLink(req: IncomingMessage, res: ServerResponse, url: URL, fault: StorageFault | undefined): void {
    const host = (req.headers.host ?? '').replace(/:\d+$/, '');
    verifyLink(req.method ?? '', req.url ?? '', host, {
      email: ACCOUNT,
      publicKey: this.#key.publicKey,
      clock: this.clock,
    });
    const [, bucketName = '', ...parts] = decodeURIComponent(url.pathname).split('/');
    let object: StoredObject;
    try {
      object = this.#bucket(bucketName).get(parts.join('/'));
    } catch {
      throw new LinkRefusal(404, 'NoSuchKey', 'The specified key does not exist.');
    }
    const disposition = url.searchParams.get('response-content-disposition');
    sendContent(req, res, object, fault, {
      'Content-Type': object.contentType,
      ...(disposition === null ? {} : { 'Content-Disposition': disposition }),
      ...Object.fromEntries(Object.entries(object.metadata).map(([key, value]) => [`x-goog-meta-${key}`, value])),
    });
  }

  #bucket(name: string): BucketDouble {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new StorageRefusal(404, 'notFound', 'The specified bucket does not exist.');
    return bucket;
  }
}

/** @see StorageDouble */
export const startStorageDouble = (options?: StorageDoubleOptions): Promise<StorageDouble> =>
  StorageDouble.start(options);
