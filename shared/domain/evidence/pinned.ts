import { type LedgerOrigin, parseLedgerOrigin, parseTenantId, type TenantId } from '../ids.ts';
import { type Keyset, readKeyset } from './keyset.ts';

/** What a verifier knows from elsewhere: the root of trust. Nothing in a bundle can change it. */
export interface Pinned {
  readonly ledger: LedgerOrigin;
  readonly tenant: TenantId | undefined;
  readonly keyset: Keyset;
}

/** The file is not what a verifier can start from. */
export class PinnedUnreadable extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'PinnedUnreadable';
  }
}

/** Reads `{"ledger":…,"tenant":…,"jwks":{"keys":[…]}}`; `tenant` may be absent. @throws PinnedUnreadable */
export async function readPinned(value: unknown): Promise<Pinned> {
  if (typeof value !== 'object' || value === null) throw new PinnedUnreadable('the pinned file is no JSON object');
  const { ledger, tenant, jwks, ...more } = value as Readonly<Record<string, unknown>>;
  if (Object.keys(more).length > 0) throw new PinnedUnreadable(`${Object.keys(more)[0]} has no place in a pinned file`);
  const keyset = await readKeyset(jwks);
  if (keyset === undefined) throw new PinnedUnreadable('jwks is no set of RS256 keys with their thumbprints');
  try {
    return {
      ledger: parseLedgerOrigin(ledger),
      tenant: tenant === undefined ? undefined : parseTenantId(tenant, 'tenant'),
      keyset,
    };
  } catch (error) {
    throw new PinnedUnreadable(error instanceof Error ? error.message : String(error));
  }
}
