import { createHash } from 'node:crypto';
import { crc32c } from '@aws-crypto/crc32c';
import { microsOf } from '../../../shared/domain/time.ts';
import type { Clock } from '../../../shared/ports/clock.ts';

/** An error as the JSON API words it. */
export class StorageRefusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }

  toJSON() {
    const errors = [{ message: this.message, domain: 'global', reason: this.reason }];
    return { error: { code: this.status, message: this.message, errors } };
  }
}

/** What an upload says of the object it makes: part of the JSON API's object resource. */
export interface ObjectDescription {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly crc32c?: string;
  readonly md5Hash?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface StoredObject {
  readonly name: string;
  readonly generation: number;
  readonly createdMilliseconds: number;
  readonly contentType: string;
  readonly contentEncoding?: string;
  readonly metadata: Readonly<Record<string, string>>;
  bytes: Buffer;
  /** Taken when the object came in; what happens to the bytes later changes neither. */
  readonly crc32c: string;
  readonly md5Hash: string;
}

interface RetentionPolicy {
  readonly retentionPeriod: string;
  readonly effectiveTime: string;
  isLocked?: true;
}

const crc32cOf = (bytes: Buffer): string =>
  Buffer.from(crc32c(bytes).toString(16).padStart(8, '0'), 'hex').toString('base64');
const md5Of = (bytes: Buffer): string => createHash('md5').update(bytes).digest('base64');

/** One bucket: objects by name, preconditions, retention and its lock. Neither versions, holds nor access control. */
export class BucketDouble {
  readonly name: string;
  readonly #clock: Clock;
  readonly #objects = new Map<string, StoredObject>();
  #lastGeneration = 0;
  #metageneration = 1;
  #policy: RetentionPolicy | undefined;

  constructor(name: string, clock: Clock, retentionPeriod?: string) {
    this.name = name;
    this.#clock = clock;
    this.#policy = retentionPeriod === undefined ? undefined : this.#policyOf(retentionPeriod);
  }

  /** @throws StorageRefusal 412 where the object's generation is not the expected one; 0 expects none */
  expectGeneration(name: string, expected: string | null): void {
    if (expected === null || Number(expected) === (this.#objects.get(name)?.generation ?? 0)) return;
    throw new StorageRefusal(412, 'conditionNotMet', 'At least one of the pre-conditions you specified did not hold.');
  }

  insert(name: string, bytes: Buffer, description: ObjectDescription, expected: string | null): StoredObject {
    this.expectGeneration(name, expected);
    this.#refuseRetained(name);
    const sums = { crc32c: crc32cOf(bytes), md5Hash: md5Of(bytes) };
    for (const [field, title] of [
      ['crc32c', 'CRC32C'],
      ['md5Hash', 'MD5 hash'],
    ] as const) {
      const claimed = description[field];
      if (claimed === undefined || claimed === sums[field]) continue;
      const message = `Provided ${title} "${claimed}" doesn't match calculated ${title} "${sums[field]}".`;
      throw new StorageRefusal(400, 'invalid', message);
    }
    const micros = Number(microsOf(this.#clock.now()));
    // Never the same twice, also while the clock stands.
    this.#lastGeneration = Math.max(this.#lastGeneration + 1, micros);
    const object: StoredObject = {
      name,
      generation: this.#lastGeneration,
      createdMilliseconds: Math.floor(micros / 1000),
      contentType: description.contentType ?? 'application/octet-stream',
      ...encodingOf(description),
      metadata: description.metadata ?? {},
      bytes,
      ...sums,
    };
    this.#objects.set(name, object);
    return object;
  }

  get(name: string, generation: string | null = null): StoredObject {
    const object = this.#objects.get(name);
    if (object !== undefined && (generation === null || Number(generation) === object.generation)) return object;
    throw new StorageRefusal(404, 'notFound', `No such object: ${this.name}/${name}`);
  }

  objects(): StoredObject[] {
    return [...this.#objects.values()];
  }

  delete(name: string, expected: string | null): void {
    this.get(name);
    this.expectGeneration(name, expected);
    this.#refuseRetained(name);
    this.#objects.delete(name);
  }

  /** One page of a listing, in the order of the names' bytes. */
  list(prefix: string, pageToken: string | null, pageSize: number) {
    const names = [...this.#objects.keys()].filter((name) => name.startsWith(prefix));
    const rest = names
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .filter((name) => name > (pageToken ?? ''));
    const page = rest.slice(0, pageSize);
    return {
      kind: 'storage#objects',
      items: page.map((name) => this.describe(this.get(name))),
      ...(page.length < rest.length ? { nextPageToken: page.at(-1) } : {}),
    };
  }

  describe(object: StoredObject) {
    const until = this.#retainedUntil(object);
    const created = timeText(object.createdMilliseconds);
    return {
      kind: 'storage#object',
      id: `${this.name}/${object.name}/${object.generation}`,
      name: object.name,
      bucket: this.name,
      generation: String(object.generation),
      metageneration: '1',
      contentType: object.contentType,
      ...encodingOf(object),
      storageClass: 'STANDARD',
      size: String(object.bytes.length),
      md5Hash: object.md5Hash,
      crc32c: object.crc32c,
      timeCreated: created,
      updated: created,
      metadata: object.metadata,
      ...(until === undefined ? {} : { retentionExpirationTime: timeText(until) }),
    };
  }

  resource() {
    return {
      kind: 'storage#bucket',
      id: this.name,
      name: this.name,
      metageneration: String(this.#metageneration),
      ...(this.#policy === undefined ? {} : { retentionPolicy: this.#policy }),
    };
  }

  /** Sets or removes the retention policy. A locked one can only be made longer. */
  setRetention(period: string | undefined, expected: string | null): void {
    this.#expectMetageneration(expected);
    const isShorter = Number(period ?? 0) < Number(this.#policy?.retentionPeriod ?? 0);
    if (this.#policy?.isLocked && isShorter) {
      const message = `Cannot reduce retention duration of a locked Retention Policy for bucket '${this.name}'.`;
      throw new StorageRefusal(403, 'forbidden', message);
    }
    const lock = this.#policy?.isLocked;
    this.#policy =
      period === undefined ? undefined : { ...this.#policyOf(period), ...(lock ? { isLocked: lock } : {}) };
    this.#metageneration++;
  }

  lockRetention(expected: string | null): void {
    if (expected === null) throw new StorageRefusal(400, 'required', 'Required parameter: ifMetagenerationMatch');
    this.#expectMetageneration(expected);
    if (this.#policy === undefined) {
      throw new StorageRefusal(400, 'invalid', `Bucket '${this.name}' does not have a Retention Policy.`);
    }
    this.#policy.isLocked = true;
    this.#metageneration++;
  }

  #policyOf(retentionPeriod: string): RetentionPolicy {
    return { retentionPeriod, effectiveTime: timeText(Number(microsOf(this.#clock.now()) / 1000n)) };
  }

  #expectMetageneration(expected: string | null): void {
    if (expected === null || Number(expected) === this.#metageneration) return;
    throw new StorageRefusal(412, 'conditionNotMet', 'At least one of the pre-conditions you specified did not hold.');
  }

  /** Milliseconds since 1970; the policy of today counts, also for objects that are older than it. */
  #retainedUntil({ createdMilliseconds }: StoredObject): number | undefined {
    return this.#policy === undefined ? undefined : createdMilliseconds + Number(this.#policy.retentionPeriod) * 1000;
  }

  #refuseRetained(name: string): void {
    const object = this.#objects.get(name);
    const until = object === undefined ? undefined : this.#retainedUntil(object);
    if (until === undefined || Number(microsOf(this.#clock.now())) >= until * 1000) return;
    const message = `Object '${this.name}/${name}' is subject to bucket's retention policy or object retention and cannot be deleted or overwritten until ${timeText(until)}`;
    throw new StorageRefusal(403, 'retentionPolicyNotMet', message);
  }
}

const encodingOf = ({ contentEncoding }: { readonly contentEncoding?: string }) =>
  contentEncoding === undefined ? {} : { contentEncoding };

const timeText = (milliseconds: number): string => new Date(milliseconds).toISOString();
