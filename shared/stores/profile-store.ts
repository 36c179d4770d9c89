import type { TenantId } from '../domain/ids.ts';
import type { BillingProfile } from '../domain/organization/party.ts';
import { parseBillingProfile } from '../domain/organization/party-schema.ts';
import type { Instant } from '../domain/time.ts';
import type { Database, RowOf, Transaction } from '../ports/database.ts';
import type { PersonalData, TenantKeys } from './personal-data.ts';
import { billing_profiles } from './tables.ts';

export interface KeptProfile {
  readonly version: number;
  readonly since: Instant;
  readonly profile: BillingProfile;
}

const placeOf = (tenant: string, version: number): string => `billing_profiles ${tenant} ${version}`;

/** Who organizations are: every version, sealed, so that a document shows what was in force when it was issued. */
export class ProfileStore {
  readonly #database: Database;
  readonly #personal: PersonalData;

  constructor(database: Database, personal: PersonalData) {
    this.#database = database;
    this.#personal = personal;
  }

  /** Keeps the next version. @param keys of the organization, asked for before the transaction */
  async put(
    tx: Transaction,
    tenant: TenantId,
    profile: BillingProfile,
    keys: TenantKeys,
    now: Instant,
  ): Promise<KeptProfile> {
    const version = ((await tx.range(billing_profiles, { prefix: [tenant] })).at(-1)?.version ?? 0) + 1;
    const sealed = keys.seal(placeOf(tenant, version), Buffer.from(JSON.stringify(profile), 'utf8'));
    tx.insert(billing_profiles, { tenant, version, since: now, sealed });
    return { version, since: now, profile };
  }

  /** The version in force at an instant, or the first one there is: an invoice may be older than it. */
  async at(tenant: TenantId, instant: Instant): Promise<KeptProfile | undefined> {
    const rows = await this.#database.snapshot((view) => view.range(billing_profiles, { prefix: [tenant] }));
    return this.#opened(tenant, rows.filter(({ since }) => since <= instant).at(-1) ?? rows[0]);
  }

  async newest(tenant: TenantId): Promise<KeptProfile | undefined> {
    const last = { prefix: [tenant], limit: 1, reverse: true };
    const [row] = await this.#database.snapshot((view) => view.range(billing_profiles, last));
    return this.#opened(tenant, row);
  }

  async #opened(
    tenant: TenantId,
    row: RowOf<typeof billing_profiles.columns> | undefined,
  ): Promise<KeptProfile | undefined> {
    if (row === undefined) return undefined;
    const keys = await this.#personal.keysOf(tenant);
    const plain = keys.open(placeOf(tenant, row.version), row.sealed);
    if (plain.length === 0) return undefined;
    const profile = parseBillingProfile(JSON.parse(Buffer.from(plain).toString('utf8')));
    return { version: row.version, since: row.since as Instant, profile };
  }

  /** Deletes every version. @returns how many */
  async erase(tx: Transaction, tenant: TenantId): Promise<number> {
    const rows = await tx.range(billing_profiles, { prefix: [tenant] });
    for (const { version } of rows) tx.delete(billing_profiles, [tenant, version]);
    return rows.length;
  }
}
