import type { BucketDouble, ObjectDescription, StoredObject } from './storage-bucket.ts';
import { StorageRefusal } from './storage-bucket.ts';

/** Pieces of a resumable upload are multiples of this, but for the last; so is what survives an interruption. */
const GRAIN_BYTES = 256 * 1024;
const RANGE = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/;

/** Reads a `multipart/related` body (RFC 2387) of two parts: the description as JSON, then the content. */
export function readMultipart(body: Buffer, contentType: string): { description: ObjectDescription; content: Buffer } {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  const delimiter = `\r\n--${boundary}`;
  // The first delimiter has no line before it to end.
  const text = Buffer.concat([Buffer.from('\r\n'), body]);
  const parts: { type: string; content: Buffer }[] = [];
  for (let at = text.indexOf(delimiter); at >= 0; ) {
    const next = text.indexOf(delimiter, at + delimiter.length);
    if (next < 0) break;
    const blank = text.indexOf('\r\n\r\n', at);
    const type = /content-type: *([^\r\n]+)/i.exec(text.toString('latin1', at, blank))?.[1] ?? '';
    parts.push({ type, content: text.subarray(blank + 4, next) });
    at = next;
  }
  const [first, second] = parts;
  if (boundary === undefined || first === undefined || second === undefined || parts.length !== 2) {
    throw new StorageRefusal(400, 'badContent', 'Multipart body has to have two parts.');
  }
  const description = JSON.parse(first.content.toString('utf8')) as ObjectDescription;
  return { description: { contentType: second.type, ...description }, content: second.content };
}

/** One resumable upload, from its beginning to the object it makes. */
export class UploadSession {
  readonly #bucket: BucketDouble;
  readonly #name: string;
  readonly #description: ObjectDescription;
  readonly #expected: string | null;
  #content = Buffer.alloc(0);
  #made: StoredObject | undefined;

  constructor(bucket: BucketDouble, name: string, description: ObjectDescription, expected: string | null) {
    // Checked at the beginning and again at the end: nothing of the name is reserved in between.
    bucket.expectGeneration(name, expected);
    this.#bucket = bucket;
    this.#name = name;
    this.#description = description;
    this.#expected = expected;
  }

  /** How many bytes have come to stay. */
  get received(): number {
    return this.#content.length;
  }

  /** A connection broke: what came through stays, in whole grains. */
  interrupted(contentRange: string, bytes: Buffer): void {
    const { from } = readRange(contentRange);
    if (from === this.received) this.#keep(bytes.subarray(0, bytes.length - (bytes.length % GRAIN_BYTES)));
  }

  /**
   * Takes a piece, or tells how far the upload is (`bytes * /*`).
   * @param change what happens to the whole before it is checked
   * @returns the object once it is made; undefined while more is wanted
   */
  put(contentRange: string, bytes: Buffer, change: (whole: Buffer) => Buffer): StoredObject | undefined {
    // A session that is done answers with what it made, whatever it is sent.
    if (this.#made !== undefined) return this.#made;
    const { from, total } = readRange(contentRange);
    if (from !== undefined) {
      if (from > this.received) {
        throw new StorageRefusal(400, 'invalid', `the upload offset is ${from}, the uploaded size is ${this.received}`);
      }
      const isLast = total === from + bytes.length;
      if (!isLast && bytes.length % GRAIN_BYTES !== 0) {
        throw new StorageRefusal(
          400,
          'invalid',
          `a piece is a multiple of ${GRAIN_BYTES} bytes, except for the final one`,
        );
      }
      this.#keep(bytes.subarray(this.received - from));
    }
    if (total !== this.received) return undefined;
    this.#made = this.#bucket.insert(this.#name, change(this.#content), this.#description, this.#expected);
    return this.#made;
  }

  #keep(bytes: Buffer): void {
    this.#content = Buffer.concat([this.#content, bytes]);
  }
}

/** @returns where a piece begins, undefined where none is sent, and the size of the whole, undefined while nobody knows */
function readRange(contentRange: string): { readonly from: number | undefined; readonly total: number | undefined } {
  const match = RANGE.exec(contentRange);
  if (match === null) throw new StorageRefusal(400, 'invalid', `Failed to parse Content-Range header: ${contentRange}`);
  const [, from, , total] = match;
  return { from: from === undefined ? undefined : Number(from), total: total === '*' ? undefined : Number(total) };
}
