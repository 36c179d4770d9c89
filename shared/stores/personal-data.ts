import { createSecretKey, type KeyObject } from 'node:crypto';
import { BadInput, TryAgain } from '../domain/errors.ts';
import type { TenantId } from '../domain/ids.ts';
import { NONCE_BYTES, openBytes, SealBroken, sealBytes, sealedBy } from '../domain/sealed.ts';
import { type Instant, plusMicros } from '../domain/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Database, RowOf, Transaction } from '../ports/database.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { KeyWrapper, WrappedKey } from '../ports/key-wrapper.ts';
import { accounts, data_keys } from './tables.ts';

/** How long an instance remembers unwrapped keys: so long after it was destroyed, a key may still open what is left. */
const REMEMBERED_MICROS = 300_000_000n;
/** How much longer, while the key service cannot be asked: taking usage in does not stop with it. */
const WITHOUT_KEY_SERVICE_MICROS = 3_600_000_000n;
const REMEMBERED_TENANTS = 10_000;
const KEY_BYTES = 32;
const DESTROYED = new Uint8Array(0);

type KeyRow = RowOf<typeof data_keys.columns>;

/** An organization's data keys, ready to use without asking anybody: a transaction may run more than once. */
export interface TenantKeys {
  /** Seals bytes at a place, under the newest key. */
  readonly seal: (place: string, plain: Uint8Array) => Buffer;
  /**
   * Opens what was sealed at a place. Bytes that nobody sealed are given back as they are; where the key was destroyed nothing is left.
   * @throws SealBroken where they were changed or moved; TryAgain where their key was made a moment ago
   */
  readonly open: (place: string, bytes: Uint8Array) => Uint8Array;
}

interface Ring {
  readonly until: Instant;
  readonly newest: number;
  readonly secrets: ReadonlyMap<number, KeyObject>;
  /** the newest version that was asked for before these keys were read */
  readonly sought: number;
}

/** What a data key is bound to. */
const contextOf = (tenant: string, version: number): string => `tallystick/data-key/v1 ${tenant} ${version}`;

/**
 * Personal data under each organization's own data key, AES-256-GCM, which a wrapping key outside the database encrypts. A dump of
 * the database shows none of it; without its key an organization's data is gone from every copy at once.
 *
 * Keys are unwrapped once per instance and remembered for a while: an event costs no call of the key service.
 */
export class PersonalData {
  readonly #database: Database;
  readonly #wrapper: KeyWrapper;
  readonly #entropy: Entropy;
  readonly #clock: Clock;
  readonly #rings = new Map<string, Ring>();
  /** By organization, the newest version that something was sealed under and nobody here knew. */
  readonly #sought = new Map<string, number>();

  constructor(database: Database, wrapper: KeyWrapper, entropy: Entropy, clock: Clock) {
    this.#database = database;
    this.#wrapper = wrapper;
    this.#entropy = entropy;
    this.#clock = clock;
  }

  /** The keys of an organization; its first use makes one. @throws BadInput `not_found`, TryAgain */
  async keysOf(tenant: TenantId): Promise<TenantKeys> {
    const keys = await this.keysIfAny(tenant);
    if (keys === undefined) throw noOrganization();
    return keys;
  }

  /** The same; undefined where there is no such organization. */
  async keysIfAny(tenant: TenantId): Promise<TenantKeys | undefined> {
    const ring = await this.#ring(tenant);
    if (ring === undefined) return undefined;
    const current = { version: ring.newest, secret: ring.secrets.get(ring.newest)! };
    return {
      seal: (place, plain) => sealBytes(current, place, plain, this.#entropy.bytes(NONCE_BYTES)),
      open: (place, bytes) => {
        const version = sealedBy(bytes);
        if (version === undefined) return bytes;
        if (version > ring.newest) {
          // A key is kept before anything is sealed under it: read since then, and not there, it never was.
          if (version <= ring.sought) throw new SealBroken();
          this.#sought.set(tenant, version);
          this.#rings.delete(tenant);
          throw new TryAgain('a data key was made a moment ago');
        }
        const secret = ring.secrets.get(version);
        return secret === undefined ? DESTROYED : openBytes(secret, place, bytes);
      },
    };
  }

  /** Makes an organization's next key: what is sealed from now on is under it, what was before opens as it did. @returns its version */
  async rotate(tenant: TenantId): Promise<number> {
    const made = await this.#make(tenant, ((await this.#ring(tenant))?.newest ?? 0) + 1);
    this.#rings.delete(tenant);
    if (made === undefined) throw noOrganization();
    return made.version;
  }

  /** Encrypts an organization's data keys under the wrapping key now in force. The keys and what they seal stay. @returns how many */
  async rewrap(tenant: TenantId): Promise<number> {
    const rows = (await this.#rows(tenant)).filter(isLeft);
    for (const row of rows) {
      const { bytes, by } = await this.#wrapper.wrap(await this.#unwrap(row), contextOf(tenant, row.version));
      await this.#database.transact(async (tx) => {
        const held = await tx.read(data_keys, [tenant, row.version]);
        if (held === undefined || !isLeft(held)) return;
        tx.update(data_keys, [tenant, row.version], { wrapped: bytes, wrapped_by: by });
      });
    }
    return rows.length;
  }

  /** Destroys every key of an organization: what they sealed cannot be read again by anybody. @returns how many */
  async destroy(tx: Transaction, tenant: TenantId): Promise<number> {
    const rows = (await tx.range(data_keys, { prefix: [tenant] })).filter(isLeft);
    for (const { version } of rows) tx.update(data_keys, [tenant, version], { wrapped: DESTROYED, wrapped_by: '' });
    this.#rings.delete(tenant);
    return rows.length;
  }

  /** Which keys an organization has, and under which wrapping key; a destroyed one is under none. */
  async list(tenant: TenantId): Promise<{ version: number; wrappedBy: string; createdAt: string }[]> {
    const rows = await this.#rows(tenant);
    return rows.map(({ version, wrapped_by, created_at }) => ({
      version,
      wrappedBy: wrapped_by,
      createdAt: created_at,
    }));
  }

  async #ring(tenant: TenantId): Promise<Ring | undefined> {
    const now = this.#clock.now();
    const held = this.#rings.get(tenant);
    if (held !== undefined && held.until > now) return held;
    try {
      return await this.#load(tenant, now);
    } catch (error) {
      const isUsable = held !== undefined && plusMicros(held.until, WITHOUT_KEY_SERVICE_MICROS) > now;
      if (error instanceof TryAgain && isUsable) return held;
      throw error;
    }
  }

  async #load(tenant: TenantId, now: Instant): Promise<Ring | undefined> {
    const sought = this.#sought.get(tenant) ?? 0;
    const rows = await this.#rows(tenant);
    const last = rows.at(-1);
    if (last === undefined || !isLeft(last)) {
      const made = await this.#make(tenant, (last?.version ?? 0) + 1);
      if (made === undefined) return undefined;
      rows.push(made);
    }
    const secrets = new Map<number, KeyObject>();
    // A key object is made ready once; bytes would be made ready for each sealing.
    for (const row of rows.filter(isLeft)) secrets.set(row.version, createSecretKey(await this.#unwrap(row)));
    const ring = { until: plusMicros(now, REMEMBERED_MICROS), newest: rows.at(-1)!.version, secrets, sought };
    if (this.#rings.size >= REMEMBERED_TENANTS) this.#rings.delete(this.#rings.keys().next().value!);
    this.#rings.delete(tenant);
    this.#rings.set(tenant, ring);
    this.#sought.delete(tenant);
    return ring;
  }

  #rows(tenant: TenantId): Promise<KeyRow[]> {
    return this.#database.snapshot((view) => view.range(data_keys, { prefix: [tenant] }));
  }

  /** Two instances may make an organization's key at once: the one that is kept first is the key. */
  async #make(tenant: TenantId, version: number): Promise<KeyRow | undefined> {
    const { bytes, by } = await this.#wrapper.wrap(this.#entropy.bytes(KEY_BYTES), contextOf(tenant, version));
    const row: KeyRow = { tenant, version, wrapped: bytes, wrapped_by: by, created_at: this.#clock.now() };
    return this.#database.transact(async (tx) => {
      const held = await tx.read(data_keys, [tenant, version]);
      if (held !== undefined) return held;
      if ((await tx.read(accounts, [tenant])) === undefined) return undefined;
      tx.insert(data_keys, row);
      return row;
    });
  }

  #unwrap({ tenant, version, wrapped, wrapped_by }: KeyRow): Promise<Uint8Array> {
    const key: WrappedKey = { bytes: wrapped, by: wrapped_by };
    return this.#wrapper.unwrap(key, contextOf(tenant, version));
  }
}

const noOrganization = (): BadInput => new BadInput('not_found', 'no such organization');

const isLeft = ({ wrapped }: KeyRow): boolean => wrapped.length > 0;
