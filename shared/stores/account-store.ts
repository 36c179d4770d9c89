import {
  type Account,
  type AccountJson,
  type DatedPrice,
  parseAccount,
  versionsOf,
} from '../domain/account/account.ts';
import { sha256Base64url } from '../domain/digest.ts';
import { BadInput } from '../domain/errors.ts';
import { parseTenantId, type TenantId } from '../domain/ids.ts';
import { type PriceVersion, parsePriceVersion } from '../domain/pricing/version.ts';
import type { Instant } from '../domain/time.ts';
import type { Database, Reader, Transaction } from '../ports/database.ts';
import { addKey, type KnownKey, knownKey, type NewApiKey } from './api-keys.ts';
import { accounts, heads, prices, waiting } from './tables.ts';

export { isPlatformRole, type Principal, ROLES, type Role } from '../domain/access.ts';

// Parsing a document costs more than a request; its text tells whether it is still the same.
const parsed = new Map<string, { readonly text: string; readonly account: Account }>();

function accountOf(row: { readonly tenant: string; readonly document: string }): Account {
  const known = parsed.get(row.tenant);
  if (known?.text === row.document) return known.account;
  const account = parseAccount(JSON.parse(row.document));
  if (parsed.size > 10_000) parsed.clear();
  parsed.set(row.tenant, { text: row.document, account });
  return account;
}

/** Reads an account inside a transaction or snapshot. */
export async function readAccount(reader: Reader, tenant: TenantId): Promise<Account | undefined> {
  const row = await reader.read(accounts, [tenant]);
  return row === undefined ? undefined : accountOf(row);
}

/** Keeps an organization's document and every price version that it names. */
export function writeAccount(tx: Transaction, account: Account, document: unknown, now: Instant): void {
  for (const version of account.subscriptions.flatMap(versionsOf)) {
    tx.upsert(prices, { digest: version.digest, ref: version.ref, bytes: version.bytes });
  }
  tx.upsert(accounts, { tenant: account.tenant, document: JSON.stringify(document), updated_at: now });
}

/** Organizations, their prices and their API keys. */
export class AccountStore {
  readonly #database: Database;
  readonly #region: string;

  /** @param region residency region of this stack: organizations pinned to another are not taken in */
  constructor(database: Database, region: string) {
    this.#database = database;
    this.#region = region;
  }

  /**
   * Creates or replaces an organization's document and keeps every price version it names.
   * @throws BadInput `wrong_region` where it is pinned to another residency region; `invalid_catalogue` where the change would orphan usage: a subscription or meter that vanishes, or
   * an aggregation or a past price that becomes another
   */
  async put(document: unknown, now: Instant): Promise<Account> {
    const account = parseAccount(document);
    if (account.region !== undefined && account.region !== this.#region) {
      throw new BadInput('wrong_region', `${account.tenant} is pinned to ${account.region}, this is ${this.#region}`);
    }
    await this.#database.transact(async (tx) => {
      const before = await readAccount(tx, account.tenant);
      const head = await tx.read(heads, [account.tenant]);
      const unsigned = await tx.range(waiting, { prefix: [account.tenant], limit: 1 });
      const hasUsage = head !== undefined || unsigned.length > 0;
      if (before !== undefined && hasUsage) requireContinuity(before, account, now);
      writeAccount(tx, account, document, now);
    });
    return account;
  }

  /**
   * Takes a new organization in.
   * @throws BadInput `already_exists`, `invalid_catalogue` and what its parts throw
   */
  async create(
    document: unknown,
    now: Instant,
    settle: (tx: Transaction, account: Account) => Promise<void>,
  ): Promise<void> {
    const account = parseAccount(document);
    await this.#database.transact(async (tx) => {
      if ((await tx.read(accounts, [account.tenant])) !== undefined) {
        throw new BadInput('already_exists', 'there is such an organization already', 'organization_id');
      }
      writeAccount(tx, account, document, now);
      await settle(tx, account);
    });
  }

  /**
   * Changes an organization's document where that charges nothing; what does is changed with the ledger.
   * @param change given the document as it stands; returns what is to stand
   * @returns undefined where there is no such organization
   */
  async change<T>(
    tenant: TenantId,
    now: Instant,
    change: (document: AccountJson, tx: Transaction) => Promise<{ readonly document: AccountJson; readonly result: T }>,
    settle?: (tx: Transaction, result: T, account: Account) => Promise<void>,
  ): Promise<{ readonly account: Account; readonly result: T } | undefined> {
    return this.#database.transact(async (tx) => {
      const row = await tx.read(accounts, [tenant]);
      if (row === undefined) return undefined;
      const { document, result } = await change(JSON.parse(row.document) as AccountJson, tx);
      const account = parseAccount(document);
      tx.upsert(accounts, { tenant, document: JSON.stringify(document), updated_at: now });
      await settle?.(tx, result, account);
      return { account, result };
    });
  }

  /** The document as it stands. */
  async document(tenant: TenantId): Promise<AccountJson | undefined> {
    const row = await this.#database.read(accounts, [tenant]);
    return row === undefined ? undefined : (JSON.parse(row.document) as AccountJson);
  }

  async get(tenant: TenantId): Promise<Account | undefined> {
    return this.#database.snapshot((view) => readAccount(view, tenant));
  }

  /** Every organization's id, ascending, `limit` at a time. */
  async list(after: string | undefined, limit: number): Promise<TenantId[]> {
    const rows = await this.#database.snapshot((view) =>
      view.range(accounts, { limit: limit + 1, ...(after === undefined ? {} : { from: [after] }) }),
    );
    return rows
      .map(({ tenant }) => parseTenantId(tenant))
      .filter((tenant) => tenant !== after)
      .slice(0, limit);
  }

  /** The price versions with those digests, as far as they are kept. */
  async knownPrices(digests: Iterable<string>): Promise<Map<string, PriceVersion>> {
    const keys = [...new Set(digests)].map((digest) => [digest]);
    const rows = await this.#database.snapshot((view) => view.readMany(prices, keys));
    const known = new Map<string, PriceVersion>();
    for (const row of rows) {
      if (row === undefined) continue;
      // The name is checked before the document is read: a row whose document was exchanged is a price nobody knows.
      if (sha256Base64url(row.bytes) !== row.digest) continue;
      const version = parsePriceVersion(JSON.parse(Buffer.from(row.bytes).toString('utf8')));
      known.set(version.digest, version);
    }
    return known;
  }

  /** The price versions with those digests. @throws Error where one is missing: prices are never deleted */
  async prices(digests: Iterable<string>): Promise<Map<string, PriceVersion>> {
    const wanted = new Set(digests);
    const known = await this.knownPrices(wanted);
    for (const digest of wanted) if (!known.has(digest)) throw new Error(`the price document ${digest} is missing`);
    return known;
  }

  /** Adds a key that an operator's errand has made. */
  async addKey(key: NewApiKey): Promise<void> {
    await this.#database.transact(async (tx) => void addKey(tx, key));
  }

  /** The key with that id and secret, if it is in force. The same work is done for a key that does not exist. */
  authenticate(keyId: string, secret: string, now: Instant): Promise<KnownKey | undefined> {
    return knownKey(this.#database, keyId, secret, now);
  }
}

const notContinuous = (detail: string): BadInput => new BadInput('invalid_catalogue', detail, 'subscriptions');

/** A dated price in one text: what costs what, and from when. */
const priceText = ({ effectiveFrom, version, cells }: DatedPrice): string =>
  JSON.stringify([
    effectiveFrom,
    version?.digest,
    cells.map((cell) => [Object.entries(cell.match).sort(), cell.version.digest]),
  ]);

/** What was in force stays as it was: usage may have been billed by it. */
function requireContinuity(before: Account, after: Account, now: Instant): void {
  if (before.zone !== after.zone || before.currency !== after.currency)
    throw notContinuous('zone and currency stay as they are');
  for (const old of before.subscriptions) {
    const kept = after.subscriptions.find(({ id }) => id === old.id);
    if (kept === undefined) throw notContinuous(`subscription ${old.id} has usage and cannot vanish`);
    if (JSON.stringify(kept.calendar) !== JSON.stringify(old.calendar) || kept.startedAt !== old.startedAt) {
      throw notContinuous(`the calendar of subscription ${old.id} stays as it is`);
    }
    for (const meter of old.meters) {
      const same = kept.meters.find(({ name }) => name === meter.name);
      if (same === undefined) throw notContinuous(`meter ${meter.name} has usage and cannot vanish`);
      if (same.aggregation !== meter.aggregation)
        throw notContinuous(`meter ${meter.name} counts by ${meter.aggregation}`);
      const past = (m: typeof meter): string =>
        m.prices
          .filter(({ effectiveFrom }) => effectiveFrom <= now)
          .map(priceText)
          .join();
      if (past(meter) !== past(same))
        throw notContinuous(`a price of ${meter.name} that is in force cannot change; add a later one`);
    }
  }
}
