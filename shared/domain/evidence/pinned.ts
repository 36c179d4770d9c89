import { type LedgerOrigin, parseLedgerOrigin, parseTenantId, type TenantId } from '../ids.ts';
import { FORMS } from '../ledger/forms.ts';
import { type Keyset, readKeyset } from './keyset.ts';

/** What a verifier knows from elsewhere: the root of trust. Nothing in a bundle can change it. */
export interface Pinned {
  readonly ledger: LedgerOrigin;
  readonly tenant: TenantId | undefined;
  /** the tenant's own blind, where it is known: then no second log under another blind can be shown */
  readonly blind: string | undefined;
  readonly keyset: Keyset;
}

/** The file is not what a verifier can start from. */
export class PinnedUnreadable extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'PinnedUnreadable';
  }
}

/** Reads `{"ledger":…,"tenant":…,"blind":…,"jwks":{"keys":[…]}}`; `tenant` and `blind` may be absent. @throws PinnedUnreadable */
export async function readPinned(value: unknown): Promise<Pinned> {
  if (typeof value !== 'object' || value === null) throw new PinnedUnreadable('the pinned file is no JSON object');
  const { ledger, tenant, blind, jwks, ...more } = value as Readonly<Record<string, unknown>>;
  if (Object.keys(more).length > 0) throw new PinnedUnreadable(`${Object.keys(more)[0]} has no place in a pinned file`);
  const keyset = await readKeyset(jwks);
  if (keyset === undefined) throw new PinnedUnreadable('jwks is no set of RS256 keys with their thumbprints');
  if (blind !== undefined && (typeof blind !== 'string' || !FORMS.blind(blind))) {
    throw new PinnedUnreadable('blind is base64url of 16 bytes');
  }
  try {
    return {
      ledger: parseLedgerOrigin(ledger),
      tenant: tenant === undefined ? undefined : parseTenantId(tenant, 'tenant'),
      blind,
      keyset,
    };
  } catch (error) {
    throw new PinnedUnreadable(error instanceof Error ? error.message : String(error));
  }
}
