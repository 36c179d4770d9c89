import { timingSafeEqual } from 'node:crypto';
import { canonicalBytes } from '../domain/canonical.ts';
import { sha256 } from '../domain/digest.ts';
import { BadInput, TryAgain } from '../domain/errors.ts';
import { type Instant, MICROS_PER_DAY, MICROS_PER_SECOND, plusMicros } from '../domain/time.ts';
import type { Database, Key, RowOf, Transaction } from '../ports/database.ts';
import type { Entropy } from '../ports/entropy.ts';
import { idempotency_keys } from './tables.ts';

/** An answer as it is kept and given again. */
export interface KeptAnswer {
  readonly status: number;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, number | string | readonly string[] | undefined>>;
}

/** What a key is used for. */
export interface KeyUse {
  /** the organization; undefined for what belongs to the platform */
  readonly tenant: string | undefined;
  readonly operationId: string;
  readonly key: string;
  /** SHA-256 of what was asked */
  readonly requestHash: Buffer;
  readonly keep: 'for_ever' | '30_days';
}

type Row = RowOf<typeof idempotency_keys.columns>;

/** After this long without an answer, whoever began is taken for dead. Longer than any request may take. */
const LEASE_SECONDS = 60n;
const KEPT_DAYS = 30n;
/** Where keys of the platform stand: no organization has that id. */
const PLATFORM = '*';

/**
 * Idempotency keys of the API, each bound to organization, operation and what was asked.
 *
 * A key is `started` before its effect and `finished` with the answer. There are two ways for the two to agree:
 *
 * - The effect's own transaction finishes the key (`Try.finish`). Then there is no effect without its answer, and no second
 *   effect: the transaction of a try that has been taken over is refused.
 * - The key is finished afterwards (`Try.finishAlone`), where the effect is several transactions or outside. Should the
 *   process die between the two, the next try carries the effect out again, under the same ids (`Try.nonce`), and finds it
 *   done. Such an effect is inserted under an id of `Call.newId`, and takes "it is there already" for success.
 *
 * Whose key is kept for ever has a nonce that follows from the key itself: its ids are the same even in a database that
 * was rebuilt from the ledger and knows no keys.
 */
export class IdempotencyStore {
  readonly #database: Database;
  readonly #entropy: Entropy;

  constructor(database: Database, entropy: Entropy) {
    this.#database = database;
    this.#entropy = entropy;
  }

  /**
   * Begins what a key stands for.
   * @returns the right to carry it out, or the first answer
   * @throws BadInput `idempotency_conflict` where the key stands for another request, `idempotency_in_progress`
   */
  async begin(use: KeyUse, now: Instant): Promise<Try | { readonly answer: KeptAnswer }> {
    const place: Place = [use.tenant ?? PLATFORM, placeOf(use)];
    const owner = this.#entropy.bytes(16);
    const fresh: Row = {
      tenant: place[0],
      key_hash: place[1],
      operation: use.operationId,
      request_hash: use.requestHash,
      nonce:
        use.keep === 'for_ever'
          ? sha256(Buffer.concat([Buffer.from('nonce/v1\n'), place[1]]))
          : this.#entropy.bytes(32),
      owner,
      lease_ends_at: plusMicros(now, LEASE_SECONDS * MICROS_PER_SECOND),
      status: null,
      answer: null,
      expires_at: use.keep === 'for_ever' ? null : plusMicros(now, KEPT_DAYS * MICROS_PER_DAY),
    };
    return this.#database.transact(async (tx) => {
      const row = await tx.read(idempotency_keys, place);
      if (row === undefined || isOver(row, now)) {
        tx.upsert(idempotency_keys, fresh);
        return new Try(this.#database, place, fresh, true);
      }
      if (!timingSafeEqual(row.request_hash, use.requestHash))
        throw new BadInput('idempotency_conflict', 'this key was used for another request', 'idempotency-key');
      if (row.status !== null) return { answer: readAnswer(row) };
      if (row.lease_ends_at > now)
        throw new BadInput('idempotency_in_progress', 'a request with this key is under way', 'idempotency-key');
      const taken = { ...row, owner, lease_ends_at: fresh.lease_ends_at };
      tx.upsert(idempotency_keys, taken);
      return new Try(this.#database, place, taken, false);
    });
  }

  /** Deletes keys whose time is over, where the engine does not by itself. @returns how many went */
  purgeExpired(now: Instant, limit: number): Promise<number> {
    return this.#database.purgeExpired(idempotency_keys, now, limit);
  }
}

type Place = readonly [tenant: string, hash: Buffer] & Key;

const placeOf = ({ tenant, operationId, key }: KeyUse): Buffer =>
  sha256(canonicalBytes(['idempotency-key/v1', tenant ?? PLATFORM, operationId, key]));

const isOver = ({ expires_at }: Row, now: Instant): boolean => expires_at !== null && expires_at <= now;

/** One try at what a key stands for. */
export class Try {
  /** 32 bytes, the same for every try under this key */
  readonly nonce: Uint8Array;
  readonly #database: Database;
  readonly #place: Place;
  readonly #owner: Uint8Array;
  readonly #isFirst: boolean;

  constructor(database: Database, place: Place, row: Row, isFirst: boolean) {
    this.#database = database;
    this.#place = place;
    this.#owner = row.owner;
    this.#isFirst = isFirst;
    this.nonce = row.nonce;
  }

  /** Keeps the answer in the transaction of the effect. @throws TryAgain where the key is no longer this try's: nothing may happen then */
  async finish(tx: Transaction, answer: KeptAnswer): Promise<void> {
    const row = await tx.read(idempotency_keys, this.#place);
    if (row === undefined || !this.#holds(row)) throw new TryAgain('another try has taken this idempotency key over');
    tx.update(idempotency_keys, this.#place, { status: answer.status, answer: answerBytes(answer) });
  }

  /** Keeps the answer after the effect. Where another try has taken over, it is that one's to keep. */
  async finishAlone(answer: KeptAnswer): Promise<void> {
    await this.#database.transact(async (tx) => {
      const row = await tx.read(idempotency_keys, this.#place);
      if (row === undefined || !this.#holds(row)) return;
      tx.update(idempotency_keys, this.#place, { status: answer.status, answer: answerBytes(answer) });
    });
  }

  /**
   * Gives the key back: unused where nothing happened, and to be tried again at once where that is not certain. That this try
   * was refused says nothing of one before it whose end nobody saw.
   */
  async release(outcome: 'nothing_happened' | 'uncertain'): Promise<void> {
    await this.#database.transact(async (tx) => {
      const row = await tx.read(idempotency_keys, this.#place);
      if (row === undefined || !this.#holds(row)) return;
      if (outcome === 'nothing_happened' && this.#isFirst) tx.delete(idempotency_keys, this.#place);
      else tx.update(idempotency_keys, this.#place, { lease_ends_at: '' });
    });
  }

  #holds({ status, owner }: Row): boolean {
    return status === null && timingSafeEqual(owner, this.#owner);
  }
}

/** How an answer lies in the table: its head as JSON, a line feed, its body. */
function answerBytes({ json, bytes, contentType, headers }: KeptAnswer): Buffer {
  const form = json !== undefined ? 'json' : bytes !== undefined ? 'bytes' : 'empty';
  const head = JSON.stringify({ form, contentType, headers });
  return Buffer.concat([
    Buffer.from(`${head}\n`),
    json === undefined ? (bytes ?? Buffer.alloc(0)) : Buffer.from(JSON.stringify(json)),
  ]);
}

function readAnswer({ status, answer }: Row): KeptAnswer {
  const kept = Buffer.from(answer ?? []);
  const end = kept.indexOf(0x0a);
  const { form, ...head } = JSON.parse(kept.subarray(0, end).toString('utf8')) as Omit<KeptAnswer, 'status'> & {
    readonly form: 'json' | 'bytes' | 'empty';
  };
  const body = kept.subarray(end + 1);
  return {
    ...head,
    status: status!,
    ...(form === 'json' && { json: JSON.parse(body.toString('utf8')) as unknown }),
    ...(form === 'bytes' && { bytes: body }),
  };
}
