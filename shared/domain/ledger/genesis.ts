import { sha256Base64url } from '../digest.ts';

/** What the genesis entry names as the entry before it: a hash that binds the log to its ledger and its tenant. */
export const genesisPrev = (ledger: string, tenant: string): string =>
  sha256Base64url(`genesis/v1\n${ledger}\n${tenant}\n`);
